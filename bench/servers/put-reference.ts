import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createBareS3 } from '../bare-s3.ts';
import { serveJobs } from '../jobs.ts';
import { readStorageSettings } from '../kuanary-settings.ts';
import { runConcurrently } from '../run-concurrently.ts';

export interface PutJob {
  file: string;
  keys: string[];
  concurrency: number;
}

/** A disk that is busy with eight such files may take its time. */
const requestTimeoutMs = 120_000;

/** Puts a file into the bucket straight from disk, under each of the keys. */
const s3 = createBareS3({ ...readStorageSettings(process.env), requestTimeoutMs });

serveJobs<PutJob>(async ({ file, keys, concurrency }) => {
  const { size } = await stat(file);
  return runConcurrently(keys, concurrency, (key) =>
    s3.put(key, createReadStream(file), { ContentLength: size, ContentType: 'image/jpeg' }),
  );
});
