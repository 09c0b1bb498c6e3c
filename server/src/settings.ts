import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { imageFormats } from '@kuanary/shared/contract';
import { z } from 'zod';

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

const minSecretCharacters = 32;
const sampleSecret = /change.?me|example|sample|your[-_ ]|placeholder|<|replace.?me|secret.?here/i;
const endpoint = z
  .url({ protocol: /^https?$/, error: 'must be an address such as https://fsn1.your-objectstorage.com' })
  .refine((address) => !holdsCredentials(address), {
    error: 'must hold no user name and no password: addresses are shown to clients and written to logs',
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

/** Of one API key. */
export const apiKeySecret = secretText.regex(/^[\x21-\x7e]+$/, {
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
/** Every setting by its name, as validated. */
export type Settings = z.infer<z.ZodObject<typeof settings>>;
export type SettingName = keyof Settings;

/** The names of all settings, in the order of the documentation. */
export const settingNames = Object.keys(settings) as SettingName[]; // Object.keys loses the names

/** Settings that may also come as `NAME_FILE`, the path of a file that holds the value. */
export const secretSettingNames = [
  'S3_ACCESS_KEY',
  'S3_SECRET_KEY',
  'IMGPROXY_KEY',
  'IMGPROXY_SALT',
  'API_KEYS',
  'TICKET_SECRET',
] as const;

/** The named settings only. Adds every mistake to `problems`; `null` when a value is missing or wrong. */
export function parseSettings<Name extends SettingName>(
  environment: Record<string, string | undefined>,
  wanted: readonly Name[],
  problems: string[],
): Pick<Settings, Name> | null {
  const chosen = z.object(Object.fromEntries(wanted.map((name) => [name, settings[name]])));
  const parsed = chosen.safeParse(withSecretFiles(withoutEmpty(environment), wanted, problems));
  if (parsed.success) return parsed.data as unknown as Pick<Settings, Name>; // a computed shape loses its types
  problems.push(...parsed.error.issues.map(describeIssue));
  return null;
}

function withoutEmpty(environment: Record<string, string | undefined>): Record<string, string> {
  const given: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && value.trim() !== '') given[name] = value.trim();
  }
  return given;
}

function withSecretFiles(
  environment: Record<string, string>,
  wanted: readonly SettingName[],
  problems: string[],
): Record<string, string> {
  const merged = { ...environment };
  for (const name of secretSettingNames.filter((secret) => wanted.includes(secret))) {
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

/** Whether a user name or a password stands in an address: `https://name:secret@host`. */
export function holdsCredentials(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { username, password } = new URL(address);
  return username !== '' || password !== '';
}

function isOrigin(text: string): boolean {
  if (!/^https?:\/\/[^*]+$/.test(text)) return false;
  try {
    return new URL(text).origin === text;
  } catch {
    return false;
  }
}
