import { request } from 'node:http';
import { type KeyPair, signImgproxyPath } from '@kuanary/shared/imgproxy-url';
import sharp from 'sharp';

export interface RawAnswer {
  status: number;
  headers: Record<string, string | undefined>;
  body: Buffer;
}

export interface RequestOptions {
  method?: string;
  headers?: Record<string, string>;
}

/** Sends a path exactly as it is given: `fetch` would rewrite dots, slashes and escapes first. */
export function sendRaw(baseUrl: string, path: string, options: RequestOptions = {}): Promise<RawAnswer> {
  const { hostname, port } = new URL(baseUrl);
  return new Promise((resolve, reject) => {
    const sent = request(
      { hostname, port, path, method: options.method ?? 'GET', headers: options.headers ?? {}, agent: false },
      (message) => {
        const chunks: Buffer[] = [];
        message.on('data', (chunk: Buffer) => chunks.push(chunk));
        message.once('error', reject);
        message.once('end', () => {
          const headers = Object.fromEntries(
            Object.entries(message.headers).map(([name, value]) => [name, value?.toString()]),
          );
          resolve({ status: message.statusCode ?? 0, headers, body: Buffer.concat(chunks) });
        });
      },
    );
    sent.once('error', reject);
    sent.end();
  });
}

/** `/signature` and what it signs; `path` begins with a slash. */
export function signedPath(path: string, pair: KeyPair, signatureSize = 32): string {
  return `/${signImgproxyPath(path, pair, signatureSize)}${path}`;
}

/** What a decoder says about a picture: `webp 300x200`. */
export async function describePicture(bytes: Buffer): Promise<string> {
  const { format, compression, width, height } = await sharp(bytes).metadata();
  return `${compression === 'av1' ? 'avif' : format} ${width}x${height}`;
}
