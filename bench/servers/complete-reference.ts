import { randomUUID } from 'node:crypto';
import { firstReadBytes } from '../../server/src/images/image-header.ts';
import { attemptKey, commitKey, imageFilename, incomingKey } from '../../server/src/uploads/object-keys.ts';
import { createBareS3 } from '../bare-s3.ts';
import { serveJobs } from '../jobs.ts';
import { readStorageSettings } from '../kuanary-settings.ts';
import { runConcurrently } from '../run-concurrently.ts';

export interface CompleteJob {
  uploadIds: string[];
  concurrency: number;
}

/** The storage calls of `/complete`, in its order and with its parallelism, and nothing else. */
const s3 = createBareS3(readStorageSettings(process.env));
const maxRecordBytes = 4096;
const facts = { width: '3000', height: '4000', format: 'jpeg', animated: 'false' };
const cleanUps = new Set<Promise<unknown>>();

async function complete(uploadId: string): Promise<void> {
  const nonce = randomUUID();
  const filename = imageFilename(nonce, 'jpeg');
  const [incoming] = await Promise.all([
    s3.readHead(incomingKey(uploadId), firstReadBytes),
    s3.readHead(commitKey(uploadId), maxRecordBytes),
  ]);
  await s3.put(attemptKey(uploadId, nonce), new Uint8Array(), { ContentType: 'text/plain' });
  await s3.copy(incomingKey(uploadId), filename, {
    MetadataDirective: 'REPLACE',
    ContentType: 'image/jpeg',
    Metadata: { ...facts, 'upload-id': uploadId },
  });
  const copied = await s3.readHead(filename, firstReadBytes);
  if (incoming === null || copied?.length !== incoming.length) throw new Error(`${uploadId} was not copied`);
  const record = new TextEncoder().encode(JSON.stringify({ filename, facts }));
  await s3.put(commitKey(uploadId), record, { ContentType: 'application/json', IfNoneMatch: '*' });
  cleanUps.add(Promise.all([s3.delete(incomingKey(uploadId)), s3.delete(attemptKey(uploadId, nonce))]));
}

serveJobs<CompleteJob>(async ({ uploadIds, concurrency }) => {
  const seconds = await runConcurrently(uploadIds, concurrency, complete);
  await Promise.all(cleanUps);
  cleanUps.clear();
  return seconds;
});
