import type { Aspect, Tolerance } from './compare-answers.ts';

/** A difference between the stand-in and imgproxy that is meant to be, or cannot be helped. */
export interface ListedDifference {
  /** The first cell of its row in docs/embedded.md. The row says how each of them behaves, and why. */
  row: string;
  /** The names of the cases in which it shows. */
  cases: RegExp;
  aspect: Aspect;
  /** False where it shows with some pictures or some versions of libvips only. */
  isCertain: boolean;
}

const certain = (row: string, cases: RegExp, aspect: Aspect): ListedDifference => ({
  row,
  cases,
  aspect,
  isCertain: true,
});

export const listedDifferences: readonly ListedDifference[] = [
  certain('sources in HEIC, JPEG XL, BMP, ICO and SVG', / of (?:photo\.(?:heic|jxl|bmp|ico)|drawing\.svg)$/, 'status'),
  certain('`f:heic`, `f:jxl`, `f:bmp`, `f:ico`', /\/f:(?:heic|jxl|bmp|ico) of /, 'status'),
  {
    row: 'smart gravity (`g:sm`, `crop: "face"`)',
    cases: /(?::|\/)sm(?:\/| )|^preset (?:avatar|face|smart-gravity)\b/,
    aspect: 'pixels',
    isCertain: false,
  },
  certain('results', /^rs:force:17000:10:1\/f:png of photo\.jpg$/, 'size'),
  certain('WebP and AVIF files that are cut off', / of cut-in-body\.(?:webp|avif)$/, 'status'),
  certain('`raw:1`', /^raw:1 of (?:photo|text)\.jpg$/, 'headers'),
  certain('`raw:1`', /^raw:1 with a range$/, 'status'),
  certain('with metadata stripped', /^w:100(?:\/f:webp|\/f:png)? of rights\.jpg$/, 'metadata'),
  certain('bytes outside ASCII in an address', /^GET \/x\/.*ü/, 'status'),
  certain('`GET /`', /^GET \/$/, 'headers'),
  certain('`GET /`', /^GET \/$/, 'text'),
];

/** Cases with a tolerance of their own: their encoders or colour profiles are the point, or their pictures have few pixels. */
export const toleranceOverrides: readonly { cases: RegExp; tolerance: Tolerance; reason: string }[] = [
  {
    cases: /^w:400\/(?:q:1|mb:100) of photo\.jpg$/,
    tolerance: { mean: 6, visibleShare: 0.05 },
    reason: 'at the lowest quality the blocks of a JPEG show whatever made it',
  },
  {
    cases: / of cmyk\.jpg$/,
    tolerance: { mean: 10, visibleShare: 0.12 },
    reason: 'a CMYK picture without a profile is read with the one built into libvips, which changed between versions',
  },
  {
    cases: /^rs:fill:30:30 of animated\.gif$/,
    tolerance: { mean: 7, visibleShare: 0.08 },
    reason: 'each chooses its own palette for 900 pixels',
  },
];
