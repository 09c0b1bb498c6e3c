import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ObjectStorage } from '../src/storage/storage.ts';
import { createCommitRecords } from '../src/uploads/commit-record.ts';
import { attemptMinAgeMs, incomingMinAgeMs, type SweepReport, sweepUploads } from '../src/uploads/sweep-uploads.ts';
import { complete, errorOf, keysIn, post, type RunningApp, sign, startApp, uploadImage } from './support/start-app.ts';

let app: RunningApp;
let jpeg: Uint8Array;
beforeAll(async () => {
  app = await startApp();
  jpeg = await sharp({ create: { width: 6, height: 4, channels: 3, background: '#c33' } })
    .jpeg()
    .toBuffer();
});
afterAll(() => app.stop());

/** The same storage, whose clock says that it is later: ages are the storage's clock against the storage's clock. */
function later(storage: ObjectStorage, ms: number): ObjectStorage {
  return {
    ...storage,
    list: async (options) => {
      const page = await storage.list(options);
      return { ...page, serverTime: new Date(page.serverTime.getTime() + ms) };
    },
  };
}

function sweepAfter(ms: number): Promise<SweepReport> {
  return sweepUploads(later(app.storage, ms), createCommitRecords(app.storage, 'conditional-put'));
}

describe('sweepUploads', () => {
  it('touches nothing that is young, and no image ever', async () => {
    const { filename } = await uploadImage(app, jpeg);
    const signed = await sign(app, jpeg);
    await post(signed, jpeg);
    const before = (await keysIn(app)).filter((key) => !key.startsWith('tmp/attempts/'));
    await sweepAfter(0);
    await sweepAfter(attemptMinAgeMs - 60_000);
    expect((await keysIn(app)).filter((key) => !key.startsWith('tmp/attempts/'))).toEqual(before);
    expect(before).toContain(filename);
  });

  it('removes an incoming object that nobody completed, after three hours', async () => {
    const signed = await sign(app, jpeg);
    await post(signed, jpeg);
    await sweepAfter(incomingMinAgeMs + 60_000);
    expect(await keysIn(app, 'tmp/incoming/')).toEqual([]);
    expect(await errorOf(await complete(app, signed.ticket))).toMatchObject({ status: 409, code: 'not_uploaded' });
  });

  it('expires an upload whose completer died after the copy, removes the copy, and keeps late completers from it', async () => {
    const signed = await sign(app, jpeg);
    await post(signed, jpeg);
    const nonce = 'aaaaaaaa-0000-4000-8000-000000000001';
    const description = { contentType: 'image/jpeg', metadata: { 'kuanary-upload': signed.uploadId } };
    await app.storage.put(`tmp/attempts/${signed.uploadId}/${nonce}`, new Uint8Array(), description);
    await app.storage.put(`image-${nonce}.jpg`, jpeg, description);
    const report = await sweepAfter(attemptMinAgeMs + 60_000);
    expect(report).toMatchObject({ attemptsSettled: 1, imagesDeleted: 1, failures: [] });
    expect(await keysIn(app, `image-${nonce}`)).toEqual([]);
    expect(await errorOf(await complete(app, signed.ticket))).toMatchObject({ status: 410, code: 'upload_expired' });
  });

  it('drops the attempt record of a committed image and keeps the image', async () => {
    const { filename, uploadId } = await uploadImage(app, jpeg);
    const nonce = filename.slice('image-'.length, -'.jpg'.length);
    await app.storage.put(`tmp/attempts/${uploadId}/${nonce}`, new Uint8Array(), {
      contentType: 'text/plain',
      metadata: {},
    });
    await sweepAfter(attemptMinAgeMs + 60_000);
    expect(await keysIn(app, filename)).toEqual([filename]);
    expect(await keysIn(app, 'tmp/attempts/')).toEqual([]);
  });

  it('only reports attempts of more than sixty days, whose records may be gone', async () => {
    const key = 'tmp/attempts/cccccccc-0000-4000-8000-000000000001/dddddddd-0000-4000-8000-000000000001';
    await app.storage.put(key, new Uint8Array(), { contentType: 'text/plain', metadata: {} });
    const report = await sweepAfter(61 * 24 * 3_600_000);
    expect(report.attemptsTooOld).toEqual([key]);
    expect(await keysIn(app, key)).toEqual([key]);
    await app.storage.delete(key);
  });

  it('leaves foreign objects under tmp/ alone', async () => {
    for (const key of ['tmp/attempts/notes.txt', 'tmp/other/x', 'incoming/x']) {
      await app.storage.put(key, jpeg, { contentType: 'text/plain', metadata: {} });
    }
    await sweepAfter(30 * 24 * 3_600_000);
    expect((await keysIn(app)).filter((key) => /notes|other|^incoming/.test(key))).toEqual([
      'incoming/x',
      'tmp/attempts/notes.txt',
      'tmp/other/x',
    ]);
  });
});
