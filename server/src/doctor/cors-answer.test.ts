import { describe, expect, it } from 'vitest';
import { findCorsObstacle, findPreflightObstacle, opensAllWithCredentials } from './cors-answer.ts';

const origin = 'https://cms.example.com';

function withHeaders(...lines: [string, string][]) {
  const headers = new Headers();
  for (const [name, value] of lines) headers.append(name, value);
  return { headers };
}

describe('findCorsObstacle', () => {
  it.each([
    ['the exact origin', [origin], undefined],
    ['any origin', ['*'], undefined],
    ['no header', [], 'missing'],
    ['a slash at the end', [`${origin}/`], 'other-origin'],
    ['other capitals', ['https://CMS.example.com'], 'other-origin'],
    ['another origin', ['https://example.com'], 'other-origin'],
    ['null', ['null'], 'other-origin'],
    ['an empty value', [''], 'other-origin'],
    ['a list', [`${origin}, https://example.com`], 'repeated'],
    ['two headers', [origin, origin], 'repeated'],
    ['two stars', ['*', '*'], 'repeated'],
  ] as const)('reads %s as browsers do', (_name, values, expected) => {
    const answer = withHeaders(...values.map((value): [string, string] => ['Access-Control-Allow-Origin', value]));
    expect(findCorsObstacle(answer, origin)).toBe(expected);
  });
});

describe('findPreflightObstacle', () => {
  const allowed: [string, string] = ['Access-Control-Allow-Origin', origin];

  it('wants success, but no Access-Control-Allow-Methods: POST needs no leave', () => {
    expect(findPreflightObstacle({ status: 204, ...withHeaders(allowed) }, origin, [])).toBeUndefined();
    expect(findPreflightObstacle({ status: 403, ...withHeaders(allowed) }, origin, [])).toBe('status');
    expect(findPreflightObstacle({ status: 301, ...withHeaders() }, origin, [])).toBe('missing');
  });

  it.each([
    ['Content-Type', undefined],
    ['x-other, content-type', undefined],
    ['*', undefined],
    ['x-other', 'header'],
  ] as const)('takes "Access-Control-Allow-Headers: %s" for what it allows', (value, expected) => {
    const answer = { status: 200, ...withHeaders(allowed, ['Access-Control-Allow-Headers', value]) };
    expect(findPreflightObstacle(answer, origin, ['content-type'])).toBe(expected);
  });
});

describe('opensAllWithCredentials', () => {
  it('finds only the pair that browsers refuse', () => {
    const credentials: [string, string] = ['Access-Control-Allow-Credentials', 'true'];
    expect(opensAllWithCredentials(withHeaders(['Access-Control-Allow-Origin', '*'], credentials))).toBe(true);
    expect(opensAllWithCredentials(withHeaders(['Access-Control-Allow-Origin', origin], credentials))).toBe(false);
    expect(opensAllWithCredentials(withHeaders(['Access-Control-Allow-Origin', '*']))).toBe(false);
  });
});
