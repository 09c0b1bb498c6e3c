import type { Check, DoctorContext, Finding } from '../check.ts';
import { describeAnswer, htmlTitleOf, xmlTextOf } from '../describe-answer.ts';
import { explainForeignAnswer } from '../foreign-answer.ts';
import { hostReach } from '../host-reach.ts';
import { type HttpAnswer, HttpProbeError } from '../http-probe.ts';
import { bucketAddress, isS3Answer, listStorageEndpoints, type StorageEndpoint } from '../storage-endpoints.ts';

export const storageReachableCheck: Check = {
  id: 'storage-reachable',
  title: 'The storage answers, and speaks S3',
  needs: ['configuration'],
  run: (context) => Promise.all(listStorageEndpoints(context.config).map((endpoint) => examine(endpoint, context))),
};

async function examine(endpoint: StorageEndpoint, { http, config }: DoctorContext): Promise<Finding> {
  try {
    const answer = await http.send(rootOf(endpoint.address));
    if (isS3Answer(answer))
      return { verdict: 'pass', found: `${originOf(endpoint)} answers as S3 does${serverOf(answer)}.` };
    // A proxy may publish the bucket only, and show something else at its root.
    const atBucket = await http.send(bucketAddress(endpoint.address, config)).catch(ignoreSilence);
    if (atBucket !== undefined && isS3Answer(atBucket)) {
      return { verdict: 'pass', found: `${originOf(endpoint)} answers as S3 does at the address of the bucket.` };
    }
    return explainAnswer(answer, endpoint);
  } catch (error) {
    if (!(error instanceof HttpProbeError)) throw error;
    return explainSilence(error.reason, endpoint);
  }
}

function explainAnswer(answer: HttpAnswer, endpoint: StorageEndpoint): Finding {
  const { setting, address } = endpoint;
  const found = `${originOf(endpoint)} (${setting}) answers ${describeAnswer(answer)}; that is not S3.`;
  const text = answer.body.toString('utf8');
  if (answer.status === 400 && /HTTPS/.test(text)) {
    return {
      verdict: 'fail',
      found,
      cause: 'This port speaks TLS only.',
      remedy: `Set ${setting}=https://${new URL(address).host}.`,
    };
  }
  if (isConsole(answer)) {
    return {
      verdict: 'fail',
      found,
      cause: "This is the storage's console for people (MinIO: port 9001), not its S3 port.",
      remedy: `Set ${setting} to the S3 port (MinIO: 9000), or to the host name that leads there.`,
    };
  }
  const foreign = explainForeignAnswer(answer, { setting, name: 'the storage', address });
  return {
    verdict: 'fail',
    found,
    cause: foreign?.cause ?? 'Another program answers there, or a proxy does not forward to the storage.',
    remedy:
      foreign?.remedy ??
      `Set ${setting} to the S3 endpoint that your storage names, such as https://fsn1.your-objectstorage.com; without the bucket.`,
  };
}

/** Consoles are web applications: their first page is small, titled and the same everywhere. */
function isConsole(answer: HttpAnswer): boolean {
  const title = htmlTitleOf(answer);
  if (title === undefined) return false;
  const server = answer.headers.get('server') ?? '';
  return /console|minio|rustfs|dashboard/i.test(`${title} ${server}`);
}

function explainSilence(reason: string, { setting, address, forBrowsers }: StorageEndpoint): Finding {
  const { hostname, protocol, host } = new URL(address);
  const whose = forBrowsers ? ' Browsers use this address too.' : '';
  return { verdict: 'fail', found: `${protocol}//${host} (${setting}): ${reason}.`, ...causeOf() };

  function causeOf(): { cause: string; remedy: string } {
    if (/does not resolve/.test(reason)) {
      return {
        cause: `No name server that this machine asks knows "${hostname}": a typing mistake, a missing DNS record, or a name of another network.`,
        remedy: `Correct ${setting}; \`getent hosts ${hostname}\` shows what this machine knows.${whose}`,
      };
    }
    if (/speak TLS/.test(reason)) {
      return {
        cause: 'This port speaks plain http.',
        remedy: `Set ${setting}=http://${host}, or the https port.${whose}`,
      };
    }
    if (/speak HTTP/.test(reason)) {
      return {
        cause: 'This port speaks another protocol, mostly TLS.',
        remedy: `Set ${setting}=https://${host}, or the http port.`,
      };
    }
    if (/certificate/.test(reason)) {
      return {
        cause: `Whoever answers at ${host} cannot prove to be ${hostname}.`,
        remedy: `Give it a certificate for ${hostname} with its whole chain. For an authority of your own set NODE_EXTRA_CA_CERTS to its certificate file.${whose}`,
      };
    }
    if (/refused/.test(reason)) {
      const inside =
        hostReach(hostname) === 'loopback' ? ' Inside a container this address is the container itself.' : '';
      return {
        cause: `The storage is not running, or listens on another port or address.${inside}`,
        remedy: `Start the storage, and compare its port with ${setting}.${whose}`,
      };
    }
    if (/route|no connection in time/.test(reason)) {
      return {
        cause: 'A firewall drops the packets, or the host is down.',
        remedy: `Let this machine through to ${host}; \`curl -v ${protocol}//${host}/\` shows how far it comes.${whose}`,
      };
    }
    return {
      cause: 'The storage, or a proxy in front of it, takes connections but does not answer.',
      remedy: `Look at the log of whatever listens at ${host}, and restart it; then compare its port with ${setting}.${whose}`,
    };
  }
}

function rootOf(address: string): string {
  return `${address.replace(/\/+$/, '')}/`;
}

function originOf({ address }: StorageEndpoint): string {
  return new URL(address).origin;
}

function serverOf(answer: HttpAnswer): string {
  const server = answer.headers.get('server') ?? xmlTextOf(answer, 'HostId');
  return server === undefined || !/^[\w ./()-]{1,60}$/.test(server) ? '' : ` (server: ${server})`;
}

function ignoreSilence(error: unknown): undefined {
  if (!(error instanceof HttpProbeError)) throw error;
}
