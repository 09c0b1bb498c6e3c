import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { announceUrl } from './servers/announce-url.ts';

/** In a process of its own: carries out each job that is posted to it, and answers with the seconds that it took. */
export function serveJobs<Job>(run: (job: Job) => Promise<number>): void {
  const server = createServer((request, response) => {
    text(request)
      .then((body) => run(JSON.parse(body)))
      .then((seconds) => response.end(JSON.stringify(seconds)))
      .catch((error: unknown) => {
        console.error(error);
        response.writeHead(500).end();
      });
  }).listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo;
    announceUrl(`http://127.0.0.1:${port}`);
  });
}

/** Has a job done by the process at this address. */
export async function runJob<Job>(url: string, job: Job): Promise<number> {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(job) });
  if (!response.ok) throw new Error('The reference failed; the lines above say why.');
  return Number(await response.text());
}
