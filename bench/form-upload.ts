import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { Agent, type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createS3Storage, type S3Storage } from '../server/src/storage/s3-storage.ts';
import { runJob } from './jobs.ts';
import { buildKuanarySettings, buildStoreSettings, readStorageSettings } from './kuanary-settings.ts';
import { type Benchmark, type Pair, summarisePairs } from './measurement.ts';
import { watchResidentMemory } from './resident-memory.ts';
import { runConcurrently } from './run-concurrently.ts';
import { buildSampleJpeg } from './sample-jpeg.ts';
import { withServerGroup } from './server-group.ts';
import type { PutJob } from './servers/put-reference.ts';

const rounds = 3;
const fileBytes = 100_000_000;
const warmUpFileBytes = 10_000_000;
const warmUpRounds = 3;
const concurrency = 8;
const bytesPerMegabyte = 1e6;

/** A file on disk and the form around it. */
interface FormFile {
  file: string;
  bytes: number;
}

/** Megabytes a second through `/upload`, and what that costs in memory, against the same files put by the SDK. */
export const formUpload: Benchmark = (progress) =>
  withServerGroup(async ({ folder, start }) => {
    const store = await start('object-store-server', buildStoreSettings(folder));
    const settings = {
      ...buildKuanarySettings(store.url, folder),
      LEGACY_UPLOAD: 'anonymous',
      MAX_UPLOAD_BYTES: String(fileBytes),
      ANONYMOUS_MAX_BYTES: String(fileBytes),
    };
    const api = await start('kuanary-server', settings);
    const reference = await start('put-reference', settings);
    const bucket = createS3Storage(readStorageSettings(settings));
    const runRound = async ({ file, bytes }: FormFile): Promise<Pair> => {
      const megabytes = (concurrency * bytes) / bytesPerMegabyte;
      const keys = Array.from({ length: concurrency }, () => `${randomUUID()}.jpg`);
      const job: PutJob = { file, keys, concurrency };
      const referenceSeconds = await runJob(reference.url, job);
      await emptyBucket(bucket);
      const seconds = await runConcurrently(keys, concurrency, () => postForm(`${api.url}/upload`, { file, bytes }));
      await emptyBucket(bucket);
      return { value: megabytes / seconds, reference: megabytes / referenceSeconds };
    };

    try {
      progress(
        `warming up; then ${rounds} rounds of ${concurrency} files of ${fileBytes / bytesPerMegabyte} MB each way`,
      );
      const small = await writeSampleFile(folder, warmUpFileBytes);
      for (let round = 0; round < warmUpRounds; round += 1) await runRound(small);
      const memory = watchResidentMemory(api.pid);
      await memory.resetPeak();
      const residentBytes = await memory.now();
      const large = await writeSampleFile(folder, fileBytes);
      const pairs: Pair[] = [];
      for (let round = 0; round < rounds; round += 1) pairs.push(await runRound(large));
      const growth = (await memory.peak()) - residentBytes;
      const memoryPair = { value: growth / bytesPerMegabyte, reference: residentBytes / bytesPerMegabyte };
      return [
        summarisePairs('form-upload/sdk-put', 'MB/s', pairs, { figure: 'ratio', comparison: '>=', limit: 0.5 }),
        summarisePairs('form-upload/memory-growth', 'MB', [memoryPair], {
          figure: 'value',
          comparison: '<=',
          limit: 32,
        }),
      ];
    } finally {
      bucket.close();
    }
  });

async function writeSampleFile(folder: string, bytes: number): Promise<FormFile> {
  const file = join(folder, `${bytes}.jpg`);
  await writeFile(file, buildSampleJpeg(bytes));
  return { file, bytes };
}

const agent = new Agent({ keepAlive: true });

/** Posts a form with one file, with its length, as browsers do. */
async function postForm(url: string, { file, bytes }: FormFile): Promise<void> {
  const boundary = randomUUID();
  const head = Buffer.from(
    `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="photo.jpg"\r\nContent-Type: image/jpeg\r\n\r\n`,
  );
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const post = request(url, {
      agent,
      method: 'POST',
      headers: {
        'Content-Type': `multipart/form-data; boundary=${boundary}`,
        'Content-Length': head.length + bytes + tail.length,
      },
    });
    post.once('response', resolve).once('error', reject);
    post.write(head);
    const stream = createReadStream(file).once('error', reject);
    stream.once('end', () => post.end(tail)).pipe(post, { end: false });
  });
  const answer = await text(response);
  if (response.statusCode !== 200) throw new Error(`/upload answered ${response.statusCode}: ${answer}`);
}

async function emptyBucket(bucket: S3Storage): Promise<void> {
  const { objects } = await bucket.list({ limit: 1000 });
  for (const { key } of objects) await bucket.delete(key);
}
