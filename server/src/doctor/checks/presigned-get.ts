import { randomBytes } from 'node:crypto';
import type { Config } from '../../config.ts';
import type { Check, DoctorContext, Finding } from '../check.ts';
import { describeAnswer, htmlTitleOf, s3CodeOf } from '../describe-answer.ts';
import { redirectTarget, type Trouble } from '../foreign-answer.ts';
import { type HttpAnswer, HttpProbeError } from '../http-probe.ts';

const probeBytes = 256;
/** As `GET /images/:filename/original` signs them. */
const lifetimeSeconds = 300;

export const presignedGetCheck: Check = {
  id: 'presigned-get',
  title: 'The address of an original can be opened by a browser',
  needs: ['object-permissions'],
  async run(context) {
    const { probes, storage, http, config } = context;
    const key = probes.reserveKey();
    const bytes = randomBytes(probeBytes);
    await storage.put(key, bytes, { contentType: 'image/png', metadata: {} });
    const address = await storage.presignGet(key, lifetimeSeconds);
    try {
      return judge(await http.send(address), bytes, config);
    } catch (error) {
      if (!(error instanceof HttpProbeError)) throw error;
      return { verdict: 'fail', ...explainSilence(error) };
    }
  },
};

function judge(answer: HttpAnswer, bytes: Buffer, config: DoctorContext['config']): Finding {
  if (answer.status === 200 && bytes.equals(answer.body)) {
    return { verdict: 'pass', found: 'A signed address through the public endpoint gives the object.' };
  }
  const asked = answer.status === 200 ? `${answer.body.length} other bytes than those stored` : describeAnswer(answer);
  return { verdict: 'fail', found: `A signed address is answered with ${asked}.`, ...explain(answer, config) };
}

function explain(answer: HttpAnswer, { storage }: Config): Pick<Trouble, 'cause' | 'remedy'> {
  const code = s3CodeOf(answer);
  const target = redirectTarget(answer);
  if (target !== undefined) {
    return {
      cause:
        'Something in front of the storage, or another region, redirects; the signature is for the first host only.',
      remedy: `Set S3_PUBLIC_ENDPOINT to the address that answers by itself (the redirect leads to ${target}).`,
    };
  }
  if (code === 'SignatureDoesNotMatch' || (code === 'AccessDenied' && answer.status === 403)) {
    return {
      cause:
        'The signature covers the host name and the path, and a proxy changes one of them on the way. Forms are not affected: their signature covers neither.',
      remedy:
        'Have the proxy pass the Host header and the path on as they come: in nginx, proxy_set_header Host $http_host, and proxy_pass without a path. Or set S3_PUBLIC_ENDPOINT to the storage itself.',
    };
  }
  if (code === 'NoSuchKey' || code === 'NoSuchBucket') {
    return {
      cause: `S3_PUBLIC_ENDPOINT leads to another storage than S3_ENDPOINT, or another bucket than "${storage.bucket}".`,
      remedy: 'Set S3_PUBLIC_ENDPOINT to the public address of the storage that S3_ENDPOINT names.',
    };
  }
  if (answer.status === 200 || htmlTitleOf(answer) !== undefined || code === undefined) {
    return {
      cause:
        'Something else than the storage answers: a page of a proxy, a login, or a CDN that changes or caches answers without looking at the query.',
      remedy: 'Let GET with a query through to the storage unchanged and uncached for this host name.',
    };
  }
  return {
    cause: 'The storage does not accept addresses signed in the query, for this key or at this address.',
    remedy:
      'Allow s3:GetObject to the key of S3_ACCESS_KEY without conditions on address or header, and ask the provider whether presigned GET is supported at S3_PUBLIC_ENDPOINT.',
  };
}

function explainSilence(error: HttpProbeError): Trouble {
  return {
    found: `A signed address gets no answer: ${error.message}.`,
    cause:
      'The public endpoint answers other requests, so something in front of it swallows GET with a long query, or it hangs.',
    remedy: 'Ask the storage without the proxy and compare; look at the log of the proxy for this moment.',
  };
}
