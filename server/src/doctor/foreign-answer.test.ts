import { describe, expect, it } from 'vitest';
import { explainForeignAnswer, explainSilence } from './foreign-answer.ts';
import { type HttpAnswer, HttpProbeError } from './http-probe.ts';

const imgproxy = { setting: 'IMGPROXY_URL', name: 'imgproxy', address: 'http://img.example.com' };

function answerOf(status: number, headers: Record<string, string> = {}, body = ''): HttpAnswer {
  return { status, headers: new Headers(headers), body: Buffer.from(body) };
}

const html = { 'content-type': 'text/html' };

describe('an answer of something else than imgproxy', () => {
  it.each<[what: string, answer: HttpAnswer, cause: RegExp, remedy: RegExp]>([
    [
      'forced https',
      answerOf(301, { location: 'https://img.example.com/health' }),
      /forces https/,
      /IMGPROXY_URL=https:\/\/img/,
    ],
    [
      'https under another name',
      answerOf(302, { location: 'https://sso.example.com/login?next=x' }),
      /login page/,
      /past any login/,
    ],
    ['a relative redirect', answerOf(307, { location: '/welcome' }), /sends callers elsewhere/, /IMGPROXY_URL/],
    ['an S3 error', answerOf(404, {}, '<Error><Code>NoSuchBucket</Code></Error>'), /An S3 server/, /S3_ENDPOINT/],
    ['an S3 server', answerOf(403, { 'x-amz-request-id': 'tx1' }), /An S3 server/, /S3_ENDPOINT/],
    [
      'Kuanary',
      answerOf(404, {}, '{"success":false,"error":"x","code":"not_found","requestId":"1"}'),
      /Kuanary itself/,
      /PUBLIC_URL/,
    ],
    ['a CDN without its origin', answerOf(521, html), /was refused a connection/, /firewall/],
    ['a challenge', answerOf(403, { ...html, 'cf-mitigated': 'challenge' }), /challenge/, /exception/],
    ['a password', answerOf(401, html), /asks for a password/, /password off/],
    ['a proxy without its server', answerOf(502, { server: 'nginx' }), /behind it does not/, /port/],
    ['a web page', answerOf(200, {}, '<!DOCTYPE html><title>Hello</title>'), /another program/, /host name leads/],
  ])('that is %s is explained', (_what, answer, cause, remedy) => {
    const trouble = explainForeignAnswer(answer, imgproxy);
    expect(trouble?.cause).toMatch(cause);
    expect(trouble?.remedy).toMatch(remedy);
  });

  it.each<[what: string, answer: HttpAnswer]>([
    ['a refused signature', answerOf(403, { server: 'imgproxy' }, 'Forbidden')],
    [
      'an imgproxy behind a proxy that takes too long',
      answerOf(
        503,
        { 'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox" },
        'Timeout',
      ),
    ],
    ['a picture', answerOf(200, { 'content-type': 'image/png' })],
    ['a 304', answerOf(304, { location: '/x' })],
  ])('is not seen in %s', (_what, answer) => {
    expect(explainForeignAnswer(answer, imgproxy)).toBeUndefined();
  });
});

describe('an answer of the storage', () => {
  const storage = { setting: 'S3_ENDPOINT', name: 'the storage', address: 'https://s3.example.com' };

  it('is not taken for that of another server', () => {
    const answer = answerOf(403, { 'x-amz-request-id': 'tx1' }, '<Error><Code>AccessDenied</Code></Error>');
    expect(explainForeignAnswer(answer, storage)).toBeUndefined();
  });
});

describe('no answer', () => {
  it.each([
    ['imgproxy', /^imgproxy is not running/],
    ['the API', /^The API is not running/],
  ])('of %s is said with the name as it is written', (name, cause) => {
    const error = new HttpProbeError('http://img.example.com', 'connection refused: nothing listens there', undefined);
    expect(explainSilence(error, { ...imgproxy, name }).cause).toMatch(cause);
  });

  it.each([
    ['connection refused: nothing listens there', 'http://localhost:8080', /container itself/],
    [
      'connection refused: nothing listens there',
      'http://img.example.com',
      /is not running, or listens on another port or interface\.$/,
    ],
    ['the name does not resolve', 'http://imgproxy', /No DNS record has the name imgproxy/],
    ['its TLS certificate has expired', 'https://img.example.com', /Browsers refuse/],
    ['it does not speak TLS: http:// instead of https://?', 'https://img.example.com', /Browsers refuse/],
    ['no answer within 5 s', 'http://img.example.com', /firewall/],
    ['the connection was reset', 'http://img.example.com', /hangs/],
  ])('because of "%s" from %s is explained', (reason, address, cause) => {
    const error = new HttpProbeError(address, reason, undefined);
    const trouble = explainSilence(error, { ...imgproxy, address });
    expect(trouble.cause).toMatch(cause);
    expect(trouble.found).toContain(reason);
  });
});
