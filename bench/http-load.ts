import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { resolvePeer } from './peer-packages.ts';

export interface LoadRequest {
  url: string;
  method: 'GET' | 'POST';
  headers?: Record<string, string>;
  body?: string;
}

export interface LoadResult {
  requestsPerSecond: number;
  p99Ms: number;
}

interface AutocannonReport {
  duration: number;
  errors: number;
  non2xx: number;
  requests: { total: number };
  latency: { p99: number };
}

/**
 * Sends a request again and again over some connections, each waiting for its answer. The load comes from a process of its
 * own. @throws if a single answer was not a success: a server that refuses is fast.
 */
export async function runHttpLoad(
  request: LoadRequest,
  load: { connections: number; seconds: number },
): Promise<LoadResult> {
  const args = [resolvePeer('autocannon'), '--json', '--no-progress', '--method', request.method];
  args.push('--connections', String(load.connections), '--duration', String(load.seconds));
  for (const [name, value] of Object.entries(request.headers ?? {})) args.push('--headers', `${name}=${value}`);
  if (request.body !== undefined) args.push('--body', request.body);
  const { stdout } = await promisify(execFile)(process.execPath, [...args, request.url]);
  const report: AutocannonReport = JSON.parse(stdout);
  if (report.errors > 0 || report.non2xx > 0 || report.requests.total === 0) {
    throw new Error(
      `${request.url}: ${report.requests.total} answers, ${report.non2xx} of them no success, ${report.errors} errors`,
    );
  }
  return { requestsPerSecond: report.requests.total / report.duration, p99Ms: report.latency.p99 };
}
