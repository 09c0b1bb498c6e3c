import { ConfigError } from '../config.ts';
import { holdsCredentials } from '../settings.ts';
import { UsageError } from './exit-codes.ts';

/** Where the API is, and what to show it. */
export interface UploadTarget {
  baseUrl: string;
  /** Absent: the upload is tried anonymously. */
  apiKey: string | undefined;
}

interface TargetChoice {
  /** `--url` */
  option: string | undefined;
  /** PUBLIC_URL */
  publicUrl: string | undefined;
  /** Of the API on this machine. */
  port: number;
  /** KUANARY_API_KEY: whoever sets it means it for the address that is named. */
  ownKey: string | undefined;
  /** The first of API_KEYS: a secret of this deployment, which no other may see. */
  deploymentKey: string | undefined;
}

/**
 * The key of the deployment goes to PUBLIC_URL and to this machine only, and no key travels unencrypted.
 *
 * @throws UsageError about `--url`; ConfigError about PUBLIC_URL
 */
export function chooseUploadTarget({ option, publicUrl, port, ownKey, deploymentKey }: TargetChoice): UploadTarget {
  const baseUrl = option === undefined ? (publicUrl ?? `http://127.0.0.1:${port}`) : parseAddress(option);
  const { origin, protocol, hostname } = new URL(baseUrl);
  const isHere = isLoopback(hostname);
  const isOurs = isHere || (publicUrl !== undefined && origin === new URL(publicUrl).origin);
  if (ownKey === undefined && deploymentKey !== undefined && !isOurs) {
    throw new UsageError(
      `API_KEYS holds the keys of this deployment, and ${origin} is another address: none of them is sent there. Set KUANARY_API_KEY to a key that is meant for it.`,
    );
  }
  const apiKey = ownKey ?? deploymentKey;
  if (apiKey !== undefined && protocol !== 'https:' && !isHere) {
    const name = option === undefined ? 'PUBLIC_URL' : '--url';
    const sentence = `${name} is plain http to another machine, and the API key would travel readable: name an https address`;
    throw option === undefined ? new ConfigError([sentence]) : new UsageError(`${sentence}.`);
  }
  return { baseUrl: baseUrl.replace(/\/+$/, ''), apiKey };
}

function parseAddress(address: string): string {
  if (!/^https?:\/\/./i.test(address) || !URL.canParse(address)) {
    throw new UsageError('--url must be an address such as https://images.example.com.');
  }
  if (holdsCredentials(address)) {
    throw new UsageError('--url must hold no user name and no password: an API key is read from KUANARY_API_KEY.');
  }
  return address;
}

/** As browsers see it: https://www.w3.org/TR/secure-contexts/#is-origin-trustworthy. `hostname` is a URL's. */
function isLoopback(hostname: string): boolean {
  return /^127(\.\d+){3}$/.test(hostname) || hostname === '[::1]' || /^(.+\.)?localhost$/.test(hostname);
}
