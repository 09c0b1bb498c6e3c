import {
  type CORSRule,
  CreateMultipartUploadCommand,
  type LifecycleRule,
  PutBucketCorsCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { wantedLifecycleRules } from '../../src/bucket-setup/wanted-lifecycle.ts';
import { diagnose, testOrigin } from './diagnose.ts';
import { expectTroubles } from './expect-troubles.ts';
import { type FrontAnswer, isForm, isPreflight, storeFront } from './store-front.ts';

const dayMs = 24 * 60 * 60 * 1_000;
const wanted = wantedLifecycleRules();

function corsRule(...origins: string[]): CORSRule {
  return { ID: 'console', AllowedOrigins: origins, AllowedMethods: ['POST', 'GET'], AllowedHeaders: ['*'] };
}

function expiry(id: string, prefix: string, days: number): LifecycleRule {
  return { ID: id, Status: 'Enabled', Filter: { Prefix: prefix }, Expiration: { Days: days } };
}

describe('doctor, about conditional writes', () => {
  it('names a storage that ignores the condition, and what SINGLE_INSTANCE costs', async () => {
    const diagnosis = await diagnose({ store: { profiles: ['conditional-put-ignored'] } });
    expectTroubles(diagnosis, { failed: ['conditional-put'] });
    expect(diagnosis.textOf('conditional-put')).toMatch(
      /overwrites the first: the condition is ignored.*503.*SINGLE_INSTANCE=true.*no rolling restart/s,
    );
  });

  it('tells a racy condition from an ignored one', async () => {
    const diagnosis = await diagnose({ store: { profiles: ['conditional-put-racy'] } });
    expectTroubles(diagnosis, { failed: ['conditional-put'] });
    expect(diagnosis.textOf('conditional-put')).toMatch(
      /Of 20 PUTs at once .* succeeded: the condition is checked, but not atomically/,
    );
  });

  it('only warns where SINGLE_INSTANCE=true takes its place', async () => {
    const diagnosis = await diagnose({
      store: { profiles: ['conditional-put-ignored'] },
      environment: { SINGLE_INSTANCE: 'true' },
    });
    expectTroubles(diagnosis, { warned: ['conditional-put'] });
    expect(diagnosis.textOf('conditional-put')).toMatch(/a lock in the process.*exactly one instance/s);
  });

  it('names a proxy that refuses the header', async () => {
    const diagnosis = await diagnose({
      frontOfStore: storeFront({
        answer: ({ headers }) =>
          headers['if-none-match'] === '*'
            ? { status: 501, body: '<Error><Code>NotImplemented</Code></Error>' }
            : undefined,
      }),
    });
    expectTroubles(diagnosis, { failed: ['conditional-put'] });
    expect(diagnosis.textOf('conditional-put')).toMatch(/HTTP 501 NotImplemented.*no conditional writes/s);
  });
});

describe('doctor, when conditional writes fail otherwise', () => {
  const answerCondition = (answer: FrontAnswer | 'hang' | 'cut') =>
    diagnose({
      frontOfStore: storeFront({
        answer: (request) => {
          if (request.headers['if-none-match'] !== '*') return undefined;
          if (answer !== 'cut') return answer;
          request.destroy();
          return 'hang';
        },
      }),
    });

  it.each<[string, FrontAnswer, RegExp]>([
    [
      'a header that the storage does not know',
      { status: 400, body: '<Error><Code>InvalidArgument</Code></Error>' },
      /HTTP 400 InvalidArgument.*no conditional writes/s,
    ],
    ['a method that is not allowed so', { status: 405 }, /HTTP 405.*no conditional writes/s],
    ['a condition that is never met', { status: 412 }, /refused, though nothing is there.*no conditional writes/s],
    ['too many requests', { status: 429, body: 'slow down, connection refused' }, /HTTP 429.*breaks down or hangs/s],
    [
      'a server error',
      { status: 503, body: '<Error><Code>SlowDown</Code></Error>' },
      /HTTP 503 SlowDown.*breaks down/s,
    ],
  ])('tells %s apart', async (_what, answer, words) => {
    const diagnosis = await answerCondition(answer);
    expectTroubles(diagnosis, { failed: ['conditional-put'] });
    expect(diagnosis.textOf('conditional-put')).toMatch(words);
  });

  it('does not take a connection that breaks for a condition that is unknown', async () => {
    const diagnosis = await answerCondition('cut');
    expectTroubles(diagnosis, { failed: ['conditional-put'] });
    expect(diagnosis.textOf('conditional-put')).toMatch(/breaks down or hangs on this one/);
  });
});

describe('doctor, about copies', () => {
  it('warns of a storage that cannot copy', async () => {
    const diagnosis = await diagnose({ store: { profiles: ['copy-501'] } });
    expectTroubles(diagnosis, { warned: ['copy'] });
    expect(diagnosis.textOf('copy')).toMatch(/HTTP 501 NotImplemented.*works.*Hetzner.*Set STORAGE_PROMOTE=stream/s);
  });

  it('is content when STORAGE_PROMOTE=stream is set for it', async () => {
    const diagnosis = await diagnose({
      store: { profiles: ['copy-501'] },
      environment: { STORAGE_PROMOTE: 'stream' },
    });
    expectTroubles(diagnosis, {});
    expect(diagnosis.report.checks.find(({ id }) => id === 'copy')?.verdict).toBe('pass');
  });

  it('says that STORAGE_PROMOTE=stream is not needed', async () => {
    const diagnosis = await diagnose({ environment: { STORAGE_PROMOTE: 'stream' } });
    expectTroubles(diagnosis, {});
    expect(diagnosis.textOf('copy')).toContain('CopyObject works too');
  });

  it('names a copy that is forbidden', async () => {
    const diagnosis = await diagnose({
      frontOfStore: storeFront({
        answer: ({ headers }) =>
          headers['x-amz-copy-source'] === undefined
            ? undefined
            : { status: 403, body: '<Error><Code>AccessDenied</Code></Error>' },
      }),
    });
    expectTroubles(diagnosis, { failed: ['copy'] });
    expect(diagnosis.textOf('copy')).toMatch(/HTTP 403 AccessDenied.*s3:GetObject.*STORAGE_PROMOTE=stream/s);
  });

  it('warns of a storage that honours unsigned copy headers', async () => {
    const diagnosis = await diagnose({ store: { profiles: ['reef'] } });
    expectTroubles(diagnosis, { warned: ['unsigned-copy-source'] });
    expect(diagnosis.textOf('unsigned-copy-source')).toMatch(
      /CVE-2026-54330.*no presigned PUT.*uploads are safe.*upgrade/s,
    );
  });
});

describe('doctor, about signed addresses of originals', () => {
  it('names a proxy that changes the Host header', async () => {
    const diagnosis = await diagnose({
      frontOfPublicStore: storeFront({ changeRequest: () => ({ host: 'storage.internal' }) }),
    });
    // A presigned PUT, which needs the host too, is refused as well: that is no flaw.
    expectTroubles(diagnosis, { failed: ['presigned-get'] });
    expect(diagnosis.textOf('presigned-get')).toMatch(/403.*covers the host name.*proxy_set_header Host \$http_host/s);
  });
});

describe('doctor, about CORS', () => {
  it('names a bucket without CORS rules', async () => {
    const diagnosis = await diagnose({ corsRules: [] });
    expectTroubles(diagnosis, { failed: ['cors'] });
    expect(diagnosis.textOf('cors')).toMatch(
      /Pages of http:\/\/localhost:3000 cannot upload.*403 AccessDenied.*no CORS configuration.*"network error".*kuanary setup-bucket/s,
    );
  });

  it('names a rule that has the origin with a slash', async () => {
    const diagnosis = await diagnose({ corsRules: [corsRule('https://other.example', `${testOrigin}/`)] });
    expectTroubles(diagnosis, { failed: ['cors'] });
    expect(diagnosis.textOf('cors')).toMatch(
      /have "http:\/\/localhost:3000\/", which never matches this origin: it ends with a slash.*Write exactly http:\/\/localhost:3000 /s,
    );
  });

  it('names the origins that no rule lists, and only those', async () => {
    const diagnosis = await diagnose({
      environment: {
        ALLOWED_ORIGINS: `${testOrigin},http://localhost:4000`,
        ANONYMOUS_ORIGINS: 'http://localhost:5000',
      },
    });
    expectTroubles(diagnosis, { failed: ['cors'] });
    expect(diagnosis.textOf('cors')).toMatch(
      /Pages of http:\/\/localhost:4000, http:\/\/localhost:5000 cannot upload.*No CORS rule of the bucket lists this origin/s,
    );
  });

  it('names a rule for "any origin" that is not there', async () => {
    const diagnosis = await diagnose({ environment: { ALLOWED_ORIGINS: '*' } });
    expectTroubles(diagnosis, { failed: ['cors'] });
    expect(diagnosis.textOf('cors')).toMatch(/Pages of \* cannot upload/);
  });

  it('names a rule without POST', async () => {
    const diagnosis = await diagnose({ corsRules: [{ AllowedOrigins: [testOrigin], AllowedMethods: ['GET', 'PUT'] }] });
    expectTroubles(diagnosis, { failed: ['cors'] });
    expect(diagnosis.textOf('cors')).toMatch(/allows the origin, but only GET, PUT; uploads are POST/);
  });

  it('names a proxy that adds a second Access-Control-Allow-Origin', async () => {
    const diagnosis = await diagnose({
      frontOfPublicStore: storeFront({
        changeAnswer: (headers, request) =>
          isForm(request) ? [...headers, 'Access-Control-Allow-Origin', '*'] : headers,
      }),
    });
    expectTroubles(diagnosis, { failed: ['cors'] });
    expect(diagnosis.textOf('cors')).toMatch(
      /The answer to a posted form has Access-Control-Allow-Origin more than once: "http:\/\/localhost:3000, \*".*proxy_hide_header/s,
    );
  });

  it('names a proxy that keeps OPTIONS from the storage', async () => {
    const diagnosis = await diagnose({
      frontOfPublicStore: storeFront({
        answer: (request) => (isPreflight(request) ? { status: 405, headers: { Server: 'nginx' } } : undefined),
      }),
    });
    expectTroubles(diagnosis, { failed: ['cors'] });
    expect(diagnosis.textOf('cors')).toMatch(
      /HTTP 405.*The CORS rules of the bucket allow it, so a proxy.*pass OPTIONS/s,
    );
  });

  it('names a redirect of preflights', async () => {
    const diagnosis = await diagnose({
      frontOfPublicStore: storeFront({
        answer: (request) =>
          isPreflight(request) ? { status: 301, headers: { Location: 'https://s3.example/b' } } : undefined,
      }),
    });
    expectTroubles(diagnosis, { failed: ['cors'] });
    expect(diagnosis.textOf('cors')).toMatch(/no redirect of a preflight.*https:\/\/s3\.example\/b/s);
  });

  it('warns of "any origin" with credentials', async () => {
    const diagnosis = await diagnose({
      frontOfPublicStore: storeFront({
        answer: (request) =>
          isPreflight(request)
            ? {
                status: 204,
                headers: {
                  'Access-Control-Allow-Origin': '*',
                  'Access-Control-Allow-Credentials': 'true',
                  'Access-Control-Allow-Headers': '*',
                },
              }
            : undefined,
      }),
    });
    expectTroubles(diagnosis, { warned: ['cors'] });
    expect(diagnosis.textOf('cors')).toMatch(/Allow-Credentials: true.*Take Access-Control-Allow-Credentials off/s);
  });

  it('names a storage that has one setting for all buckets', async () => {
    const diagnosis = await diagnose({ store: { profiles: ['cors-unsupported'] } });
    expectTroubles(diagnosis, { failed: ['cors'] });
    expect(diagnosis.textOf('cors')).toMatch(/MINIO_API_CORS_ALLOW_ORIGIN=http:\/\/localhost:3000/);
  });

  it('takes a rule of the whole world for what it is, and says so', async () => {
    const diagnosis = await diagnose({
      prepare: async (client, bucket) => {
        const rules = { CORSRules: [corsRule('*')] };
        await client.send(new PutBucketCorsCommand({ Bucket: bucket, CORSConfiguration: rules }));
      },
    });
    expectTroubles(diagnosis, {});
    expect(diagnosis.textOf('cors')).toContain('pages of any origin');
  });
});

describe('doctor, about lifecycle rules', () => {
  it('names a bucket without them', async () => {
    const diagnosis = await diagnose({ lifecycleRules: [] });
    expectTroubles(diagnosis, { warned: ['lifecycle'] });
    expect(diagnosis.textOf('lifecycle')).toMatch(
      /no lifecycle rules.*tmp\/incoming\/ after 2 days.*sweeper.*kuanary setup-bucket/s,
    );
  });

  it('names one that was changed', async () => {
    const diagnosis = await diagnose({
      lifecycleRules: wanted.map((rule) =>
        rule.Expiration?.Days === 90 ? { ...rule, Expiration: { Days: 400 } } : rule,
      ),
    });
    expectTroubles(diagnosis, { warned: ['lifecycle'] });
    expect(diagnosis.textOf('lifecycle')).toMatch(
      /Lifecycle rules are missing\. Wanted: delete tmp\/commits\/ after 90 days\./,
    );
  });

  it('does not mind where only the rule about multipart uploads is missing, which MinIO refuses', async () => {
    const diagnosis = await diagnose({
      lifecycleRules: wanted.filter((rule) => rule.AbortIncompleteMultipartUpload === undefined),
    });
    expectTroubles(diagnosis, {});
    expect(diagnosis.textOf('lifecycle')).toMatch(/^info\n.*multipart uploads.*Kuanary makes no such uploads/s);
  });

  it('names a foreign rule on tmp/, which takes the records of uploads', async () => {
    const diagnosis = await diagnose({ lifecycleRules: [...wanted, expiry('clean-tmp', 'tmp/', 1)] });
    expectTroubles(diagnosis, { failed: ['lifecycle'] });
    expect(diagnosis.textOf('lifecycle')).toMatch(
      /"clean-tmp" deletes objects after 1 day under "tmp\/".*record.*Remove the rule "clean-tmp"/s,
    );
  });

  it('warns of a foreign rule on the attempts', async () => {
    const diagnosis = await diagnose({ lifecycleRules: [...wanted, expiry('attempts', 'tmp/attempts/', 30)] });
    expectTroubles(diagnosis, { warned: ['lifecycle'] });
    expect(diagnosis.textOf('lifecycle')).toMatch(/"attempts".*sweeper/s);
  });

  it('names a foreign rule that expires everything', async () => {
    const diagnosis = await diagnose({ lifecycleRules: [...wanted, expiry('yearly', '', 365)] });
    expectTroubles(diagnosis, { failed: ['lifecycle'] });
    expect(diagnosis.textOf('lifecycle')).toMatch(
      /"yearly" deletes objects after 365 days in the whole bucket.*every image/s,
    );
  });

  it('lets rules for other prefixes be', async () => {
    const diagnosis = await diagnose({ lifecycleRules: [...wanted, expiry('logs', 'logs/', 7)] });
    expectTroubles(diagnosis, {});
  });

  it('warns that only the sweeper cleans up where the storage has none', async () => {
    const diagnosis = await diagnose({ store: { profiles: ['lifecycle-unsupported'] } });
    expectTroubles(diagnosis, { warned: ['lifecycle'] });
    expect(diagnosis.textOf('lifecycle')).toMatch(/HTTP 501 NotImplemented.*only the sweeper.*SWEEP_INTERVAL_SECONDS/s);
  });

  it('warns that a key may not read them', async () => {
    const diagnosis = await diagnose({
      frontOfStore: storeFront({
        answer: ({ url }) =>
          url?.includes('lifecycle') ? { status: 403, body: '<Error><Code>AccessDenied</Code></Error>' } : undefined,
      }),
    });
    expectTroubles(diagnosis, { warned: ['lifecycle'] });
    expect(diagnosis.textOf('lifecycle')).toMatch(/403 AccessDenied.*s3:GetLifecycleConfiguration/s);
  });
});

describe('doctor, about multipart uploads', () => {
  it('counts those that were left incomplete', async () => {
    let behindMs = 0;
    const diagnosis = await diagnose({
      store: { now: () => new Date(Date.now() - behindMs) },
      prepare: async (client, bucket) => {
        behindMs = 2 * dayMs;
        for (const key of ['backup/a.tar', 'backup/b.tar']) {
          // Each time, because the client learns the true time from every answer.
          client.config.systemClockOffset = -behindMs;
          await client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key: key }));
        }
        behindMs = 0;
        client.config.systemClockOffset = 0;
        await client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key: 'under-way.tar' }));
      },
    });
    expectTroubles(diagnosis, { warned: ['multipart-leftovers'] });
    expect(diagnosis.textOf('multipart-leftovers')).toMatch(
      /^warn\n2 incomplete multipart uploads are older than a day, such as one of "backup\/a\.tar".*AbortIncompleteMultipartUpload/s,
    );
  });

  it('does not mind a storage that cannot list them', async () => {
    const diagnosis = await diagnose({
      frontOfStore: storeFront({
        answer: ({ url, method }) =>
          method === 'GET' && url?.includes('uploads')
            ? { status: 501, body: '<Error><Code>NotImplemented</Code></Error>' }
            : undefined,
      }),
    });
    expectTroubles(diagnosis, {});
    expect(diagnosis.textOf('multipart-leftovers')).toContain('the storage has no such listing');
  });
});
