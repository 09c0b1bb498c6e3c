import { connect, type TLSSocket } from 'node:tls';

const connectTimeoutMs = 5_000;
const httpsPort = 443;

/**
 * When the certificate of a server ends. Whether it is trusted is not judged: a request has shown that. `null` where
 * nothing can be learned.
 */
export function readCertificateEnd(address: URL, signal: AbortSignal): Promise<Date | null> {
  const host = address.hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve) => {
    const socket: TLSSocket = connect({
      host,
      port: Number(address.port || httpsPort),
      servername: /^[\d.]+$|:/.test(host) ? '' : host,
      rejectUnauthorized: false,
    });
    const finish = (end: Date | null): void => {
      signal.removeEventListener('abort', abort);
      socket.destroy();
      resolve(end);
    };
    const abort = (): void => finish(null);
    signal.addEventListener('abort', abort);
    socket.setTimeout(connectTimeoutMs, abort);
    socket.on('error', abort);
    socket.once('secureConnect', () => {
      const end = new Date(socket.getPeerCertificate().valid_to);
      finish(Number.isNaN(end.getTime()) ? null : end);
    });
  });
}
