import { ImageAddresses } from '@kuanary/shared/contract';
import { compilePreset } from '@kuanary/shared/imgproxy-options';
import { createImgproxySigner, parseKeyPairs, verifyImgproxyPath } from '@kuanary/shared/imgproxy-url';
import { documentedPresets, parsePresets } from '@kuanary/shared/presets';
import { describe, expect, it } from 'vitest';
import { AppError } from '../errors.ts';
import type { PresetStore } from './preset-store.ts';
import { createPresetUrls } from './preset-urls.ts';

const pairs = parseKeyPairs('736563726574', '68656c6c6f');
const signer = createImgproxySigner({ baseUrl: 'https://images.example.com', pairs, signatureSize: 32 });

function storeOf(document: unknown): PresetStore {
  const { presets, warnings } = parsePresets(document);
  const compiled = new Map([...presets].map(([name, preset]) => [name, compilePreset(preset, 'oss')] as const));
  const loaded = { body: JSON.stringify(document), etag: '"x"', names: [...compiled.keys()], compiled, warnings };
  return { current: () => loaded, problem: () => null, reload: async () => {}, close: () => {} };
}

function urlsOf(document: unknown, options: { publicUrl?: string; defaultPreset?: string } = {}) {
  return createPresetUrls({
    presets: storeOf(document),
    signer,
    bucket: 'pictures',
    publicUrl: options.publicUrl,
    defaultPreset: options.defaultPreset,
  });
}

/** The path of a signed URL, signature taken off after it has been verified. */
function verifiedPath(url: string): string {
  const [, signature = '', path = ''] = /^https:\/\/images\.example\.com\/([^/]+)(\/.*)$/.exec(url) ?? [];
  expect(verifyImgproxyPath(signature, path, pairs, 32)).toBe(true);
  return path;
}

function errorOf(call: () => unknown): AppError {
  try {
    call();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('addressesOf', () => {
  it('signs one URL and makes one link for each preset asked for', () => {
    const answer = urlsOf(documentedPresets).addressesOf('image-1.jpg', ['avatar', 'thumbnail']);
    expect(Object.keys(answer.urls)).toEqual(['avatar', 'thumbnail']);
    expect(verifiedPath(answer.urls['avatar'] ?? '')).toBe(
      '/rs:fill:200:200/g:sm/q:80/f:webp/plain/s3://pictures/image-1.jpg',
    );
    expect(verifiedPath(answer.url)).toBe('/rs:fit:300:300/q:80/f:webp/plain/s3://pictures/image-1.jpg');
    expect(answer.links).toEqual({ avatar: '/i/avatar/image-1.jpg', thumbnail: '/i/thumbnail/image-1.jpg' });
    const { url, ...addresses } = answer;
    expect(url).toBe(answer.urls['thumbnail']);
    expect(ImageAddresses.parse(addresses)).toEqual(addresses);
    expect(answer).not.toHaveProperty('srcset');
  });

  it('answers the same for the same question', () => {
    const ask = () => urlsOf(documentedPresets).addressesOf('image-1.jpg', ['hero']);
    expect(ask()).toEqual(ask());
  });

  it.each([
    ['https://api.example.com', 'https://api.example.com/i/a/x.png'],
    ['https://api.example.com/pictures/', 'https://api.example.com/pictures/i/a/x.png'],
  ])('makes absolute links with PUBLIC_URL %s', (publicUrl, link) => {
    expect(urlsOf({ a: {} }, { publicUrl }).addressesOf('x.png', ['a']).links).toEqual({ a: link });
  });

  it('lists every width of presets that have widths, and only of those', () => {
    const urls = urlsOf({ plain: {}, wide: { width: 800, height: 600, widths: [800, 400] } });
    const { srcset = {} } = urls.addressesOf('x.png', ['plain', 'wide']);
    expect(Object.keys(srcset)).toEqual(['wide']);
    const entries = (srcset['wide'] ?? '').split(', ').map((entry) => entry.split(' '));
    expect(entries.map(([url = '', width]) => [verifiedPath(url), width])).toEqual([
      ['/rs:fit:400:300/plain/s3://pictures/x.png', '400w'],
      ['/rs:fit:800:600/plain/s3://pictures/x.png', '800w'],
    ]);
    expect(urls.addressesOf('x.png', ['plain'])).not.toHaveProperty('srcset');
  });

  it('refuses unknown presets', () => {
    expect(errorOf(() => urlsOf(documentedPresets).addressesOf('x.png', ['hero', 'nope'])).code).toBe('unknown_preset');
  });

  it('has no address without a preset', () => {
    expect(() => urlsOf(documentedPresets).addressesOf('x.png', [])).toThrow(/at least one preset/);
  });
});

describe('defaultPreset', () => {
  it.each([
    ['hero', ['thumbnail', 'hero'], 'hero'],
    ['hero', ['avatar', 'thumbnail'], 'thumbnail'],
    ['hero', ['og-image', 'avatar'], 'og-image'],
    [undefined, ['avatar', 'thumbnail'], 'thumbnail'],
    [undefined, ['avatar', 'hero'], 'avatar'],
  ])('with DEFAULT_PRESET %s, among %j, is %s', (defaultPreset, among, expected) => {
    const urls = urlsOf(documentedPresets, defaultPreset === undefined ? {} : { defaultPreset });
    expect(urls.defaultPreset(among)).toBe(expected);
    expect(urls.addressesOf('x.png', among).url).toBe(urls.imageUrl(expected, 'x.png'));
  });
});

describe('imageUrl', () => {
  it('is the signed URL of one preset', () => {
    expect(verifiedPath(urlsOf(documentedPresets).imageUrl('og-image', 'image-1.jpg'))).toBe(
      '/rs:fill:1200:630/q:85/f:jpeg/plain/s3://pictures/image-1.jpg',
    );
  });
});

describe('unknown presets', () => {
  const urls = urlsOf(documentedPresets);

  it('passes known names', () => {
    expect(() => urls.assertKnown(['hero', 'avatar'])).not.toThrow();
  });

  it.each(['nope', '__proto__', 'constructor', 'toString', 'hasOwnProperty', '', 'Hero', 'hero '])(
    'refuses %j',
    (name) => {
      for (const call of [() => urls.assertKnown(['hero', name]), () => urls.imageUrl(name, 'x.png')]) {
        const error = errorOf(call);
        expect(error).toMatchObject({ code: 'unknown_preset', status: 400 });
        expect(error.message).toBe(
          `There is no preset ${JSON.stringify(name)}. There are: thumbnail, hero, og-image, avatar.`,
        );
      }
    },
  );

  it('keeps the sentence short for hostile names and many presets', () => {
    const many = urlsOf(Object.fromEntries(Array.from({ length: 25 }, (_, i) => [`preset-${i}`, {}])));
    const { message } = errorOf(() => many.assertKnown(['\r\n'.repeat(500)]));
    expect(message).toMatch(
      /^There is no preset "(?:\\r\\n){32}"\. There are: preset-0, .*preset-19 and 5 more \(GET \/presets\)\.$/,
    );
  });
});
