import { describe, expect, it } from 'vitest';
import { factsOf, limits, refusalOf, sourceOf } from '../../test/support/header-source.ts';
import { box, minimalHeic } from '../../test/support/sample-containers.ts';
import {
  alphaPng,
  avif,
  cutOff,
  insertPngChunks,
  maxSegmentBytes,
  noise,
  phoneJpeg,
  plainJpeg,
  pngChunk,
  stillGif,
  webp,
} from '../../test/support/sample-images.ts';
import { firstReadBytes, maxHeaderBytes, readImageHeader } from './image-header.ts';

describe('the budget', () => {
  it('reaches the frame header of a phone picture behind 150 kB of metadata', async () => {
    const file = await phoneJpeg({ width: 400, height: 300, orientation: 6 });
    const source = sourceOf(file);
    expect(file.indexOf(Buffer.from([0xff, 0xc0]))).toBeGreaterThan(firstReadBytes);
    expect(await readImageHeader(source, limits)).toMatchObject({ width: 300, height: 400 });
    expect(source.reads).toBeLessThanOrEqual(4);
  });

  it('reaches it behind 2 MB of metadata, in small reads', async () => {
    const source = sourceOf(await phoneJpeg({ width: 400, height: 300 }, 2_000_000));
    expect(await readImageHeader(source, limits)).toMatchObject({ width: 400, height: 300 });
    expect(source.bytesRead).toBeLessThan(maxHeaderBytes);
    expect(source.reads).toBeLessThan(40);
  });

  it('ends at 128 KiB in all: a header behind 16 MB of metadata is too far', async () => {
    const source = sourceOf(await phoneJpeg({ width: 400, height: 300 }, 255 * maxSegmentBytes));
    await expect(readImageHeader(source, limits)).rejects.toMatchObject({ code: 'header_too_far' });
    expect(source.bytesRead).toBeLessThanOrEqual(maxHeaderBytes);
  });

  it('holds for a PNG of 100,000 chunks and for one with a huge colour profile', async () => {
    const png = await alphaPng({ width: 40, height: 30 });
    const chunk = pngChunk('tEXt', Buffer.from('a\0b'));
    const many = sourceOf(
      insertPngChunks(
        png,
        Array.from({ length: 100_000 }, () => chunk),
      ),
    );
    await expect(readImageHeader(many, limits)).rejects.toMatchObject({ code: 'header_too_far' });
    expect(many.bytesRead).toBeLessThanOrEqual(maxHeaderBytes);

    const profile = sourceOf(insertPngChunks(png, [pngChunk('iCCP', noise(5_000_000))]));
    expect(await readImageHeader(profile, limits)).toMatchObject({ width: 40, height: 30 });
    expect(profile.bytesRead).toBeLessThan(firstReadBytes + 2048);
  });

  it('holds for boxes and associations without end', async () => {
    const heic = minimalHeic({ width: 40, height: 30 });
    const typeBytes = heic.readUInt32BE(0);
    const free = Array.from({ length: 30_000 }, () => box('free'));
    const boxes = sourceOf(Buffer.concat([heic.subarray(0, typeBytes), ...free, heic.subarray(typeBytes)]));
    await expect(readImageHeader(boxes, limits)).rejects.toMatchObject({ code: 'header_too_far' });
    expect(boxes.bytesRead).toBeLessThanOrEqual(maxHeaderBytes);
  });
});

describe('files that are cut off', () => {
  it('within the header are truncated, with the picture data begun they are read', async () => {
    const size = { width: 400, height: 300 };
    const files = [
      await plainJpeg(size),
      await alphaPng(size),
      await stillGif(size),
      await webp(size),
      await avif(size),
    ];
    for (const file of [...files, minimalHeic(size)]) {
      // The signature of the AVIF family comes after four bytes of length.
      const signatureBytes = file.subarray(4, 8).equals(Buffer.from('ftyp')) ? 8 : 2;
      for (let bytes = signatureBytes; bytes <= 20; bytes += 1) {
        expect([bytes, (await refusalOf(cutOff(file, bytes))).code]).toEqual([bytes, 'truncated']);
      }
    }
    for (const file of files) {
      expect(await factsOf(cutOff(file, file.length - 20))).toMatchObject(size);
    }
  });

  it('between frame header and scan are truncated JPEGs', async () => {
    const file = await plainJpeg({ width: 400, height: 300 });
    const scan = file.indexOf(Buffer.from([0xff, 0xda]));
    expect((await refusalOf(cutOff(file, scan))).code).toBe('truncated');
    expect(await factsOf(cutOff(file, scan + 10))).toMatchObject({ width: 400, height: 300 });
  });
});

describe('broken headers', () => {
  it.each([
    ['a JPEG without a frame', '\xff\xd8\xff\xda\0\x0c'],
    ['a JPEG that ends at once', '\xff\xd8\xff\xd9'],
    ['a JPEG with a segment of no length', '\xff\xd8\xff\xe0\0\0\0\0\0\0'],
    ['a PNG without an image header', '\x89PNG\r\n\x1a\n\0\0\0\x0dIDAT\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0'],
    ['a GIF without a frame', 'GIF89a\x01\0\x01\0\0\0\0;'],
    ['a WebP without a picture', 'RIFF\x20\0\0\0WEBPICCP\x10\0\0\0'],
    ['a WebP without a start code', 'RIFF\x20\0\0\0WEBPVP8 \x10\0\0\0\0\0\0\0\0\0\x10\0\x10\0'],
    ['a lossless WebP without a signature', 'RIFF\x20\0\0\0WEBPVP8L\x10\0\0\0\0\0\0\0\0\0\x10\0\x10\0'],
    ['a HEIC without a still picture', '\0\0\0\x14ftypheic\0\0\0\0mif1\0\0\0\x08free'],
    ['a HEIC with a box smaller than its head', '\0\0\0\x14ftypheic\0\0\0\0mif1\0\0\0\x03meta'],
  ])('are refused: %s', async (_name, bytes) => {
    const error = await refusalOf(Buffer.from(bytes, 'latin1'));
    expect(error.code).toBe('unsupported_content');
    expect(error.message).toMatch(/^The file starts like an? \w+.* upload that\.$/);
  });

  it('are refused: a HEIC whose primary item has no size', async () => {
    const file = minimalHeic({ width: 40, height: 30 });
    file.write('xxxx', file.lastIndexOf('ispe'), 'latin1');
    expect((await refusalOf(file)).message).toContain('does not say how large its picture is');
  });
});
