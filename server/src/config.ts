import { hkdfSync } from 'node:crypto';
import type { ImageFormat } from '@kuanary/shared/contract';
import { type KeyPair, parseKeyPairs } from '@kuanary/shared/imgproxy-url';
import {
  apiKeySecret,
  type LogLevel,
  parseSettings,
  type SettingName,
  type Settings,
  settingNames,
} from './settings.ts';

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

/**
 * The named settings only: a command asks for what it needs, and is not stopped by what it does not use.
 *
 * @throws ConfigError naming all mistakes
 */
export function loadSettings<Name extends SettingName>(
  environment: Record<string, string | undefined>,
  wanted: readonly Name[],
): Pick<Settings, Name> {
  const problems: string[] = [];
  const given = parseSettings(environment, wanted, problems);
  if (given === null || problems.length > 0) throw new ConfigError(problems);
  return given;
}

/** What a client of the bucket needs, for `loadSettings`. */
export const storageSettingNames = [
  'S3_ENDPOINT',
  'S3_PUBLIC_ENDPOINT',
  'S3_REGION',
  'S3_BUCKET',
  'S3_ACCESS_KEY',
  'S3_SECRET_KEY',
  'S3_FORCE_PATH_STYLE',
] as const;

/** What signing image URLs needs, for `loadSettings`. */
export const imgproxySettingNames = [
  'IMGPROXY_URL',
  'IMGPROXY_KEY',
  'IMGPROXY_SALT',
  'IMGPROXY_SIGNATURE_SIZE',
  'IMGPROXY_EDITION',
] as const;

/** @throws ConfigError naming all mistakes */
export function loadConfig(environment: Record<string, string | undefined>): Config {
  const problems: string[] = [];
  const given = parseSettings(environment, settingNames, problems);
  if (given === null) throw new ConfigError(problems);
  const apiKeys = readApiKeys(given.API_KEYS, problems);
  const imgproxy = collectProblems(() => buildImgproxyConfig(given), problems);
  if (imgproxy === null || problems.length > 0) throw new ConfigError(problems);
  return buildConfig(given, imgproxy, apiKeys);
}

export function buildStorageConfig(given: Pick<Settings, (typeof storageSettingNames)[number]>): Config['storage'] {
  return {
    endpoint: given.S3_ENDPOINT,
    publicEndpoint: given.S3_PUBLIC_ENDPOINT ?? given.S3_ENDPOINT,
    region: given.S3_REGION,
    bucket: given.S3_BUCKET,
    accessKey: given.S3_ACCESS_KEY,
    secretKey: given.S3_SECRET_KEY,
    forcePathStyle: given.S3_FORCE_PATH_STYLE,
  };
}

/** @throws ConfigError when the keys and salts are not what imgproxy takes */
export function buildImgproxyConfig(given: Pick<Settings, (typeof imgproxySettingNames)[number]>): Config['imgproxy'] {
  return {
    url: given.IMGPROXY_URL,
    keyPairs: readKeyPairs(given.IMGPROXY_KEY, given.IMGPROXY_SALT),
    signatureSize: given.IMGPROXY_SIGNATURE_SIZE,
    edition: given.IMGPROXY_EDITION,
  };
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

function buildConfig(given: Settings, imgproxy: Config['imgproxy'], apiKeys: Map<string, string>): Config {
  return {
    production: given.NODE_ENV === 'production',
    http: {
      port: given.PORT,
      host: given.HOST,
      publicUrl: given.PUBLIC_URL?.replace(/\/+$/, ''),
      trustProxy: given.TRUST_PROXY,
      shutdownGraceSeconds: given.SHUTDOWN_GRACE_SECONDS,
    },
    storage: buildStorageConfig(given),
    imgproxy,
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

function readKeyPairs(keys: string, salts: string): KeyPair[] {
  try {
    return parseKeyPairs(keys, salts);
  } catch (error) {
    throw new ConfigError([`IMGPROXY_KEY and IMGPROXY_SALT: ${error instanceof Error ? error.message : 'not usable'}`]);
  }
}

function collectProblems<T>(build: () => T, problems: string[]): T | null {
  try {
    return build();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
    return null;
  }
}

/** So that an old `.env` has tickets without a new setting: HKDF (RFC 5869) keeps them apart from every S3 signature. */
function deriveTicketSecret(secretKey: string): string {
  return Buffer.from(hkdfSync('sha256', secretKey, '', 'kuanary ticket secret', 32)).toString('base64url');
}
