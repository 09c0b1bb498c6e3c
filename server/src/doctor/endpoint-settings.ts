import type { Config } from '../config.ts';
import type { Finding } from './check.ts';
import { listStorageEndpoints, type StorageEndpoint } from './storage-endpoints.ts';

/** What is wrong with the addresses of the storage, before anything is sent to them. */
export function findEndpointTroubles(config: Config): Finding[] {
  const perEndpoint = listStorageEndpoints(config).flatMap((endpoint) => [
    ...judgeParts(endpoint, config),
    ...judgeRegion(endpoint, config),
  ]);
  return [...perEndpoint, ...judgeCertificateName(config)];
}

/** An endpoint is scheme, host and port. */
function judgeParts({ setting, address }: StorageEndpoint, { storage: { bucket } }: Config): Finding[] {
  const url = new URL(address);
  const findings: Finding[] = [];
  const withoutBucket = addressWithoutBucket(address, bucket);
  // Elsewhere the first label may just be called so: s3 at media.example.com, with a bucket "media".
  const isInHost = withoutBucket !== undefined && regionInHost.test(new URL(withoutBucket).hostname);
  const corrected = isInHost ? withoutBucket : url.origin;
  if (isInHost || url.pathname.split('/').includes(bucket)) {
    findings.push({
      verdict: 'fail',
      found: `${setting} names the bucket "${bucket}" in its ${isInHost ? 'host' : 'path'}.`,
      cause: 'The bucket is added to the endpoint by itself, so it would be there twice.',
      remedy: `Set ${setting}=${corrected}; the bucket belongs in S3_BUCKET only.`,
    });
  } else if (url.pathname !== '/') {
    findings.push({
      verdict: 'warn',
      found: `${setting} has the path "${url.pathname}".`,
      cause: 'Signatures cover the path: a proxy that takes it away or changes it makes every request invalid.',
      remedy: `Give the storage a host name of its own, and set ${setting}=${corrected}.`,
    });
  }
  if (url.search !== '' || url.hash !== '') {
    findings.push({
      verdict: 'fail',
      found: `${setting} has a query or a fragment.`,
      cause: 'Addresses of objects are made by putting a path behind the endpoint.',
      remedy: `Set ${setting}=${corrected}.`,
    });
  }
  return findings;
}

/** The endpoint that was meant, if the first label of this one's host is the bucket. */
export function addressWithoutBucket(endpoint: string, bucket: string): string | undefined {
  const { protocol, host } = new URL(endpoint);
  const prefix = `${bucket.toLowerCase()}.`;
  return host.startsWith(prefix) ? `${protocol}//${host.slice(prefix.length)}` : undefined;
}

/** Providers whose host names tell the region: `<region>.domain` or `s3.<region>.domain`. */
const regionInHost =
  /^(?:s3[.-])?([a-z0-9-]+)\.(?:your-objectstorage\.com|amazonaws\.com|digitaloceanspaces\.com|backblazeb2\.com|wasabisys\.com|scw\.cloud|linodeobjects\.com|vultrobjects\.com|io\.cloud\.ovh\.net|upcloudobjects\.com)$/;

/** AWS's names that stand in the place of a region. */
const noRegions = /^(?:s3|accelerate|external-\d|global|website-.*)$/;

function judgeRegion({ setting, address }: StorageEndpoint, { storage: { region } }: Config): Finding[] {
  const host = new URL(address).hostname;
  const named = regionInHost.exec(host)?.[1];
  if (named === undefined || named === region || noRegions.test(named)) return [];
  return [
    {
      verdict: 'warn',
      found: `${setting} is in "${named}", S3_REGION is "${region}".`,
      cause: 'The host name of this provider holds the region, and signatures are made for S3_REGION.',
      remedy: `Set S3_REGION=${named}, at imgproxy too (IMGPROXY_S3_REGION); or correct the host if the bucket is elsewhere.`,
    },
  ];
}

/** A wildcard certificate covers one label only. */
function judgeCertificateName({ storage }: Config): Finding[] {
  const secure = [storage.endpoint, storage.publicEndpoint].some((address) => address.startsWith('https:'));
  if (storage.forcePathStyle || !secure || !storage.bucket.includes('.')) return [];
  return [
    {
      verdict: 'fail',
      found: `The bucket "${storage.bucket}" has a dot in its name, and S3_FORCE_PATH_STYLE is false.`,
      cause: "The bucket becomes part of the host name, and the storage's certificate covers one label, not two.",
      remedy:
        'Set S3_FORCE_PATH_STYLE=true, at imgproxy too (IMGPROXY_S3_ENDPOINT_USE_PATH_STYLE=true); or use a bucket without a dot.',
    },
  ];
}
