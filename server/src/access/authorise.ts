import { AppError } from '../errors.ts';
import type { ApiKeys } from './api-keys.ts';

/** Who may upload, and how much at once. `keyId` is absent for anonymous callers. */
export interface Uploader {
  keyId?: string;
  maxBytes: number;
}

/** The parts of a request that decide. */
export interface Credentials {
  authorization: string | undefined;
  origin: string | undefined;
}

export interface AccessPolicy {
  apiKeys: ApiKeys;
  allowedOrigins: readonly string[];
  anonymousOrigins: readonly string[];
  maxBytes: number;
  anonymousMaxBytes: number;
  legacyUpload: 'off' | 'key' | 'anonymous';
}

export interface Access {
  /** @throws AppError 401, 403 */
  authoriseSigning(credentials: Credentials): Uploader;
  /** @throws AppError 401, 403, and 404 where `/upload` is off */
  authoriseFormUpload(credentials: Credentials): Uploader;
  /** @returns the id of the API key. @throws AppError 401, 403 */
  requireApiKey(credentials: Credentials): string;
}

export function createAccess(policy: AccessPolicy): Access {
  function authoriseSigning(credentials: Credentials): Uploader {
    if (credentials.authorization !== undefined) return byKey(credentials);
    if (policy.anonymousOrigins.length > 0) return byOrigin(credentials.origin);
    throw missingCredential();
  }

  function authoriseFormUpload(credentials: Credentials): Uploader {
    if (policy.legacyUpload === 'off') throw new AppError('not_found');
    if (credentials.authorization !== undefined) return byKey(credentials);
    if (policy.legacyUpload === 'key') throw missingCredential();
    // Clients that are no browsers send no Origin; a page of a foreign site does, and is not what the owner allowed.
    const { origin } = credentials;
    const known = [...policy.allowedOrigins, ...policy.anonymousOrigins];
    if (origin !== undefined && !known.includes('*') && !known.includes(origin)) throw new AppError('forbidden_origin');
    return { maxBytes: policy.anonymousMaxBytes };
  }

  function byKey(credentials: Credentials): Uploader {
    return { keyId: requireApiKey(credentials), maxBytes: policy.maxBytes };
  }

  function byOrigin(origin: string | undefined): Uploader {
    const allowed =
      policy.anonymousOrigins.includes('*') || (origin !== undefined && policy.anonymousOrigins.includes(origin));
    if (allowed) return { maxBytes: policy.anonymousMaxBytes };
    throw origin === undefined ? new AppError('auth_required') : new AppError('forbidden_origin');
  }

  function requireApiKey({ authorization, origin }: Credentials): string {
    if (authorization === undefined) throw missingCredential();
    const [, credential] = /^Bearer +(\S+)$/i.exec(authorization) ?? [];
    const keyId = credential === undefined ? null : policy.apiKeys.identify(credential);
    if (keyId === null) throw policy.apiKeys.configured ? new AppError('invalid_credentials') : missingCredential();
    if (origin !== undefined) throw new AppError('api_key_in_browser');
    return keyId;
  }

  function missingCredential(): AppError {
    return new AppError(policy.apiKeys.configured ? 'auth_required' : 'uploads_not_configured');
  }

  return { authoriseSigning, authoriseFormUpload, requireApiKey };
}
