import type { CompleteAnswer, SignUploadAnswer } from '../shared/src/contract.ts';
import { runJob } from './jobs.ts';
import { buildKuanarySettings, buildStoreSettings } from './kuanary-settings.ts';
import { type Benchmark, type Pair, summarisePairs } from './measurement.ts';
import { runConcurrently } from './run-concurrently.ts';
import { buildSampleJpeg } from './sample-jpeg.ts';
import { withServerGroup } from './server-group.ts';
import type { CompleteJob } from './servers/complete-reference.ts';

const rounds = 7;
const uploadsPerRound = 100;
const concurrency = 4;
const picture = buildSampleJpeg(300_000);

/** Completions a second by the API, against a script that makes the same calls to the same store. */
export const complete: Benchmark = (progress) =>
  withServerGroup(async ({ folder, start }) => {
    const store = await start('object-store-server', buildStoreSettings(folder));
    const settings = buildKuanarySettings(store.url, folder);
    const api = await start('kuanary-server', settings);
    const reference = await start('complete-reference', settings);
    const runRound = async (): Promise<Pair> => {
      const uploads = await uploadPictures(api.url, settings['API_KEYS'] ?? '', 2 * uploadsPerRound);
      const [ours, theirs] = [uploads.slice(0, uploadsPerRound), uploads.slice(uploadsPerRound)];
      const job: CompleteJob = { uploadIds: theirs.map(({ uploadId }) => uploadId), concurrency };
      const referenceSeconds = await runJob(reference.url, job);
      const seconds = await runConcurrently(ours, concurrency, ({ ticket }) => completeUpload(api.url, ticket));
      return { value: uploadsPerRound / seconds, reference: uploadsPerRound / referenceSeconds };
    };

    progress(`warming up; then ${rounds} rounds of ${uploadsPerRound} uploads each way, ${concurrency} at a time`);
    await runRound();
    const pairs: Pair[] = [];
    for (let round = 0; round < rounds; round += 1) pairs.push(await runRound());
    const goal = { figure: 'ratio', comparison: '>=', limit: 0.8 } as const;
    return [summarisePairs('complete/bare-script', 'completions/s', pairs, goal)];
  });

/** What comes before: signed and uploaded, as browsers do it. */
async function uploadPictures(apiUrl: string, apiKey: string, count: number): Promise<SignUploadAnswer[]> {
  const uploads: SignUploadAnswer[] = [];
  await runConcurrently(Array.from({ length: count }), concurrency, async () => {
    const signed: SignUploadAnswer = await expectJson(
      await fetch(`${apiUrl}/sign-upload`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${apiKey}` },
        body: JSON.stringify({ contentType: 'image/jpeg', size: picture.length }),
      }),
    );
    const form = new FormData();
    for (const [name, value] of Object.entries(signed.fields)) form.append(name, value);
    form.append('file', new Blob([picture]), 'picture.jpg');
    const stored = await fetch(signed.url, { method: 'POST', body: form });
    if (stored.status !== 201) throw new Error(`The store answered ${stored.status}: ${await stored.text()}`);
    await stored.arrayBuffer();
    uploads.push(signed);
  });
  return uploads;
}

async function completeUpload(apiUrl: string, ticket: string): Promise<void> {
  const answer: CompleteAnswer = await expectJson(
    await fetch(`${apiUrl}/complete`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ ticket }),
    }),
  );
  if (answer.image.bytes !== picture.length) throw new Error(`/complete answered ${JSON.stringify(answer)}`);
}

async function expectJson<T>(response: Response): Promise<T> {
  const body = await response.text();
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}: ${body}`);
  return JSON.parse(body);
}
