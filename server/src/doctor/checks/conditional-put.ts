import { PutObjectCommand } from '@aws-sdk/client-s3';
import { statusOf } from '../../storage/s3-errors.ts';
import type { Check, DoctorContext } from '../check.ts';
import { describeFailure } from '../describe-answer.ts';
import type { Trouble } from '../foreign-answer.ts';

const parallelPuts = 20;
/** A race is lost only sometimes. */
const rounds = 3;

export const conditionalPutCheck: Check = {
  id: 'conditional-put',
  title: 'Of several writers of one key, the storage lets exactly one win',
  needs: ['object-permissions'],
  async run(context) {
    const { singleInstance } = context.config.uploads;
    const trouble = (await findIgnoredCondition(context)) ?? (await findRace(context));
    if (trouble !== undefined) return singleInstance && trouble.verdict === 'fail' ? coverByLock(trouble) : trouble;
    const proven = `A second PUT with If-None-Match: * is refused; of ${parallelPuts} at once exactly one wins (${rounds} rounds).`;
    if (!singleInstance) return { verdict: 'pass', found: proven };
    return { verdict: 'info', found: `${proven} So SINGLE_INSTANCE=true is not needed here.` };
  },
};

/** `status` is undefined where no answer came. */
type PutOutcome = 'written' | 'refused' | { failure: string; status: number | undefined };

/** What Kuanary does to commit, sent once: a retry would be refused by its own first attempt. */
async function putIfAbsent({ s3, config, signal }: DoctorContext, key: string, text: string): Promise<PutOutcome> {
  const command = new PutObjectCommand({
    Bucket: config.storage.bucket,
    Key: key,
    Body: Buffer.from(text),
    ContentType: 'text/plain',
    IfNoneMatch: '*',
  });
  try {
    await s3.once.send(command, { abortSignal: signal });
    return 'written';
  } catch (error) {
    if (signal.aborted) throw error;
    const status = statusOf(error);
    return status === 412 || status === 409 ? 'refused' : { failure: describeFailure(error), status };
  }
}

type Verdicted = Trouble & { verdict: 'warn' | 'fail' };

async function findIgnoredCondition(context: DoctorContext): Promise<Verdicted | undefined> {
  const key = context.probes.reserveKey();
  const first = await putIfAbsent(context, key, 'first');
  if (first !== 'written') {
    const answer = first === 'refused' ? 'it is refused, though nothing is there' : first.failure;
    return explainFailure(`A PUT of a new key with If-None-Match: * fails: ${answer}.`, first);
  }
  const second = await putIfAbsent(context, key, 'second');
  const kept = Buffer.from((await context.storage.readRange(key, 0, 64))?.bytes ?? []).toString();
  if (second === 'written' || kept !== 'first') {
    return unusable(
      kept === 'first'
        ? 'A second PUT with If-None-Match: * is answered with success, though it is not carried out.'
        : 'A second PUT with If-None-Match: * overwrites the first: the condition is ignored.',
    );
  }
  return second === 'refused'
    ? undefined
    : explainFailure(`A second PUT with If-None-Match: * fails: ${second.failure}.`, second);
}

/** Of a server that does not know the condition; 403 where a proxy drops the header, which the signature covers. */
const unknownConditionStatuses = [400, 403, 405, 501];

/** A plain PUT has worked before: what fails is the condition, or the server has just broken down. */
function explainFailure(found: string, outcome: Exclude<PutOutcome, 'written'>): Verdicted {
  if (outcome === 'refused' || unknownConditionStatuses.includes(outcome.status ?? 0)) return unusable(found);
  return {
    verdict: 'fail',
    found,
    cause:
      'PUTs without the condition are answered. The storage, or a proxy in front of it, breaks down or hangs on this one.',
    remedy: 'Look at the log of the storage and of the proxy for this moment, and run the doctor again.',
  };
}

function unusable(found: string): Verdicted {
  return {
    verdict: 'fail',
    found,
    cause:
      'The storage (or a proxy that drops the header) has no conditional writes. Two instances could then both commit one upload, so Kuanary answers 503 to uploads.',
    remedy: `Use a storage with conditional writes: AWS S3, Ceph (Hetzner), versitygw, MinIO, SeaweedFS since August 2025. ${singleInstanceRemedy}`,
  };
}

const singleInstanceRemedy =
  'If exactly one instance of Kuanary writes to this bucket, set SINGLE_INSTANCE=true: a lock in the process then takes the place of the condition. The price: never a second instance, so no rolling restart and no spare one; stop the old process before the new one starts.';

async function findRace(context: DoctorContext): Promise<Verdicted | undefined> {
  const failures: string[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const key = context.probes.reserveKey();
    const outcomes = await Promise.all(
      Array.from({ length: parallelPuts }, (_, writer) => putIfAbsent(context, key, `writer ${writer}`)),
    );
    const winners = outcomes.flatMap((outcome, writer) => (outcome === 'written' ? [`writer ${writer}`] : []));
    if (winners.length > 1) return racy(winners.length);
    failures.push(...outcomes.flatMap((outcome) => (typeof outcome === 'object' ? [outcome.failure] : [])));
    const kept = Buffer.from((await context.storage.readRange(key, 0, 64))?.bytes ?? []).toString();
    const [winner] = winners;
    if (winner !== undefined && kept !== winner) return overwritten();
    // An unanswered writer may have won; with every writer answered, somebody must have.
    if (winner === undefined && kept === '') return nobodyWins(failures);
  }
  return failures.length === 0 ? undefined : unsteady(failures);
}

function racy(winners: number): Verdicted {
  return {
    verdict: 'fail',
    found: `Of ${parallelPuts} PUTs at once with If-None-Match: *, ${winners} succeeded: the condition is checked, but not atomically.`,
    cause:
      'The storage looks whether the key exists and writes afterwards. Two instances could both commit one upload.',
    remedy: `Use a storage whose conditional writes are atomic: AWS S3, Ceph (Hetzner), versitygw, MinIO. ${singleInstanceRemedy}`,
  };
}

function overwritten(): Verdicted {
  return {
    verdict: 'fail',
    found: `Of ${parallelPuts} PUTs at once with If-None-Match: *, one succeeded, but the bytes of another are stored.`,
    cause: 'The storage refuses a writer and stores its object all the same: its conditional writes are not atomic.',
    remedy: `Use a storage whose conditional writes are atomic: AWS S3, Ceph (Hetzner), versitygw, MinIO. ${singleInstanceRemedy}`,
  };
}

function nobodyWins(failures: readonly string[]): Verdicted {
  const failed = failures.length === 0 ? '' : ` Failures: ${summarise(failures)}.`;
  return {
    verdict: 'warn',
    found: `Of ${parallelPuts} PUTs at once with If-None-Match: *, none succeeded and nothing is stored.${failed}`,
    cause: 'The storage refuses all writers that come at the same moment.',
    remedy:
      'Uploads are safe; when one is completed twice at once, clients may have to repeat. Ask the provider about it.',
  };
}

function unsteady(failures: readonly string[]): Verdicted {
  return {
    verdict: 'warn',
    found: `${failures.length} of ${parallelPuts * rounds} parallel PUTs failed otherwise than by their condition: ${summarise(failures)}.`,
    cause: `The storage, or a proxy in front of it, does not take ${parallelPuts} writes at once.`,
    remedy:
      'Commits are safe, but under load uploads will be answered 503. Raise the limit of connections or requests there.',
  };
}

function summarise(failures: readonly string[]): string {
  return [...new Set(failures)].slice(0, 3).join('; ');
}

function coverByLock({ found }: Trouble): Verdicted {
  return {
    verdict: 'warn',
    found,
    cause: 'SINGLE_INSTANCE=true is set, so a lock in the process takes the place of the condition.',
    remedy:
      'Run exactly one instance on this bucket, and stop it before another starts. With a storage that has conditional writes the setting could go.',
  };
}
