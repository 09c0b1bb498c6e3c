import type { Readable } from 'node:stream';
import { createS3Clients, type S3Settings } from '../server/src/storage/s3-clients.ts';
import { requireServerDependency } from './peer-packages.ts';

type Command = new (input: Record<string, unknown>) => object;
interface Answer {
  Body?: { transformToByteArray(): Promise<Uint8Array> };
}

/** The SDK by itself, with the client settings of the server. */
export interface BareS3 {
  /** Reads at most `bytes` from the start; `null` where there is no such object. */
  readHead(key: string, bytes: number): Promise<Uint8Array | null>;
  put(key: string, body: Uint8Array | Readable, further: Record<string, unknown>): Promise<void>;
  copy(sourceKey: string, targetKey: string, further: Record<string, unknown>): Promise<void>;
  delete(key: string): Promise<void>;
}

export function createBareS3(settings: S3Settings): BareS3 {
  const sdk =
    requireServerDependency<
      Record<'GetObjectCommand' | 'PutObjectCommand' | 'CopyObjectCommand' | 'DeleteObjectCommand', Command>
    >('@aws-sdk/client-s3');
  const clients = createS3Clients(settings);
  const Bucket = settings.bucket;
  return {
    async readHead(key, bytes) {
      const command = new sdk.GetObjectCommand({ Bucket, Key: key, Range: `bytes=0-${bytes - 1}` });
      try {
        const { Body } = await send(clients.retrying, command);
        return (await Body?.transformToByteArray()) ?? null;
      } catch (error) {
        if (error instanceof Error && error.name === 'NoSuchKey') return null;
        throw error;
      }
    },
    async put(key, body, further) {
      await send(clients.once, new sdk.PutObjectCommand({ Bucket, Key: key, Body: body, ...further }));
    },
    async copy(sourceKey, targetKey, further) {
      const CopySource = `${Bucket}/${sourceKey}`;
      await send(clients.once, new sdk.CopyObjectCommand({ Bucket, Key: targetKey, CopySource, ...further }));
    },
    async delete(key) {
      await send(clients.retrying, new sdk.DeleteObjectCommand({ Bucket, Key: key }));
    },
  };
}

/** The SDK's own types of commands are out of reach here, see `requireServerDependency`. */
function send(client: { send(command: object): Promise<Answer> }, command: object): Promise<Answer> {
  return client.send(command);
}
