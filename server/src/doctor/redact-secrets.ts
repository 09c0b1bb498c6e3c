import type { Config } from '../config.ts';

/** What stands in a text where a secret stood. */
const redactionMark = '[secret]';

/** Shorter ones are no secrets, and would tear ordinary words apart. */
const minSecretCharacters = 4;
/** The access key goes openly with every form; the short ones of servers of one's own (`admin`) are ordinary words. */
const minAccessKeyCharacters = 16;

/** User and password of an address. */
const addressCredentials = /(:\/\/)[^\s/?#"']+@/g;

/** What a text tells to type: a secret that is one of these words is not given away by it. */
const ownCommands = /(`(?:docker compose run --rm )?kuanary[a-z -]*`)/;

/** A holder of a presigned address or form can use it: its signature is as good as a secret while it is valid. */
const signatures = /(x-amz-(?:signature|security-token)|signature)(=|%3D|"?>|": ?")[A-Za-z0-9%/+=_-]{16,}/gi;

/**
 * Removes every secret of the configuration from a text: as it is, and as servers and libraries write it when they quote
 * it (percent-encoded, base64, hexadecimal, escaped for XML); and what else opens something: signatures, and the user
 * and password of an address.
 */
export function createRedactor(config: Config): (text: string) => string {
  const forms = new Set(secretsOf(config).flatMap(formsOf));
  // The longest first: one secret may contain another.
  const secrets = [...forms].filter((form) => form.length >= minSecretCharacters).sort((a, b) => b.length - a.length);
  const redact = (text: string): string =>
    secrets
      .reduce((clean, secret) => clean.replaceAll(secret, redactionMark), text)
      .replace(signatures, `$1$2${redactionMark}`)
      .replace(addressCredentials, `$1${redactionMark}@`);
  // Split by a group: every second piece is a command.
  return (text) =>
    text
      .split(ownCommands)
      .map((piece, index) => (index % 2 === 1 ? piece : redact(piece)))
      .join('');
}

function secretsOf({ storage, imgproxy, access }: Config): Buffer[] {
  const accessKeys = storage.accessKey.length >= minAccessKeyCharacters ? [storage.accessKey] : [];
  const texts = [...accessKeys, storage.secretKey, ...access.apiKeys.values(), ...access.ticketSecrets];
  const pairs = imgproxy.keyPairs.flatMap(({ key, salt }) => [key, salt]);
  return [...texts, ...pairs].map((secret) => Buffer.from(secret));
}

function formsOf(secret: Buffer): string[] {
  const text = secret.toString('utf8');
  const hex = secret.toString('hex');
  const readable = Buffer.from(text, 'utf8').equals(secret) ? [text, encodeURIComponent(text), escapeXml(text)] : [];
  return [
    ...readable,
    hex,
    hex.toUpperCase(),
    secret.toString('base64'),
    secret.toString('base64').replace(/=+$/, ''),
    secret.toString('base64url'),
  ];
}

function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
