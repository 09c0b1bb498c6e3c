import { hkdfSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { type ImageFormat, imageFormats } from '@kuanary/shared/contract';
import { type KeyPair, parseKeyPairs } from '@kuanary/shared/imgproxy-url';
import { z } from 'zod';

/** All settings, validated. Secrets are in here: never log a Config. */
export interface Config {
  production: boolean;
  http: { port: number; host: string; publicUrl: string | undefined; trustProxy: number; shutdownGraceSeconds: number };
  storage: {
    endpoint: string;
    publicEndpoint: string;
    region: string;
    bucket: string;
    accessKey: string;
    secretKey: string;
    forcePathStyle: boolean;
  };
  imgproxy: { url: string; keyPairs: KeyPair[]; signatureSize: number; edition: 'oss' | 'pro' };
  presets: { file: string; defaultPreset: string | undefined };
  uploads: {
    allowedFormats: ReadonlySet<ImageFormat>;
    maxBytes: number;
    maxPixels: number;
    maxSide: number;
    expiresSeconds: number;
    promote: 'copy' | 'stream';
    singleInstance: boolean;
    tmpDir: string;
    tmpMaxBytes: number;
    minBytesPerSecond: number;
    sweepIntervalSeconds: number;
  };
  access: {
    apiKeys: ReadonlyMap<string, string>;
    /** The first signs tickets, all verify them. */
    ticketSecrets: readonly string[];
    allowedOrigins: readonly string[];
    /** Empty: anonymous uploads are off. `['*']`: anyone, also without an origin. */
    anonymousOrigins: readonly string[];
    anonymousMaxBytes: number;
    legacyUpload: 'off' | 'key' | 'anonymous';
  };
  log: { level: LogLevel };
}

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Every mistake of a configuration at once. The sentences name settings, never their values. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `The configuration has ${problems.length === 1 ? 'a mistake' : `${problems.length} mistakes`}:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    );
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

const minSecretCharacters = 32;
const sampleSecret = /change.?me|example|sample|your[-_ ]|placeholder|<|replace.?me|secret.?here/i;
const endpoint = z.url({
  protocol: /^https?$/,
  error: 'must be an address such as https://fsn1.your-objectstorage.com',
});

const required = (what: string) => z.string({ error: `is missing: ${what}` }).min(1, { error: `is empty: ${what}` });
const wholeNumber = (unit: string, min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, { error: `must be a whole number of ${unit} between ${min} and ${max}` })
    .transform(Number)
    .pipe(
      z
        .number()
        .min(min, { error: `must be at least ${min} ${unit}` })
        .max(max, { error: `must be at most ${max} ${unit}` }),
    );
const flag = z.enum(['true', 'false'], { error: 'must be true or false' }).transform((text) => text === 'true');
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);
const secretText = z
  .string()
  .min(minSecretCharacters, {
    error: `must have at least ${minSecretCharacters} characters; openssl rand -hex 32 makes one`,
  })
  .refine((text) => !sampleSecret.test(text), { error: 'is a sample value; make your own with openssl rand -hex 32' });

const apiKeySecret = secretText.regex(/^[\x21-\x7e]+$/, {
  error: 'may hold printable ASCII only, without spaces: it travels in a header',
});

const origins = list.pipe(
  z.array(
    z.string().refine((origin) => origin === '*' || isOrigin(origin), {
      error:
        'must list exact origins such as https://cms.example.com (scheme, host, port if any; no path, no slash at the end), or *',
    }),
  ),
);

const settings = {
  NODE_ENV: z.string().optional(),
  PORT: wholeNumber('port number', 0, 65_535).default(5001),
  HOST: z.string().min(1).default('0.0.0.0'),
  PUBLIC_URL: endpoint.optional(),
  TRUST_PROXY: wholeNumber('proxies', 0, 32).default(0),
  S3_ENDPOINT: required('the address of the object storage').pipe(endpoint),
  S3_PUBLIC_ENDPOINT: endpoint.optional(),
  S3_REGION: required('the region of the bucket, such as fsn1'),
  S3_BUCKET: required('the name of the bucket').pipe(
    z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, { error: 'is not a bucket name (3 to 63 of a-z 0-9 . -)' }),
  ),
  S3_ACCESS_KEY: required('the access key of the object storage'),
  S3_SECRET_KEY: required('the secret key of the object storage').refine((text) => !sampleSecret.test(text), {
    error: 'is a sample value; use the key that your storage gave you',
  }),
  S3_FORCE_PATH_STYLE: flag.default(true),
  IMGPROXY_URL: required('the address of imgproxy').pipe(endpoint),
  IMGPROXY_KEY: required('the hex-encoded key of imgproxy'),
  IMGPROXY_SALT: required('the hex-encoded salt of imgproxy'),
  IMGPROXY_SIGNATURE_SIZE: wholeNumber('bytes', 8, 32).default(32),
  IMGPROXY_EDITION: z.enum(['oss', 'pro'], { error: 'must be oss or pro' }).default('oss'),
  PRESETS_FILE: z.string().min(1).default('data/presets.json'),
  DEFAULT_PRESET: z.string().min(1).optional(),
  ALLOWED_TYPES: list
    .default([...imageFormats])
    .pipe(
      z
        .array(z.enum(imageFormats, { error: `must list some of ${imageFormats.join(',')}` }))
        .min(1, { error: 'must name at least one type' }),
    ),
  MAX_UPLOAD_BYTES: wholeNumber('bytes', 1, 5_368_709_120).default(20_971_520),
  MAX_IMAGE_PIXELS: wholeNumber('pixels', 1, 2_000_000_000).default(50_000_000),
  MAX_IMAGE_SIDE: wholeNumber('pixels', 1, 100_000).default(16_384),
  UPLOAD_EXPIRES_SECONDS: wholeNumber('seconds', 60, 3600).default(600),
  API_KEYS: list.default([]).pipe(z.array(z.string())),
  TICKET_SECRET: list.pipe(z.array(secretText).min(1)).optional(),
  ALLOWED_ORIGINS: origins.default([]),
  ANONYMOUS_ORIGINS: origins.default([]),
  ANONYMOUS_MAX_BYTES: wholeNumber('bytes', 1, 5_368_709_120).default(10_485_760),
  LEGACY_UPLOAD: z.enum(['off', 'key', 'anonymous'], { error: 'must be off, key or anonymous' }).default('key'),
  STORAGE_PROMOTE: z.enum(['copy', 'stream'], { error: 'must be copy or stream' }).default('copy'),
  SINGLE_INSTANCE: flag.default(false),
  UPLOAD_TMP_DIR: z.string().min(1).default(tmpdir()),
  UPLOAD_TMP_MAX_BYTES: wholeNumber('bytes', 1, 1_099_511_627_776).default(1_073_741_824),
  UPLOAD_MIN_BYTES_PER_SECOND: wholeNumber('bytes a second', 0, 1_000_000).default(1024),
  SWEEP_INTERVAL_SECONDS: wholeNumber('seconds', 0, 86_400).default(900),
  SHUTDOWN_GRACE_SECONDS: wholeNumber('seconds', 0, 600).default(30),
  LOG_LEVEL: z.enum(logLevels, { error: `must be one of ${logLevels.join(', ')}` }).default('info'),
};
const Settings = z.object(settings);

/** The names of all settings, in the order of the documentation. */
export const settingNames: readonly string[] = Object.keys(settings);

/** Settings that may also come as `NAME_FILE`, the path of a file that holds the value. */
export const secretSettingNames = [
  'S3_ACCESS_KEY',
  'S3_SECRET_KEY',
  'IMGPROXY_KEY',
  'IMGPROXY_SALT',
  'API_KEYS',
  'TICKET_SECRET',
] as const;

/** @throws ConfigError naming all mistakes */
export function loadConfig(environment: Record<string, string | undefined>): Config {
  const problems: string[] = [];
  const parsed = Settings.safeParse(withSecretFiles(withoutEmpty(environment), problems));
  if (!parsed.success) problems.push(...parsed.error.issues.map(describeIssue));
  const apiKeys = readApiKeys(parsed.success ? parsed.data.API_KEYS : [], problems);
  if (!parsed.success) throw new ConfigError(problems);
  const config = buildConfig(parsed.data, apiKeys, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

/** Things that start, but that an owner should know of. */
export function findConfigWarnings(config: Config): string[] {
  const warnings: string[] = [];
  const { access } = config;
  if (access.anonymousOrigins.length > 0) {
    warnings.push(
      'ANONYMOUS_ORIGINS is set: pages of these origins upload without a credential. An origin is not authentication.',
    );
  }
  if (access.legacyUpload === 'anonymous') warnings.push('LEGACY_UPLOAD=anonymous: anybody may post files to /upload.');
  if (access.apiKeys.size === 0 && access.anonymousOrigins.length === 0) {
    warnings.push('Uploads are not configured: add API_KEYS=cms:<at least 32 random characters> to allow them.');
  }
  if (config.uploads.singleInstance) warnings.push('SINGLE_INSTANCE=true: run exactly one instance on this bucket.');
  if (config.production && config.storage.publicEndpoint.startsWith('http:')) {
    warnings.push('The public storage endpoint is plain http: pages served over https cannot upload to it.');
  }
  return warnings;
}

function withoutEmpty(environment: Record<string, string | undefined>): Record<string, string> {
  const given: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && value.trim() !== '') given[name] = value.trim();
  }
  return given;
}

function withSecretFiles(environment: Record<string, string>, problems: string[]): Record<string, string> {
  const merged = { ...environment };
  for (const name of secretSettingNames) {
    const file = environment[`${name}_FILE`];
    if (file === undefined) continue;
    if (environment[name] !== undefined) {
      problems.push(`${name} and ${name}_FILE are both set: keep one of them`);
      continue;
    }
    try {
      merged[name] = readFileSync(file, 'utf8').trim();
    } catch {
      problems.push(`${name}_FILE names a file that cannot be read`);
    }
  }
  return merged;
}

function describeIssue(issue: z.core.$ZodIssue): string {
  return `${String(issue.path[0] ?? 'settings')} ${issue.message}`;
}

function readApiKeys(entries: readonly string[], problems: string[]): Map<string, string> {
  const keys = new Map<string, string>();
  for (const entry of entries) {
    const separator = entry.indexOf(':');
    const id = entry.slice(0, Math.max(separator, 0));
    const secret = apiKeySecret.safeParse(entry.slice(separator + 1));
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(id)) {
      problems.push('API_KEYS must be id:secret pairs separated by commas; an id has 1 to 64 of A-Z a-z 0-9 _ -');
    } else if (!secret.success) {
      problems.push(`API_KEYS: the secret of "${id}" ${secret.error.issues[0]?.message ?? 'is not usable'}`);
    } else if (keys.has(id)) {
      problems.push(`API_KEYS: the id "${id}" is there twice; for a rotation use two ids`);
    } else {
      keys.set(id, secret.data);
    }
  }
  return keys;
}

function buildConfig(given: z.infer<typeof Settings>, apiKeys: Map<string, string>, problems: string[]): Config {
  return {
    production: given.NODE_ENV === 'production',
    http: {
      port: given.PORT,
      host: given.HOST,
      publicUrl: given.PUBLIC_URL?.replace(/\/+$/, ''),
      trustProxy: given.TRUST_PROXY,
      shutdownGraceSeconds: given.SHUTDOWN_GRACE_SECONDS,
    },
    storage: {
      endpoint: given.S3_ENDPOINT,
      publicEndpoint: given.S3_PUBLIC_ENDPOINT ?? given.S3_ENDPOINT,
      region: given.S3_REGION,
      bucket: given.S3_BUCKET,
      accessKey: given.S3_ACCESS_KEY,
      secretKey: given.S3_SECRET_KEY,
      forcePathStyle: given.S3_FORCE_PATH_STYLE,
    },
    imgproxy: {
      url: given.IMGPROXY_URL,
      keyPairs: readKeyPairs(given.IMGPROXY_KEY, given.IMGPROXY_SALT, problems),
      signatureSize: given.IMGPROXY_SIGNATURE_SIZE,
      edition: given.IMGPROXY_EDITION,
    },
    presets: { file: given.PRESETS_FILE, defaultPreset: given.DEFAULT_PRESET },
    uploads: {
      allowedFormats: new Set(given.ALLOWED_TYPES),
      maxBytes: given.MAX_UPLOAD_BYTES,
      maxPixels: given.MAX_IMAGE_PIXELS,
      maxSide: given.MAX_IMAGE_SIDE,
      expiresSeconds: given.UPLOAD_EXPIRES_SECONDS,
      promote: given.STORAGE_PROMOTE,
      singleInstance: given.SINGLE_INSTANCE,
      tmpDir: given.UPLOAD_TMP_DIR,
      tmpMaxBytes: given.UPLOAD_TMP_MAX_BYTES,
      minBytesPerSecond: given.UPLOAD_MIN_BYTES_PER_SECOND,
      sweepIntervalSeconds: given.SWEEP_INTERVAL_SECONDS,
    },
    access: {
      apiKeys,
      ticketSecrets: given.TICKET_SECRET ?? [deriveTicketSecret(given.S3_SECRET_KEY)],
      allowedOrigins: given.ALLOWED_ORIGINS,
      anonymousOrigins: given.ANONYMOUS_ORIGINS,
      anonymousMaxBytes: Math.min(given.ANONYMOUS_MAX_BYTES, given.MAX_UPLOAD_BYTES),
      legacyUpload: given.LEGACY_UPLOAD,
    },
    log: { level: given.LOG_LEVEL },
  };
}

function readKeyPairs(keys: string, salts: string, problems: string[]): KeyPair[] {
  try {
    return parseKeyPairs(keys, salts);
  } catch (error) {
    problems.push(`IMGPROXY_KEY and IMGPROXY_SALT: ${error instanceof Error ? error.message : 'not usable'}`);
    return [];
  }
}

/** So that an old `.env` has tickets without a new setting: HKDF (RFC 5869) keeps them apart from every S3 signature. */
function deriveTicketSecret(secretKey: string): string {
  return Buffer.from(hkdfSync('sha256', secretKey, '', 'kuanary ticket secret', 32)).toString('base64url');
}

function isOrigin(text: string): boolean {
  if (!/^https?:\/\/[^*]+$/.test(text)) return false;
  try {
    return new URL(text).origin === text;
  } catch {
    return false;
  }
}
