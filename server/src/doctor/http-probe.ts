/** One answer, read as far as a probe needs it. */
export interface HttpAnswer {
  status: number;
  /** Lower-case names; several values of one name are joined by ", ". */
  headers: Headers;
  /** At most `maxBodyBytes` of the body. */
  body: Buffer;
}

export interface HttpProbe {
  /**
   * Sends one request and follows no redirect. The time limit covers the whole exchange.
   *
   * @throws HttpProbeError where no answer came
   */
  send(address: string, request?: RequestInit & { timeoutMs?: number }): Promise<HttpAnswer>;
}

/** No answer. `reason` is for people: "connection refused", "no answer within 10 s", "the name does not resolve". */
export class HttpProbeError extends Error {
  readonly reason: string;

  constructor(address: string, reason: string, cause: unknown) {
    super(`${new URL(address).origin}: ${reason}`, { cause });
    this.name = 'HttpProbeError';
    this.reason = reason;
  }
}

const defaultProbeTimeoutMs = 10_000;
const maxBodyBytes = 1_048_576;

/** What Node calls a failed connection, in words. */
const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused: nothing listens there',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was closed while sending',
  UND_ERR_SOCKET: 'the connection was closed before an answer',
  ENOTFOUND: 'the name does not resolve',
  EAI_AGAIN: 'the name does not resolve (no answer from the name server)',
  ETIMEDOUT: 'no connection in time',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  EHOSTUNREACH: 'no route to that host',
  ENETUNREACH: 'no route to that network',
  CERT_HAS_EXPIRED: 'its TLS certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its TLS certificate is for another name',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its TLS certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'its TLS certificate is signed by an unknown authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its TLS certificate is signed by an unknown authority',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS: http:// instead of https://?',
  'bad port': 'browsers and this program refuse to connect to this port, which is reserved for another protocol',
  HPE_INVALID_CONSTANT: 'it does not speak HTTP: https:// instead of http://?',
};

/** @param timeoutMs of requests that name none */
export function createHttpProbe(signal: AbortSignal, timeoutMs = defaultProbeTimeoutMs): HttpProbe {
  return {
    async send(address, { timeoutMs: limitMs = timeoutMs, ...request } = {}) {
      const timeout = AbortSignal.timeout(limitMs);
      try {
        const response = await fetch(address, {
          ...request,
          redirect: 'manual',
          signal: AbortSignal.any([signal, timeout]),
        });
        return { status: response.status, headers: response.headers, body: await readBody(response) };
      } catch (error) {
        if (signal.aborted) throw error;
        const reason = timeout.aborted ? `no answer within ${limitMs / 1000} s` : reasonOfNoAnswer(error);
        throw new HttpProbeError(address, reason, error);
      }
    },
  };
}

async function readBody(response: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  if (response.body === null) return Buffer.alloc(0);
  for await (const chunk of response.body) {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    // Leaving the loop cancels the rest.
    if (bytes >= maxBodyBytes) break;
  }
  return Buffer.concat(chunks).subarray(0, maxBodyBytes);
}

/** Why no answer came, for people, from the error of `fetch`, of a socket or of the SDK. */
export function reasonOfNoAnswer(error: unknown): string {
  let message = String(error);
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
    if (code !== undefined) return reasons[code] ?? `no answer (${code})`;
    message = reasons[cause.message] ?? cause.message;
  }
  return message;
}
