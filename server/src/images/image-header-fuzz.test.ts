import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits, sourceOf } from '../../test/support/header-source.ts';
import { type ContainerSample, minimalHeic } from '../../test/support/sample-containers.ts';
import {
  animatedGif,
  animatedPng,
  animatedWebp,
  avif,
  cameraJpeg,
  orientedPng,
  phoneJpeg,
  webp,
} from '../../test/support/sample-images.ts';
import { AppError } from '../errors.ts';
import { maxFurtherReads } from './header-reader.ts';
import { maxHeaderBytes, readImageHeader } from './image-header.ts';

describe('readImageHeader on hostile bytes', () => {
  const codes = ['empty_file', 'unsupported_content', 'truncated', 'header_too_far', 'image_too_large'];

  async function assertBounded(file: Uint8Array): Promise<void> {
    const source = sourceOf(file);
    try {
      const facts = await readImageHeader(source, limits);
      expect(facts.width * facts.height).toBeLessThanOrEqual(limits.maxPixels);
      expect(Math.min(facts.width, facts.height)).toBeGreaterThan(0);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      expect(codes).toContain(error.code);
    }
    expect(source.bytesRead).toBeLessThanOrEqual(maxHeaderBytes);
    expect(source.reads).toBeLessThanOrEqual(1 + maxFurtherReads);
  }

  const heics: ContainerSample[] = [{ tiles: 4, quarterTurns: 1 }, { crop: { width: 30, height: 20 } }].map(
    (extra) => ({
      width: 40,
      height: 30,
      ...extra,
    }),
  );

  it('throws nothing but AppErrors and stays within the budget: mutated headers', async () => {
    const size = { width: 40, height: 30, orientation: 6 };
    const seeds = [
      await cameraJpeg(size),
      await phoneJpeg(size),
      await orientedPng(size),
      await animatedPng(size, 2),
      await animatedGif(size, 3),
      await webp(size),
      await webp({ width: 40, height: 30 }, true),
      await animatedWebp(size, 3),
      await avif(size),
      ...heics.map(minimalHeic),
    ];
    const mutation = fc.record({
      at: fc.oneof(fc.nat(64), fc.nat(700), fc.nat(70_000)),
      bytes: fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 8 }), fc.constantFrom(...edgeValues)),
      insert: fc.boolean(),
    });
    const file = fc
      .tuple(fc.constantFrom(...seeds), fc.array(mutation, { minLength: 1, maxLength: 6 }), fc.option(fc.nat(2000)))
      .map(([seed, mutations, cut]) => {
        const mutated = mutations.reduce(mutate, seed);
        return cut === null ? mutated : mutated.subarray(0, cut);
      });
    await fc.assert(fc.asyncProperty(file, assertBounded), { numRuns: 3000 });
  });

  it('throws nothing but AppErrors and stays within the budget: signatures with random bytes behind them', async () => {
    const starts = ['', '\xff\xd8\xff', '\x89PNG\r\n\x1a\n', 'GIF89a', 'RIFF\0\0\0\0WEBP', '\0\0\0\x18ftypheic'];
    const file = fc
      .tuple(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 300 }))
      .map(([start, rest]) => Buffer.concat([Buffer.from(start, 'latin1'), rest]));
    await fc.assert(fc.asyncProperty(file, assertBounded), { numRuns: 3000 });
  });
});

/** Lengths, counts and offsets where parsers go wrong. */
const edgeValues = [
  Uint8Array.of(0, 0, 0, 0),
  Uint8Array.of(0, 0, 0, 1),
  Uint8Array.of(0xff, 0xff, 0xff, 0xff),
  Uint8Array.of(0x7f, 0xff, 0xff, 0xff),
  Uint8Array.of(0, 0),
  Uint8Array.of(0xff, 0xff),
];

function mutate(file: Buffer, { at, bytes, insert }: { at: number; bytes: Uint8Array; insert: boolean }): Buffer {
  const where = at % file.length;
  return Buffer.concat([file.subarray(0, where), bytes, file.subarray(insert ? where : where + bytes.length)]);
}
