import type { Check, DoctorContext, Finding } from '../check.ts';
import { describeAnswer } from '../describe-answer.ts';
import { type HttpAnswer, HttpProbeError } from '../http-probe.ts';
import { probePicture } from '../imgproxy-request.ts';
import { createPng } from '../png-writer.ts';
import { bucketAddress, listStorageEndpoints, objectAddress } from '../storage-endpoints.ts';

interface AnonymousRequest {
  /** As in "Anybody may … ". */
  deed: string;
  address: string;
  init: RequestInit;
  /** Whether this answer with a 2xx status proves that it was carried out: a login page has one too. */
  succeeded(answer: HttpAnswer): boolean | Promise<boolean>;
}

/** What came of a request: carried out, refused, or not to be judged. */
type Outcome = { deed: string; allowed: boolean } | { deed: string; unclear: string };

const probeText = Buffer.from('private');
const anonymousText = Buffer.from('anonymous');

const closeBucket =
  'Make the bucket private in the console of your storage (Hetzner: Visibility), and remove public rules: `aws s3api delete-bucket-policy` and `put-bucket-acl --acl private`. imgproxy reads with a key of its own.';

export const bucketPrivateCheck: Check = {
  id: 'bucket-private',
  title: 'The bucket is private',
  needs: ['object-permissions'],
  async run(context) {
    const probe = context.probes.reserveKey();
    await context.storage.put(probe, probeText, { contentType: 'text/plain', metadata: {} });
    const picture = await context.images.rootImage(probePicture);
    const requests = listStorageEndpoints(context.config).flatMap(({ address }) =>
      anonymousRequests(context, address, { probe, picture }),
    );
    const outcomes = await Promise.all(requests.map((request) => ask(request, context)));
    const allowed = [
      ...new Set(outcomes.flatMap((outcome) => ('allowed' in outcome && outcome.allowed ? [outcome.deed] : []))),
    ];
    if (allowed.length > 0) return isPublic(allowed);
    const unclear = outcomes.find((outcome) => 'unclear' in outcome);
    if (unclear !== undefined && 'unclear' in unclear) return notKnown(unclear);
    return { verdict: 'pass', found: 'Requests without a signature are refused: to read, to list and to write.' };
  },
};

function anonymousRequests(
  { config, probes, storage }: DoctorContext,
  endpoint: string,
  keys: { probe: string; picture: string },
): AnonymousRequest[] {
  const pictureBytes = createPng(probePicture);
  const written = probes.reserveKey('-anonymous');
  return [
    {
      deed: 'read uploads in tmp/',
      address: objectAddress(endpoint, keys.probe, config),
      init: {},
      succeeded: ({ body }) => probeText.equals(body),
    },
    {
      deed: 'read images',
      address: objectAddress(endpoint, keys.picture, config),
      init: {},
      succeeded: ({ body }) => body.equals(pictureBytes),
    },
    {
      deed: 'read images',
      address: objectAddress(endpoint, keys.picture, config),
      init: { method: 'HEAD' },
      succeeded: ({ headers }) => headers.get('content-length') === String(pictureBytes.byteLength),
    },
    {
      deed: 'list the bucket',
      address: `${bucketAddress(endpoint, config)}?list-type=2&max-keys=1`,
      init: {},
      succeeded: ({ body }) => /<ListBucketResult[\s>]/.test(body.toString('utf8')),
    },
    {
      deed: 'write into the bucket',
      address: objectAddress(endpoint, written, config),
      init: { method: 'PUT', body: anonymousText, headers: { 'Content-Type': 'text/plain' } },
      succeeded: async () => anonymousText.equals((await storage.readRange(written, 0, 64))?.bytes ?? Buffer.alloc(0)),
    },
  ];
}

async function ask({ deed, address, init, succeeded }: AnonymousRequest, { http }: DoctorContext): Promise<Outcome> {
  try {
    const answer = await http.send(address, init);
    if (answer.status >= 400 && answer.status < 500) return { deed, allowed: false };
    const isDone = answer.status >= 200 && answer.status < 300 && (await succeeded(answer));
    return isDone ? { deed, allowed: true } : { deed, unclear: describeAnswer(answer) };
  } catch (error) {
    if (!(error instanceof HttpProbeError)) throw error;
    return { deed, unclear: error.message };
  }
}

function isPublic(deeds: readonly string[]): Finding {
  return {
    verdict: 'fail',
    found: `Anybody may ${deeds.join(', and ')}, without a key.`,
    cause: 'The bucket was made public, or has a policy or access list for everybody.',
    remedy: `${closeBucket} Originals hold what cameras write into them, such as the place; imgproxy takes that out.`,
  };
}

function notKnown({ deed, unclear }: { deed: string; unclear: string }): Finding {
  return {
    verdict: 'warn',
    found: `Whether anybody may ${deed} is not known: ${unclear}.`,
    cause: 'The storage, or a proxy in front of it, does not answer requests without a signature as S3 does (403).',
    remedy: 'Look at the log of the storage for this moment, and run `kuanary doctor --only bucket-private` again.',
  };
}
