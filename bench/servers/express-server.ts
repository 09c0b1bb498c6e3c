import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { requireServerDependency } from '../peer-packages.ts';
import { announceUrl } from './announce-url.ts';

/** What of Express is used here. */
interface Express {
  (): RequestListener & { use(middleware: unknown): void; post(path: string, handler: Handler): void };
  json(): unknown;
}
type Handler = (request: unknown, response: { status(code: number): { json(body: unknown): void } }) => void;

/** The least that an Express server can do for a request with a JSON body: parse it, and answer JSON that it has ready. */
const express = requireServerDependency<Express>('express');
const answer: unknown = JSON.parse(process.env['BENCH_ANSWER'] ?? '{}');
const app = express();
app.use(express.json());
app.post('/sign-upload', (_request, response) => response.status(201).json(answer));

const server = createServer(app).listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  announceUrl(`http://127.0.0.1:${port}`);
});
