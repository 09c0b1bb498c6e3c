import { type ConformanceCase, picture, pictures } from './conformance-case.ts';

const resizingTypes = ['fit', 'fill', 'fill-down', 'force', 'auto'] as const;

/** Every type on a lying, a standing and a small picture, not enlarging and enlarging. */
const resizing = resizingTypes.flatMap((type) => [
  ...pictures('photo.jpg', [`rs:${type}:301:199/f:png`, `rs:${type}:1500:1300/f:png`, `rs:${type}:1500:1300:1/f:png`]),
  ...pictures('tall.jpg', [`rs:${type}:200:180/f:png`]),
  ...pictures('small.jpg', [`rs:${type}:100:80/f:png`, `rs:${type}:100:80:1/f:png`]),
]);

const compass = ['ce', 'no', 'so', 'ea', 'we', 'noea', 'nowe', 'soea', 'sowe'] as const;

const gravity = [
  ...compass.flatMap((type) =>
    pictures('photo.jpg', [
      `rs:fill:200:300/g:${type}/f:png`,
      `rs:fill:200:300/g:${type}:17:23/f:png`,
      `c:301:201:${type}:0.1:0.05/w:150/f:png`,
    ]),
  ),
  ...pictures('photo.jpg', [
    'rs:fill:200:300/g:fp:0:0/f:png',
    'rs:fill:200:300/g:fp:1:1/f:png',
    'rs:fill:200:300/g:fp:0.7:0.4/f:png',
    'rs:fill:200:300/g:fp:0.333:0.667/f:png',
    'rs:fill:500:100/g:fp:0.5:0.81/f:png',
    'g:fp:0.1:0.9/rs:fill:300:150/g:ce/f:png',
    'rs:fill:100:100/g:soea:-20:-30/f:png',
    'rs:fill:100:100/g:no:0:5000/f:png',
    'rs:fill:200:300/g:noea:17:23/dpr:2/f:png',
    'rs:fill:200:300/g:sm/f:png',
    'rs:fill:300:100/g:sm/f:png',
    'c:201:201:sm/f:png',
    'c:201:301:sm/rs:fill:100:100/g:sm/f:png',
  ]),
  ...pictures('tall.jpg', ['rs:fill:300:300/g:sm/f:png', 'rs:fill:99:31/g:sm/f:png']),
  ...pictures('orientation-6.jpg', ['rs:fill:100:150/g:noea/f:png', 'rs:fill:150:100/g:sm/f:png']),
];

const crop = [
  ...pictures('photo.jpg', [
    'c:201:101/f:png',
    'c:201:101/w:77/f:png',
    'c:0.5:0.3/f:png',
    'c:0:0.333/w:100/f:png',
    'c:5000:200/f:png',
    'c:300/w:100/f:png',
    'c:400:300:nowe:100:50/w:200/f:png',
    'c:400:300:fp:0.7:0.4/w:200/f:png',
    'c:997:661/rs:fit:100:100/f:png',
    'c:501:333:so/rs:fill:99:31/f:png',
    'g:soea/c:301:201/w:150/f:png',
    'c:1:1/f:png',
    'rot:90/c:301:201:nowe/w:150/f:png',
    'fl:1/c:301:201:nowe/w:150/f:png',
  ]),
  ...pictures('orientation-5.jpg', ['c:101:151:nowe/f:png', 'ar:0/c:101:151:nowe/f:png']),
];

const extending = [
  ...pictures('photo.jpg', [
    'rs:fit:300:300:0:1/f:png',
    'rs:fit:300:300:0:1:noea/f:png',
    'rs:fit:300:300:0:1:no:0:20/bg:336699/f:png',
    'rs:fit:300:300:0:1:fp:0.2:0.3/bg:fff/f:png',
    'rs:fit:1500:1500:0:1/f:webp',
    'rs:fit:300:300:0:1/dpr:2/f:png',
    'rs:fit:300:300:0:1',
    'ex:1/w:1200/h:300/f:png',
    'exar:1/rs:fit:300:300/f:png',
    'exar:1:soea/rs:fit:300:300/bg:0:128:0/f:png',
    'exar:1/rs:fill:2000:300/f:png',
    'pd:10/w:100/f:png',
    'pd:10:20:30:40/w:100/f:png',
    'pd:10:20:30:40/w:100/bg:ff8800',
    'pd::5/w:100/f:png',
    'pd:7/dpr:1.5/w:100/f:png',
    'pd:5/rs:fit:200:200:0:1:we/bg:000/f:png',
    'bg:fc0/w:100/f:jpg',
  ]),
  ...pictures('alpha.png', [
    'pd:10/w:100',
    'pd:10/w:100/bg:ff8800',
    'bg:255:0:128/w:200',
    'rs:fit:300:300:0:1/bg:fff/f:jpg',
    'rs:fit:300:300:0:1:soea/f:webp',
    'pd:3/w:50/f:avif',
  ]),
  ...pictures('small.jpg', ['rs:fit:100:100:0:1:sowe/bg:fff/f:png', 'rs:fill:100:100:1:1/f:png']),
];

const filters = [
  ...pictures('photo.jpg', [
    'w:300/bl:0.2/f:png',
    'w:300/bl:1/f:png',
    'w:300/bl:5/f:png',
    'w:300/bl:40/f:png',
    'w:300/sh:0.3/f:png',
    'w:300/sh:0.7/f:png',
    'w:300/sh:2/f:png',
    'w:300/sh:10/f:png',
    'w:300/pix:2/f:png',
    'w:300/pix:16/f:png',
    'w:300/pix:1000/f:png',
    'w:300/bl:2/sh:1/pix:5/f:png',
  ]),
  ...pictures('alpha.png', ['w:200/bl:3', 'w:200/sh:1', 'w:200/pix:7']),
  ...pictures('grey.jpg', ['w:200/bl:3/f:png', 'w:200/sh:1/f:png']),
];

const turning = [
  ...pictures('photo.jpg', [
    'rot:90/w:150/f:png',
    'rot:180/w:150/f:png',
    'rot:270/w:150/f:png',
    'rot:450/w:150/f:png',
    'rot:-90/w:150/f:png',
    'rot:-360/w:150/f:png',
    'fl:1/w:150/f:png',
    'fl:0:1/w:150/f:png',
    'rot:90/fl:1/w:150/f:png',
    'rot:270/rs:fill:100:50/g:noea/f:png',
  ]),
  ...[1, 2, 3, 4, 5, 6, 7, 8].flatMap((orientation) =>
    pictures(`orientation-${orientation}.jpg`, [
      'w:150/f:png',
      'rs:fill:99:61/g:nowe/f:webp',
      'ar:0/w:150/f:png',
      'rot:90/w:150/f:png',
    ]),
  ),
  picture('fl:1:0/rs:fill:99:61/f:png', 'orientation-7.jpg'),
];

const scaling = [
  ...pictures('photo.jpg', [
    'w:300/dpr:0.5/f:png',
    'w:300/dpr:2/f:png',
    'w:400/dpr:3/f:png',
    'rs:fill:800:800/dpr:2/f:png',
    'w:300/z:0.5/f:png',
    'w:300/z:1.5:0.5/f:png',
    'z:0.3:0.7/f:png',
    'z:2:1/rs:fill:100:100/f:png',
    'mw:400/w:100/f:png',
    'mh:400/rs:fill:100:100/f:png',
    'mw:300/mh:300/rs:fit:100:100/f:png',
    'w:1/f:png',
    'rs:force:1:300/f:png',
    'w:999/f:png',
    'w:500/f:png',
    'w:250/f:png',
    'w:125/f:png',
    'w:334/h:77/f:png',
  ]),
  ...pictures('large.jpg', ['w:300/f:png', 'w:1600/f:png', 'rs:fill:375:250/f:png', 'c:2001:1001/w:333/f:png']),
  ...pictures('opaque.png', ['w:300', 'w:77', 'rs:fill:111:222']),
  ...pictures('very-wide.jpg', ['w:300/f:png', 'rs:fill:100:100:1/f:png', 'rs:fit:50:50/f:png', 'h:1/f:png']),
  ...pictures('very-tall.png', ['h:300', 'rs:fill:20:20:1', 'rs:force:200:200']),
  ...pictures('one-pixel.jpg', ['w:300', 'rs:fill:30:20:1', 'rs:fit:30:20:0:1/f:png', 'pd:4/f:png', 'bl:2/sh:1/pix:3']),
  ...pictures('one-pixel.png', ['', 'rs:fill:30:20:1', 't:10', 'rot:90', 'f:avif']),
  ...pictures('two-pixels.png', ['', 'w:1', 'rs:fill:31:21:1', 't:10', 'rot:90']),
  ...pictures('three-pixels.png', ['t:10', 't:0', 'w:2']),
  ...pictures('nine-pixels.png', ['t:10', 't:0', 'w:2']),
];

const trimming = [
  ...pictures('bordered.png', [
    't:10',
    't:0',
    't:60',
    't:10::1',
    't:10::1:1',
    't:10:ffffff',
    't:10:ff0000',
    't:10/w:50',
    't:10/rot:90/w:50',
    't:10/c:40:30:soea',
    't:10/pd:3',
    't:10/rs:fill:60:60/g:sm',
  ]),
  ...pictures('bordered-transparent.png', ['t:10', 't:10:ff00ff', 't:10:000000', 't:10/f:jpg']),
  ...['bordered-2.jpg', 'bordered-6.jpg', 'bordered-7.jpg'].flatMap((file) =>
    pictures(file, ['t:30/f:png', 't:30/ar:0/f:png', 't:30/rot:90/fl:1/f:png']),
  ),
  ...pictures('photo.jpg', ['t:10/w:200/f:png', 't:150/w:200/f:png', 't:255/w:200/f:png']),
  ...pictures('animated.gif', ['t:10']),
  ...pictures('orientation-8.jpg', ['t:40/w:100/f:png']),
];

/** What becomes of shape, part and look. PNG where that is not the point, so that no encoder blurs the comparison. */
export const geometryCases: readonly ConformanceCase[] = [
  ...resizing,
  ...gravity,
  ...crop,
  ...extending,
  ...filters,
  ...turning,
  ...scaling,
  ...trimming,
];
