import { type ConformanceCase, picture, pictures, plainPath, signedCase } from './conformance-case.ts';

/** Every format that open-source imgproxy writes. */
export const writtenFormats = ['jpg', 'png', 'webp', 'avif', 'gif', 'tiff', 'heic', 'jxl', 'bmp', 'ico'] as const;

const formats = [
  ...writtenFormats.flatMap((format) => [
    picture(`w:200/f:${format}`, 'photo.jpg'),
    picture(`w:200/f:${format}`, 'alpha.png'),
  ]),
  ...[
    'photo.jpg',
    'progressive.jpg',
    'grey.jpg',
    'cmyk.jpg',
    'wide-gamut.jpg',
    'opaque.png',
    'alpha.png',
    'grey.png',
    'palette.png',
    'deep.png',
    'opaque.webp',
    'alpha.webp',
    'lossless.webp',
    'photo.avif',
    'alpha.avif',
    'photo.tiff',
    'photo.heic',
    'photo.jxl',
    'photo.bmp',
    'photo.ico',
    'photo.gif',
    'animated.gif',
    'animated.webp',
    'mislabelled.jpg',
    'a b+ü@2x 100%.jpg',
  ].flatMap((file) => [picture('', file), picture('rs:fill:150:100/f:webp', file), picture('w:100/f:png', file)]),
  ...pictures('alpha.png', ['f:jpg', 'f:avif/w:10', 'f:gif', 'w:100/f:webp/q:100', 'f:svg']),
  ...pictures('opaque.png', ['f:avif/w:10']),
  ...pictures('grey.jpg', [
    'w:200',
    'w:200/f:webp',
    'rs:fit:200:200:0:1:no/bg:f00',
    'pd:5/f:png',
    'bg:f00/f:jpg',
    'w:99/pix:3',
  ]),
  ...pictures('wide-gamut.jpg', ['scp:0/w:100', 'scp:0/f:png', 'sm:0/w:100']),
  ...pictures('animated.webp', ['f:gif', 'rs:fill:30:30/f:png']),
  ...pictures('animated.gif', ['f:webp', 'rs:fill:30:30']),
  ...pictures('photo.jpg', ['rs:force:17000:10:1/f:png', 'rs:force:17000:10:1/f:webp', 'rs:force:17000:10:1/f:avif']),
];

const qualities = pictures('photo.jpg', [
  'w:400/q:1',
  'w:400/q:30',
  'w:400/q:75',
  'w:400/q:89',
  'w:400/q:90',
  'w:400/q:100',
  'w:400/q:30/f:webp',
  'w:400/q:95/f:webp',
  'w:400/q:100/f:webp',
  'w:400/q:30/f:avif',
  'w:400/q:90/f:avif',
  'w:400/q:30/f:png',
  'w:400/q:0',
  'w:400/fq:jpeg:20',
  'w:400/fq:jpeg:20:webp:90/f:webp',
  'w:400/fq:jpeg:20/q:70',
  'w:400/mb:9000',
  'w:400/mb:9000/f:webp',
  'w:400/mb:100',
]);

const metadata = [
  ...pictures('rights.jpg', ['w:100', 'w:100/kcr:0', 'w:100/sm:0', 'w:100/sm:0/f:webp', 'w:100/f:webp', 'w:100/f:png']),
  ...pictures('orientation-6.jpg', ['w:100/sm:0', 'w:100/sm:0/ar:0']),
];

const delivery: ConformanceCase[] = [
  ...pictures('photo.jpg', [
    'w:20/fn:my-name/f:webp',
    'w:20/fn:my-name/att:1',
    'w:20/fn:a%20b',
    `w:20/fn:${Buffer.from('say "ü"').toString('base64url')}:1`,
    'w:20/att:true',
    'w:20/cb:2',
    // Longer than a year, so that the answer does not depend on the second.
    'w:20/exp:4102444800',
    'w:20/exp:0',
    'skp:jpg/w:20',
    'skp:jpg:png/w:20/f:png',
    'skp:webp/w:20',
    'raw:1',
    'raw:0/w:20',
    'wm:0.5:ce:10:10:0.2/w:20',
    'ph:1/w:20',
    'eth:1/w:20',
    'w:20/w:30/h:10',
    'q:10/rs:fit:40:40/q:90',
  ]),
  ...pictures('drawing.svg', ['', 'w:20/f:png', 'w:20']),
  picture('raw:1', 'text.jpg'),
  { ...picture('raw:1', 'photo.jpg'), name: 'raw:1 with a range', headers: { range: 'bytes=0-99' } },
  { ...picture('w:20', 'photo.jpg'), name: 'a range', headers: { range: 'bytes=0-99' } },
  { ...picture('w:20', 'photo.jpg'), name: 'an ETag of another', headers: { 'if-none-match': '"another"' } },
  { ...picture('w:20', 'photo.jpg'), name: 'any ETag', headers: { 'if-none-match': '*' } },
  {
    ...picture('w:20', 'photo.jpg'),
    name: 'not modified since the year 2100',
    headers: { 'if-modified-since': 'Fri, 01 Jan 2100 00:00:00 GMT' },
  },
  {
    ...picture('w:20', 'photo.jpg'),
    name: 'modified since 2000',
    headers: { 'if-modified-since': 'Sat, 01 Jan 2000 00:00:00 GMT' },
  },
  {
    ...picture('w:20', 'photo.jpg'),
    name: 'a browser that takes AVIF and WebP',
    headers: { accept: 'image/avif,image/webp,*/*' },
  },
  {
    ...picture('w:20', 'photo.jpg'),
    name: 'a page of another origin',
    headers: { origin: 'https://cms.example' },
  },
  { ...picture('w:20', 'photo.jpg'), name: 'a request id', headers: { 'x-request-id': 'id_1-a' } },
  signedCase('the format behind the source', (to) => `${plainPath(to, 'w:20/f:webp', 'photo.jpg')}@png`),
  signedCase('a source in base64url', (to) => {
    const encoded = Buffer.from(`s3://${to.bucket}/${to.key('photo.jpg')}`).toString('base64url');
    return `/w:20/${encoded.slice(0, 9)}/${encoded.slice(9)}.webp`;
  }),
];

/** What comes out: formats, qualities, metadata, names and headers. */
export const outputCases: readonly ConformanceCase[] = [...formats, ...qualities, ...metadata, ...delivery];
