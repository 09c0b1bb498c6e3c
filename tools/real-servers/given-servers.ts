import type { AccessKeys } from './start-radosgw.ts';

export const serverNames = ['s3', 'imgproxy'] as const;
export type ServerName = (typeof serverNames)[number];

export interface S3Address {
  endpoint: string;
  region: string;
  owner: AccessKeys;
  /** A second account, for what belongs to somebody else. */
  other: AccessKeys | null;
}

export interface ImgproxyAddress {
  url: string;
  /** Hex, as imgproxy itself takes them. */
  key: string;
  salt: string;
}

export interface GivenServers {
  s3: S3Address | null;
  imgproxy: ImgproxyAddress | null;
  /** The one that imgproxy may read. */
  bucket: string | null;
  /** Their absence is a failure. */
  required: ServerName[];
  debianMirror: string | null;
}

/** Wrong usage of the command; the message has one mistake per line. */
export class UsageError extends Error {
  constructor(mistakes: readonly string[]) {
    super(mistakes.join('\n'));
    this.name = 'UsageError';
  }
}

const s3Names = [
  'KUANARY_TEST_S3_ENDPOINT',
  'KUANARY_TEST_S3_REGION',
  'KUANARY_TEST_S3_ACCESS_KEY',
  'KUANARY_TEST_S3_SECRET_KEY',
];
const otherNames = ['KUANARY_TEST_S3_OTHER_ACCESS_KEY', 'KUANARY_TEST_S3_OTHER_SECRET_KEY'];
const imgproxyNames = ['KUANARY_TEST_IMGPROXY_URL', 'KUANARY_TEST_IMGPROXY_KEY', 'KUANARY_TEST_IMGPROXY_SALT'];

/** Reads the addresses of servers that are there already. @throws UsageError naming every mistake */
export function parseGivenServers(environment: NodeJS.ProcessEnv): GivenServers {
  const mistakes: string[] = [];
  const read = (name: string): string => environment[name] ?? '';
  /** All of them, or none. */
  const readGroup = (names: readonly string[]): string[] | null => {
    const values = names.map(read);
    if (values.every((value) => value === '')) return null;
    const unset = names.filter((_, at) => values[at] === '');
    if (unset.length === 0) return values;
    mistakes.push(`${unset.join(' and ')} must be set too, beside ${names.find((name) => !unset.includes(name))}`);
    return null;
  };
  const s3 = readGroup(s3Names);
  const other = readGroup(otherNames);
  const imgproxy = readGroup(imgproxyNames);
  const bucket = read('KUANARY_TEST_S3_BUCKET');
  if (other !== null && s3 === null)
    mistakes.push(`${otherNames[0]} is a second account of the server that ${s3Names[0]} names`);
  if (imgproxy !== null && (s3 === null || bucket === ''))
    mistakes.push(
      `${imgproxyNames[0]} needs ${s3Names[0]} and KUANARY_TEST_S3_BUCKET: the bucket which that imgproxy reads`,
    );
  if (bucket !== '' && s3 === null)
    mistakes.push(`KUANARY_TEST_S3_BUCKET is a bucket of the server that ${s3Names[0]} names`);
  const required = parseRequired(read('KUANARY_TEST_REQUIRE_REAL'), mistakes);
  if (mistakes.length > 0) throw new UsageError([...new Set(mistakes)]);

  const keysOf = ([accessKey = '', secretKey = '']: string[]): AccessKeys => ({ accessKey, secretKey });
  const [endpoint = '', region = '', ...owner] = s3 ?? [];
  const [url = '', key = '', salt = ''] = imgproxy ?? [];
  return {
    s3: s3 === null ? null : { endpoint, region, owner: keysOf(owner), other: other === null ? null : keysOf(other) },
    imgproxy: imgproxy === null ? null : { url, key, salt },
    bucket: bucket === '' ? null : bucket,
    required,
    debianMirror: read('KUANARY_TEST_DEBIAN_MIRROR') || null,
  };
}

function parseRequired(text: string, mistakes: string[]): ServerName[] {
  const asked = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const unknown = asked.filter((name) => !serverNames.some((known) => known === name));
  if (unknown.length > 0)
    mistakes.push(`KUANARY_TEST_REQUIRE_REAL knows ${serverNames.join(' and ')}, not ${unknown.join(', ')}`);
  return serverNames.filter((name) => asked.includes(name));
}

/** How the tests are told: `server/test` and `e2e` read these variables. */
export function toTestEnvironment(
  s3: S3Address,
  imgproxy: ImgproxyAddress | null,
  bucket: string | null,
): Record<string, string> {
  const { owner, other } = s3;
  return {
    KUANARY_TEST_S3_ENDPOINT: s3.endpoint,
    KUANARY_TEST_S3_REGION: s3.region,
    KUANARY_TEST_S3_ACCESS_KEY: owner.accessKey,
    KUANARY_TEST_S3_SECRET_KEY: owner.secretKey,
    ...(other === null
      ? {}
      : { KUANARY_TEST_S3_OTHER_ACCESS_KEY: other.accessKey, KUANARY_TEST_S3_OTHER_SECRET_KEY: other.secretKey }),
    ...(bucket === null ? {} : { KUANARY_TEST_S3_BUCKET: bucket }),
    ...(imgproxy === null
      ? {}
      : {
          KUANARY_TEST_IMGPROXY_URL: imgproxy.url,
          KUANARY_TEST_IMGPROXY_KEY: imgproxy.key,
          KUANARY_TEST_IMGPROXY_SALT: imgproxy.salt,
        }),
  };
}
