import type { Probe } from './probe.ts';

const bucketCall = (method: string, subresource: string, body?: string): Probe => ({
  name: `bucket: ${method} ?${subresource}`,
  ask: (target) => target.onBucket(method, subresource, body),
});

const named = (name: string): Probe => ({
  name: `CreateBucket "${name.slice(0, 20)}"`,
  ask: (target) => target.signed({ method: 'PUT', path: `/${name}` }),
});

const atRoot = (method: string, path = '/'): Probe => ({
  name: `${method} ${path}`,
  ask: (target) => target.signed({ method, path }),
});

const missing = '/kuanary-is-not-there';

export const bucketProbes: Probe[] = [
  {
    name: 'ListBuckets',
    async ask(target) {
      // Other buckets of the account are none of our business.
      const answer = await target.signed({ method: 'GET', path: '/' });
      return { ...answer, body: Buffer.from(answer.body.toString().replace(/<Buckets>.*<\/Buckets>/s, '<Buckets/>')) };
    },
  },
  atRoot('HEAD'),
  atRoot('PUT'),
  atRoot('DELETE'),
  atRoot('POST'),
  atRoot('OPTIONS'),
  { name: 'CreateBucket again', ask: (target) => target.onBucket('PUT') },
  ...['ab', 'AB_x', 'a..b', '192.168.0.1', 'a'.repeat(64), '-ab', 'ab-', 'a_b'].map(named),
  {
    name: 'CreateBucket in an unknown region',
    ask: (target) =>
      target.signed({
        method: 'PUT',
        path: '/kuanary-in-mars',
        body: '<CreateBucketConfiguration><LocationConstraint>mars</LocationConstraint></CreateBucketConfiguration>',
      }),
  },
  {
    name: 'CreateBucket with XML that is cut off',
    ask: (target) => target.signed({ method: 'PUT', path: '/kuanary-cut-off', body: '<CreateBucketConf' }),
  },
  { name: 'HeadBucket', ask: (target) => target.onBucket('HEAD') },
  atRoot('HEAD', missing),
  atRoot('GET', missing),
  atRoot('DELETE', missing),
  atRoot('PUT', `${missing}/key`),
  atRoot('GET', `${missing}/key`),
  atRoot('DELETE', `${missing}/key`),
  {
    name: 'DeleteBucket that holds an object',
    async ask(target) {
      await target.put('bucket/object');
      return target.onBucket('DELETE');
    },
  },
  {
    name: 'HeadBucket with a slash behind it',
    ask: (target) => target.signed({ method: 'HEAD', path: `/${target.bucket}/` }),
  },
  bucketCall('GET', 'location'),
  bucketCall('GET', 'versioning'),
  bucketCall('GET', 'object-lock'),
  bucketCall('GET', 'uploads'),
  bucketCall('GET', 'policy'),
  bucketCall('GET', 'policyStatus'),
  bucketCall('GET', 'acl'),
  bucketCall('GET', 'tagging'),
  bucketCall('GET', 'encryption'),
  bucketCall('GET', 'notification'),
  bucketCall('GET', 'website'),
  bucketCall('GET', 'replication'),
  bucketCall('GET', 'requestPayment'),
  bucketCall('GET', 'logging'),
  bucketCall('GET', 'ownershipControls'),
  bucketCall('POST', 'cors', '<a/>'),
  bucketCall('PATCH', ''),
];
