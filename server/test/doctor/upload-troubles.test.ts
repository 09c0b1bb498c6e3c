import { describe, expect, it } from 'vitest';
import { diagnose } from './diagnose.ts';
import { expectTroubles } from './expect-troubles.ts';
import { isForm, storeFront } from './store-front.ts';

const longTestMs = 40_000;
const html = { 'Content-Type': 'text/html', Server: 'nginx/1.27.1' };

const largeBytes = 3_000_000;
const largeFiles = {
  environment: { MAX_UPLOAD_BYTES: String(largeBytes) },
  imgproxy: { maxSourceBytes: largeBytes },
};

function limitBodies(maxBytes: number) {
  const body = '<html><head><title>413 Request Entity Too Large</title></head></html>';
  return storeFront({
    answer: ({ headers }) =>
      Number(headers['content-length']) > maxBytes ? { status: 413, headers: html, body } : undefined,
  });
}

describe('doctor, when forms do not arrive', () => {
  it('names a provider without POST policies, and those that have them', async () => {
    const diagnosis = await diagnose({ store: { profiles: ['no-post'] } });
    expectTroubles(diagnosis, { failed: ['upload-form'] });
    expect(diagnosis.textOf('upload-form')).toMatch(
      /501 NotImplemented.*Cloudflare R2 and Backblaze B2.*not support.*Ceph \(Hetzner/s,
    );
    expect(diagnosis.skipped).toEqual(expect.arrayContaining(['policy-enforced', 'cors', 'upload-size']));
  });

  it(
    'names a public endpoint that hangs on forms only',
    async () => {
      const diagnosis = await diagnose({
        frontOfPublicStore: storeFront({ answer: (request) => (isForm(request) ? 'hang' : undefined) }),
      });
      expectTroubles(diagnosis, { failed: ['upload-form'] });
      expect(diagnosis.textOf('upload-form')).toMatch(
        /no answer within 10 s.*swallows posted forms.*client_max_body_size 2m/s,
      );
    },
    longTestMs,
  );

  it('names a proxy that answers forms with a web page "502 Bad Gateway"', async () => {
    const body = '<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>';
    const diagnosis = await diagnose({
      frontOfPublicStore: storeFront({
        answer: (request) => (isForm(request) ? { status: 502, headers: html, body } : undefined),
      }),
    });
    expectTroubles(diagnosis, { failed: ['upload-form'] });
    expect(diagnosis.textOf('upload-form')).toMatch(
      /HTTP 502, a web page "502 Bad Gateway" \(server: nginx\/1\.27\.1\).*A proxy answers.*error log/s,
    );
  });

  it('names a proxy that takes forms and answers them itself', async () => {
    const body = '<!doctype html><title>Welcome</title>';
    const diagnosis = await diagnose({
      frontOfPublicStore: storeFront({
        answer: (request) => (isForm(request) ? { status: 200, headers: html, body } : undefined),
      }),
    });
    expectTroubles(diagnosis, { failed: ['upload-form'] });
    expect(diagnosis.textOf('upload-form')).toMatch(
      /HTTP 200, a web page "Welcome".*the object is not there.*a page of its own/s,
    );
  });

  it('names a proxy that strips the body of forms', async () => {
    const diagnosis = await diagnose({ frontOfPublicStore: storeFront({ changeForm: () => '' }) });
    expectTroubles(diagnosis, { failed: ['upload-form'] });
    expect(diagnosis.textOf('upload-form')).toMatch(
      /HTTP 400.*a proxy has changed or dropped the body.*without the proxy/s,
    );
  });

  it('names a redirect of forms, and where it leads', async () => {
    const diagnosis = await diagnose({
      frontOfPublicStore: storeFront({
        answer: (request) =>
          isForm(request)
            ? { status: 307, headers: { Location: 'https://s3.eu-central-1.example.com/b?X-Amz=1' } }
            : undefined,
      }),
    });
    expectTroubles(diagnosis, { failed: ['upload-form'] });
    expect(diagnosis.textOf('upload-form')).toMatch(
      /do not follow redirects.*leads to https:\/\/s3\.eu-central-1\.example\.com\/b\./s,
    );
    expect(diagnosis.textOf('upload-form')).not.toContain('X-Amz');
  });

  it('names another storage at the public endpoint that does not know the key', async () => {
    const body = '<?xml version="1.0"?><Error><Code>InvalidAccessKeyId</Code><Message></Message></Error>';
    const diagnosis = await diagnose({
      frontOfPublicStore: storeFront({
        answer: (request) =>
          isForm(request) ? { status: 403, headers: { 'Content-Type': 'application/xml' }, body } : undefined,
      }),
    });
    expectTroubles(diagnosis, { failed: ['upload-form'] });
    expect(diagnosis.textOf('upload-form')).toMatch(/they are two storages.*S3_PUBLIC_ENDPOINT/s);
  });

  it('names a proxy that is left at the limit of nginx, 1 MiB', async () => {
    const diagnosis = await diagnose({ ...largeFiles, frontOfPublicStore: limitBodies(1_048_576) });
    expectTroubles(diagnosis, { failed: ['upload-size'] });
    expect(diagnosis.textOf('upload-size')).toMatch(
      /HTTP 413, a web page.*lower limit for bodies.*client_max_body_size 4m/s,
    );
  });

  it(
    'names a proxy with a limit below MAX_UPLOAD_BYTES, when asked to look deeper',
    async () => {
      const changes = { ...largeFiles, frontOfPublicStore: limitBodies(2_000_000) };
      const shallow = await diagnose(changes);
      expectTroubles(shallow, {});
      expect(shallow.textOf('upload-size')).toContain(`--deep\` tries MAX_UPLOAD_BYTES (${largeBytes})`);
      const deep = await diagnose(changes, { deep: true });
      expectTroubles(deep, { failed: ['upload-size'] });
      expect(deep.textOf('upload-size')).toMatch(/A file of 3000000 bytes.*413.*client_max_body_size 4m/s);
    },
    longTestMs,
  );

  it('names a connection that is cut within a large form', async () => {
    const diagnosis = await diagnose({
      frontOfPublicStore: storeFront({
        answer: (request) => {
          if (!isForm(request) || Number(request.headers['content-length']) < 100_000) return undefined;
          request.destroy();
          return 'hang';
        },
      }),
    });
    expectTroubles(diagnosis, { failed: ['upload-size'] });
    expect(diagnosis.textOf('upload-size')).toMatch(
      /does not get through.*though small ones do.*closes the connection/s,
    );
  });
});

describe('doctor, when policies are not enforced', () => {
  it('lists every form that was stored, and removes what it stored', async () => {
    const diagnosis = await diagnose({ store: { profiles: ['policy-ignored'] } });
    expectTroubles(diagnosis, { failed: ['policy-enforced'] });
    const text = diagnosis.textOf('policy-enforced');
    for (const trouble of [
      'one byte too large',
      'one byte too small',
      'another key',
      'a second key',
      'another Content-Type',
      'does not name',
      'acl=public-read',
      'expired',
      'altered signature',
      'altered policy',
      'without a policy',
    ]) {
      expect(text).toContain(trouble);
    }
    expect(text).toContain('Do not open uploads on this storage');
  });

  it('names a single gap', async () => {
    const diagnosis = await diagnose({
      frontOfPublicStore: storeFront({
        changeForm: (form) =>
          form.replace(/--[^\r]+\r\nContent-Disposition: form-data; name="acl"\r\n\r\npublic-read\r\n/, ''),
      }),
    });
    expectTroubles(diagnosis, { failed: ['policy-enforced'] });
    expect(diagnosis.textOf('policy-enforced')).toMatch(
      /stores forms that it must refuse: a form with acl=public-read\.\n/,
    );
  });

  it('tells a server error from a refusal', async () => {
    const error = '<?xml version="1.0"?><Error><Code>InternalError</Code></Error>';
    const diagnosis = await diagnose({
      frontOfPublicStore: storeFront({
        changeForm: (form) => (form.includes('name="acl"') ? { status: 500, body: error } : form),
      }),
    });
    expectTroubles(diagnosis, { warned: ['policy-enforced'] });
    expect(diagnosis.textOf('policy-enforced')).toMatch(
      /not refused with a proper answer \(4xx\): a form with acl=public-read: HTTP 500 InternalError/,
    );
  });

  it('says nothing about policies when suddenly no form is stored', async () => {
    let forms = 0;
    const diagnosis = await diagnose({
      frontOfPublicStore: storeFront({
        answer: (request) => (isForm(request) && ++forms > 1 ? { status: 429, body: 'Too Many Requests' } : undefined),
      }),
    });
    expect(diagnosis.warned).toEqual(['policy-enforced']);
    expect(diagnosis.textOf('policy-enforced')).toMatch(
      /Not judged.*HTTP 429 "Too Many Requests".*how many forms come at once/s,
    );
  });
});
