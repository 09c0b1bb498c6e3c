import { type LoadRequest, type LoadResult, runHttpLoad } from './http-load.ts';
import { buildKuanarySettings } from './kuanary-settings.ts';
import { type Benchmark, type Measurement, summarisePairs } from './measurement.ts';
import { withServerGroup } from './server-group.ts';

const rounds = 10;
const load = { connections: 20, seconds: 2 };
const warmUp = { ...load, seconds: 5 };

/** Requests a second of three servers that run side by side and are asked in turn. */
export const signUpload: Benchmark = (progress) =>
  withServerGroup(async ({ folder, start }) => {
    // Nobody listens there: signing takes no storage call.
    const settings = buildKuanarySettings('http://127.0.0.1:9', folder);
    const api = await start('kuanary-server', settings);
    const ours = signingRequest(api.url, settings['API_KEYS'] ?? '');
    const express = await start('express-server', { BENCH_ANSWER: await answerOf(ours) });
    const companion = await start('companion-server', { ...settings, BENCH_FOLDER: folder });
    const requests = {
      ours,
      express: { ...ours, url: `${express.url}/sign-upload` },
      companion: paramsRequest(companion.url),
    };
    return compare(requests, progress);
  });

async function compare(
  requests: Record<'ours' | 'express' | 'companion', LoadRequest>,
  progress: (message: string) => void,
): Promise<Measurement[]> {
  progress(`warming up; then ${rounds} rounds of 3 servers, ${load.seconds} s each`);
  for (const request of Object.values(requests)) await runHttpLoad(request, warmUp);
  const results: Record<keyof typeof requests, LoadResult>[] = [];
  for (let round = 0; round < rounds; round += 1) {
    results.push({
      express: await runHttpLoad(requests.express, load),
      ours: await runHttpLoad(requests.ours, load),
      companion: await runHttpLoad(requests.companion, load),
    });
  }
  const pairs = (figure: keyof LoadResult, other: 'express' | 'companion') =>
    results.map((round) => ({ value: round.ours[figure], reference: round[other][figure] }));
  return [
    summarisePairs('sign-upload/express', 'requests/s', pairs('requestsPerSecond', 'express'), {
      figure: 'ratio',
      comparison: '>=',
      limit: 0.4,
    }),
    summarisePairs('sign-upload/companion', 'requests/s', pairs('requestsPerSecond', 'companion'), {
      figure: 'ratio',
      comparison: '>=',
      limit: 3,
    }),
    summarisePairs('sign-upload/companion-p99', 'ms', pairs('p99Ms', 'companion'), {
      figure: 'ratio',
      comparison: '<=',
      limit: 0.5,
    }),
  ];
}

function signingRequest(url: string, apiKey: string): LoadRequest {
  return {
    url: `${url}/sign-upload`,
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${apiKey}` },
    body: JSON.stringify({ contentType: 'image/jpeg', size: 2_345_678, filename: 'Summer at the lake.jpg' }),
  };
}

function paramsRequest(url: string): LoadRequest {
  const file = new URLSearchParams({ filename: 'Summer at the lake.jpg', type: 'image/jpeg' });
  return { url: `${url}/s3/params?${file}`, method: 'GET' };
}

/** What the bare Express server answers, so that both send the same number of bytes. */
async function answerOf({ url, method, headers = {}, body = '' }: LoadRequest): Promise<string> {
  const response = await fetch(url, { method, headers, body });
  const answer = await response.text();
  if (response.status !== 201) throw new Error(`/sign-upload answered ${response.status}: ${answer}`);
  return answer;
}
