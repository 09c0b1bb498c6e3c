import { XMLParser } from 'fast-xml-parser';
import type { RawAnswer } from '../sign-request.ts';
import type { Probe, ProbeTarget } from './probe.ts';

/** What a client can depend on in an answer, as flat text: `status` (with the error code), `header etag`, `body /CopyObjectResult/ETag`. */
export type Observation = Readonly<Record<string, string>>;

/** Beside all `x-amz-*`, `access-control-*`. */
const comparedHeaders = new Set([
  'content-type',
  'etag',
  'content-length',
  'content-range',
  'content-encoding',
  'content-disposition',
  'content-language',
  'cache-control',
  'expires',
  'accept-ranges',
  'last-modified',
  'location',
  'vary',
  'allow',
  'www-authenticate',
]);
/** There or not there: their values are each server's own. */
const ownHeaders = new Set(['last-modified', 'x-amz-request-id', 'x-amz-expiration']);
/** Elements whose text is each server's own. */
const ownElements =
  /\/(?:LastModified|UploadId|ID|DisplayName|CreationDate|Initiated|NextUploadIdMarker|NextContinuationToken|ContinuationToken|VersionId|LocationConstraint)$/;
/** Of error documents these are for people and logs: nothing may depend on them. The code is compared as such. */
const unseenElements = /^\/Error\/(?:Message|RequestId|HostId|BucketName|Code)$/;

/** Asks, and takes down the answer. A connection that breaks is an answer too. */
export async function observe(probe: Probe, target: ProbeTarget): Promise<Observation> {
  let answer: RawAnswer;
  try {
    answer = await probe.ask(target);
  } catch (error) {
    return { status: `broken: ${error instanceof Error && 'code' in error ? String(error.code) : String(error)}` };
  }
  const isXml = /^<(?:\?xml|[A-Z])/.test(answer.body.toString());
  const observation: Record<string, string> = { status: `${answer.status} ${answer.code}`.trim() };
  for (const [name, value] of Object.entries(answer.headers)) {
    const compared = comparedHeaders.has(name) || name.startsWith('x-amz-') || name.startsWith('access-control-');
    // Of a document it says nothing that is not seen in the document.
    if (!compared || (isXml && name === 'content-length')) continue;
    // A HEAD that is refused tells the length of a document that is not sent.
    const own = ownHeaders.has(name) || (name === 'content-length' && answer.status >= 400);
    observation[`header ${name}`] = own ? 'present' : withoutNames(value, target);
  }
  if (isXml) Object.assign(observation, observeXml(answer.body.toString(), target));
  else observation['body'] = withoutNames(answer.body.toString(), target);
  return observation;
}

export interface Difference {
  field: string;
  /** `<field>: <here> | <there>` */
  text: string;
}

/** The fields in which two answers differ. Of different statuses the rest follows, so it is not compared. */
export function findDifferences(here: Observation, there: Observation): Difference[] {
  const fields = here['status'] === there['status'] ? [...Object.keys(here), ...Object.keys(there)] : ['status'];
  return [...new Set(fields)]
    .filter((field) => here[field] !== there[field])
    .map((field) => ({ field, text: `${field}: ${here[field] ?? 'none'} | ${there[field] ?? 'none'}` }));
}

const parser = new XMLParser({ ignoreAttributes: true, parseTagValue: false, trimValues: false });

function observeXml(body: string, target: ProbeTarget): Record<string, string> {
  const fields: Record<string, string> = {};
  const visit = (path: string, node: unknown): void => {
    if (Array.isArray(node)) for (const [at, child] of node.entries()) visit(`${path}[${at}]`, child);
    else if (typeof node === 'object' && node !== null) {
      for (const [name, child] of Object.entries(node)) visit(`${path}/${name}`, child);
    } else if (!unseenElements.test(path))
      fields[`body ${path}`] = ownElements.test(path) ? 'present' : withoutNames(String(node), target);
  };
  const { '?xml': _declaration, ...document } = parser.parse(body);
  visit('', document);
  return fields;
}

/** Addresses and random names are put alike. */
function withoutNames(text: string, { address }: ProbeTarget): string {
  return text
    .replaceAll(new URL(address.endpoint).host, 'HOST')
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UUID');
}
