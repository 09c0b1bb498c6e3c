import { type Logger, pino } from 'pino';
import type { LogLevel } from '../settings.ts';

/** Lines are gathered up to this size or this long, so that a busy server makes few writes; an exit writes the rest. */
const gatheredBytes = 4096;
const gatheredMs = 100;

/** JSON lines on stdout, written asynchronously: a log reader that hangs must not stop requests. */
export function createLogger(level: LogLevel): Logger {
  return pino(
    { level, base: null, serializers: { err: serialiseError } },
    pino.destination({ fd: 1, sync: false, minLength: gatheredBytes, periodicFlush: gatheredMs }),
  );
}

/** Name, message and stack along the causes. SDK errors also carry the request, with signatures in it: that stays out. */
function serialiseError(error: unknown): unknown {
  if (!(error instanceof Error)) return { message: String(error) };
  const status = httpStatusOf(error);
  return {
    name: error.name,
    message: error.message,
    stack: error.stack,
    ...(status === undefined ? {} : { status }),
    ...(error.cause === undefined ? {} : { cause: serialiseError(error.cause) }),
  };
}

function httpStatusOf(error: Error): unknown {
  const metadata = '$metadata' in error ? error.$metadata : undefined;
  return typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata
    ? metadata.httpStatusCode
    : undefined;
}
