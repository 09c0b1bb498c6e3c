import { createHash, timingSafeEqual } from 'node:crypto';

export interface ApiKeys {
  readonly configured: boolean;
  /** The id of the key that a bearer credential `id:secret` presents; `null` when it presents none of ours. */
  identify(credential: string): string | null;
}

/** @param keys id → secret. Digests are compared, in constant time, so that neither length nor prefix of a secret shows. */
export function createApiKeys(keys: ReadonlyMap<string, string>): ApiKeys {
  const digests = new Map([...keys].map(([id, secret]) => [id, digestOf(secret)]));
  const nobody = digestOf('');

  function identify(credential: string): string | null {
    const separator = credential.indexOf(':');
    const id = credential.slice(0, Math.max(separator, 0));
    // An unknown id costs the same comparison as a known one.
    const matches = timingSafeEqual(digestOf(credential.slice(separator + 1)), digests.get(id) ?? nobody);
    return matches && digests.has(id) ? id : null;
  }

  return { configured: digests.size > 0, identify };
}

function digestOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
