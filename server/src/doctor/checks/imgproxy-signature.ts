import { randomUUID } from 'node:crypto';
import { buildSourceUrl, type KeyPair, maxSignatureBytes, signImgproxyPath } from '@kuanary/shared/imgproxy-url';
import type { Check, DoctorContext, Finding } from '../check.ts';
import { isFromImgproxy, type Trouble } from '../foreign-answer.ts';
import { explainImgproxyAnswer, readVerdict, type TimedAnswer } from '../imgproxy-answer.ts';
import { askImgproxy, imgproxyAddress } from '../imgproxy-request.ts';

/** `insecure` and `unsafe` are the names that people make a trusted signature of. */
const unsignedSignatures = ['unsigned', 'insecure', 'unsafe'];
const truncatedBytes = 8;
/** Nothing is rendered. */
const judgeTimeoutMs = 10_000;
/** Smaller ones are not allowed in Kuanary either. */
const minSignatureBytes = 8;

export const imgproxySignatureCheck: Check = {
  id: 'imgproxy-signature',
  title: 'imgproxy takes our signatures, and nothing without one',
  needs: ['imgproxy-reachable'],
  async run(context) {
    const path = pathToJudge(context);
    const { keyPairs, signatureSize } = context.config.imgproxy;
    const [pair] = keyPairs;
    if (pair === undefined) throw new Error('the configuration has no imgproxy key');
    const unsigned = await Promise.all(unsignedSignatures.map((signature) => askForVerdict(context, signature, path)));
    const open = unsignedSignatures.filter((_signature, index) => unsigned[index] === 'accepted');
    if (open.length > 0) return explainOpen(open);
    const asked = await ask(context, signImgproxyPath(path, pair, signatureSize), path);
    if ('trouble' in asked) return { verdict: 'fail', ...asked.trouble };
    const judged = judge(asked.answer);
    if (judged === 'refused') return { verdict: 'fail', ...(await explainMismatch(context, path)) };
    // Where a CDN has a page of its own for every error, the status still tells the two apart.
    const differs = asked.answer.status === 404 && unsigned.every((verdict) => verdict === 'refused');
    if (judged === 'unclear' && !differs) {
      return { verdict: 'fail', ...explainImgproxyAnswer(asked.answer, 'A signed address', context.config) };
    }
    return (
      (await findWeakCheck(context, path, pair)) ?? {
        verdict: 'pass',
        found: 'Unsigned addresses are refused, ours are accepted.',
      }
    );
  },
};

/**
 * The signature is looked at before the options. With an option that no imgproxy understands nothing is read or rendered,
 * and a refused signature (403) and an accepted one (404) differ by their status, whatever becomes of the bodies.
 */
function pathToJudge({ config }: DoctorContext): string {
  return `/rs:fit:none:1/plain/${buildSourceUrl(config.storage.bucket, `image-${randomUUID()}.png`)}`;
}

function ask(context: DoctorContext, signature: string, path: string) {
  return askImgproxy(context, imgproxyAddress(context.config, `/${signature}${path}`), { timeoutMs: judgeTimeoutMs });
}

type Judgement = 'accepted' | 'refused' | 'unclear';

/** Only what imgproxy itself says behind its signature check counts as accepted: a proxy has a 404 of its own. */
function judge(answer: TimedAnswer): Judgement {
  const verdict = readVerdict(answer);
  if (verdict === 'no-route') return 'unclear';
  if (verdict !== 'other' && verdict !== 'signature-refused') return 'accepted';
  if (answer.status === 403) return 'refused';
  return isFromImgproxy(answer) && [200, 404, 422].includes(answer.status) ? 'accepted' : 'unclear';
}

async function askForVerdict(context: DoctorContext, signature: string, path: string): Promise<Judgement> {
  const asked = await ask(context, signature, path);
  return 'answer' in asked ? judge(asked.answer) : 'unclear';
}

async function isAccepted(context: DoctorContext, signature: string, path: string): Promise<boolean> {
  return (await askForVerdict(context, signature, path)) === 'accepted';
}

function explainOpen(open: readonly string[]): Finding {
  if (open.length < unsignedSignatures.length) {
    return {
      verdict: 'fail',
      found: `imgproxy accepts "${open.join('" and "')}" in the place of a signature.`,
      cause:
        'IMGPROXY_TRUSTED_SIGNATURES is set there: whoever knows the word can have any picture of the bucket made.',
      remedy: 'Remove IMGPROXY_TRUSTED_SIGNATURES at imgproxy, and restart it.',
    };
  }
  return {
    verdict: 'fail',
    found: 'imgproxy accepts addresses without a signature.',
    cause:
      'It runs without a key and a salt (or something in front signs for everybody): anyone can have any object of the bucket shown, in any size.',
    remedy:
      'Give imgproxy the same two lines that Kuanary has, IMGPROXY_KEY=<hex> and IMGPROXY_SALT=<hex>, and restart it. Its log must not say "No keys defined, so signature checking is disabled".',
  };
}

/** What our signature must not do: stand for another path, or be cut. */
async function findWeakCheck(context: DoctorContext, path: string, pair: KeyPair): Promise<Finding | undefined> {
  const { signatureSize } = context.config.imgproxy;
  const signature = signImgproxyPath(path, pair, signatureSize);
  const [cut, moved] = await Promise.all([
    signatureSize > truncatedBytes && isAccepted(context, signImgproxyPath(path, pair, truncatedBytes), path),
    isAccepted(context, signature, `/bl:1${path}`),
  ]);
  if (!cut && !moved) return undefined;
  return {
    verdict: 'fail',
    found: cut ? 'imgproxy accepts a signature that is cut off.' : 'imgproxy accepts the signature of another address.',
    cause: 'Something between here and imgproxy checks signatures less strictly, or signs by itself.',
    remedy: 'Let the proxy or CDN pass the path on unchanged, and leave signatures to Kuanary and imgproxy alone.',
  };
}

interface Attempt {
  signature: string;
  trouble: Omit<Trouble, 'found'>;
}

/** The usual ways in which the settings of the two differ; the first that imgproxy accepts is the answer. */
async function explainMismatch(context: DoctorContext, path: string): Promise<Trouble> {
  const found = 'imgproxy refuses our signature ("Invalid signature" in its log).';
  const attempts = listAttempts(context, path);
  const verdicts = await Promise.all(attempts.map(({ signature }) => isAccepted(context, signature, path)));
  const accepted = attempts.find((_attempt, index) => verdicts[index]);
  if (accepted !== undefined) return { found, ...accepted.trouble };
  const { keyPairs } = context.config.imgproxy;
  const lengths = keyPairs.map(({ key, salt }) => `${key.length * 2} and ${salt.length * 2}`).join(', then ');
  return {
    found,
    cause: `IMGPROXY_KEY or IMGPROXY_SALT differs between Kuanary and imgproxy (here the two have ${lengths} hex digits), or IMGPROXY_SECRET is set at imgproxy, which no browser sends.`,
    remedy:
      'Copy the same hex values to both, and restart both. See what imgproxy really has: `docker compose exec imgproxy printenv IMGPROXY_KEY`. Quotes and spaces count as part of the value where a compose file lists "- IMGPROXY_KEY=…".',
  };
}

function listAttempts(context: DoctorContext, path: string): Attempt[] {
  const { keyPairs, signatureSize } = context.config.imgproxy;
  const sign = (pair: KeyPair, size = signatureSize): string => signImgproxyPath(path, pair, size);
  const [first, ...others] = keyPairs;
  if (first === undefined) return [];
  const otherPairs = others.map((pair, index) => ({
    signature: sign(pair),
    trouble: {
      cause: `imgproxy has pair ${index + 2} of our ${keyPairs.length} key pairs, but not the first one, and the first one signs.`,
      remedy:
        'For a rotation give imgproxy the new pair first, and restart it; only then put that pair in front in IMGPROXY_KEY and IMGPROXY_SALT here.',
    },
  }));
  const swapped = {
    signature: sign({ key: first.salt, salt: first.key }),
    trouble: {
      cause: 'The key and the salt are swapped: what is IMGPROXY_KEY here is IMGPROXY_SALT at imgproxy.',
      remedy: 'Swap the two values in one of the places, and restart.',
    },
  };
  const otherOrder = keyPairs.flatMap((key) =>
    keyPairs
      .filter((salt) => salt !== key)
      .map((salt) => ({
        signature: sign({ key: key.key, salt: salt.salt }),
        trouble: {
          cause: 'Keys and salts are paired by their order in the lists, and the order at imgproxy is another.',
          remedy: 'Write IMGPROXY_KEY and IMGPROXY_SALT in the same order in both places.',
        },
      })),
  );
  const sizes = Array.from(
    { length: maxSignatureBytes - minSignatureBytes + 1 },
    (_, index) => index + minSignatureBytes,
  );
  const otherSizes = sizes
    .filter((size) => size !== signatureSize)
    .map((size) => ({
      signature: sign(first, size),
      trouble: {
        cause: `Key and salt are right, but IMGPROXY_SIGNATURE_SIZE is ${size} at imgproxy and ${signatureSize} here.`,
        remedy: `Set IMGPROXY_SIGNATURE_SIZE to the same number in both places; ${maxSignatureBytes} is the default and the safest.`,
      },
    }));
  return [...otherPairs, swapped, ...otherOrder, ...otherSizes];
}
