import { describe, expect, it } from 'vitest';
import { AppError } from '../errors.ts';
import { createApiKeys } from './api-keys.ts';
import { type AccessPolicy, createAccess } from './authorise.ts';

const secret = 's'.repeat(40);
const policy: AccessPolicy = {
  apiKeys: createApiKeys(
    new Map([
      ['cms', secret],
      ['app', 't'.repeat(40)],
    ]),
  ),
  allowedOrigins: ['https://shop.example'],
  anonymousOrigins: [],
  maxBytes: 1000,
  anonymousMaxBytes: 10,
  legacyUpload: 'key',
};
const withKey = { authorization: `Bearer cms:${secret}`, origin: undefined };
const nothing = { authorization: undefined, origin: undefined };

function codeOf(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
}

describe('createApiKeys', () => {
  it('knows a key by its id and whole secret', () => {
    expect(policy.apiKeys.identify(`cms:${secret}`)).toBe('cms');
  });

  it.each([
    '',
    ':',
    'cms',
    'cms:',
    `cms:${secret}x`,
    `cms:${secret.slice(1)}`,
    `app:${secret}`,
    `CMS:${secret}`,
    `none:${secret}`,
    `:${secret}`,
    '__proto__:',
    'constructor:x',
    'none:',
  ])('does not know %s', (credential) => {
    expect(policy.apiKeys.identify(credential)).toBeNull();
  });
});

describe('authoriseSigning', () => {
  const access = createAccess(policy);

  it('lets an API key sign up to the server’s limit', () => {
    expect(access.authoriseSigning(withKey)).toEqual({ keyId: 'cms', maxBytes: 1000 });
  });

  it('asks for a credential where there is none', () => {
    expect(codeOf(() => access.authoriseSigning(nothing))).toBe('auth_required');
  });

  it.each([
    '',
    'Bearer',
    'Bearer ',
    'Basic abc',
    `Bearer cms:${secret} x`,
    `cms:${secret}`,
    'Bearer cms:wrong',
    'Bearer a.b',
  ])('refuses the credential "%s"', (authorization) => {
    expect(codeOf(() => access.authoriseSigning({ authorization, origin: undefined }))).toBe('invalid_credentials');
  });

  it('refuses an API key that a browser sends', () => {
    expect(codeOf(() => access.authoriseSigning({ ...withKey, origin: 'https://shop.example' }))).toBe(
      'api_key_in_browser',
    );
  });

  it('does not tell a browser whether a wrong key is nearly right', () => {
    const wrong = { authorization: 'Bearer cms:wrong', origin: 'https://shop.example' };
    expect(codeOf(() => access.authoriseSigning(wrong))).toBe('invalid_credentials');
  });

  it('says which line to add where nothing is configured', () => {
    const bare = createAccess({ ...policy, apiKeys: createApiKeys(new Map()) });
    expect(codeOf(() => bare.authoriseSigning(nothing))).toBe('uploads_not_configured');
    expect(codeOf(() => bare.authoriseSigning(withKey))).toBe('uploads_not_configured');
  });

  it('lets the listed origins sign without a credential, under the smaller limit', () => {
    const open = createAccess({ ...policy, anonymousOrigins: ['https://blog.example'] });
    expect(open.authoriseSigning({ ...nothing, origin: 'https://blog.example' })).toEqual({ maxBytes: 10 });
    expect(codeOf(() => open.authoriseSigning({ ...nothing, origin: 'https://evil.example' }))).toBe(
      'forbidden_origin',
    );
    expect(codeOf(() => open.authoriseSigning({ ...nothing, origin: 'null' }))).toBe('forbidden_origin');
    expect(codeOf(() => open.authoriseSigning(nothing))).toBe('auth_required');
    expect(open.authoriseSigning(withKey)).toEqual({ keyId: 'cms', maxBytes: 1000 });
  });

  it('takes * for anyone, with or without an origin', () => {
    const open = createAccess({ ...policy, anonymousOrigins: ['*'] });
    expect(open.authoriseSigning(nothing)).toEqual({ maxBytes: 10 });
    expect(open.authoriseSigning({ ...nothing, origin: 'null' })).toEqual({ maxBytes: 10 });
    expect(codeOf(() => open.authoriseSigning({ authorization: 'Bearer x:y', origin: undefined }))).toBe(
      'invalid_credentials',
    );
  });
});

describe('authoriseFormUpload', () => {
  const uploadWith = (legacyUpload: AccessPolicy['legacyUpload'], credentials: typeof withKey | typeof nothing) =>
    codeOf(() => createAccess({ ...policy, legacyUpload }).authoriseFormUpload(credentials));

  it('is not there when off, whoever asks', () => {
    expect(uploadWith('off', withKey)).toBe('not_found');
  });

  it('takes API keys by default', () => {
    expect(uploadWith('key', withKey)).toEqual({ keyId: 'cms', maxBytes: 1000 });
    expect(uploadWith('key', nothing)).toBe('auth_required');
  });

  it('takes clients without a credential in anonymous mode, but no page of an origin that is not listed', () => {
    const open = createAccess({ ...policy, legacyUpload: 'anonymous' });
    expect(open.authoriseFormUpload(nothing)).toEqual({ maxBytes: 10 });
    expect(open.authoriseFormUpload({ ...nothing, origin: 'https://shop.example' })).toEqual({ maxBytes: 10 });
    expect(codeOf(() => open.authoriseFormUpload({ ...nothing, origin: 'https://evil.example' }))).toBe(
      'forbidden_origin',
    );
    expect(codeOf(() => open.authoriseFormUpload({ ...nothing, origin: 'null' }))).toBe('forbidden_origin');
  });
});
