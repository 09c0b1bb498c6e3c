import type { Config } from '../../config.ts';
import type { Check, Finding } from '../check.ts';
import { hostReach } from '../host-reach.ts';
import { listStorageEndpoints, type StorageEndpoint } from '../storage-endpoints.ts';

export const publicEndpointCheck: Check = {
  id: 'public-endpoint',
  title: 'Browsers of visitors can reach the storage',
  needs: ['configuration'],
  async run({ config }) {
    const origins = originsOf(config);
    if (origins.length === 0) {
      return {
        verdict: 'info',
        found: 'No origins are listed in ALLOWED_ORIGINS, so it is not known whose pages upload.',
      };
    }
    const findings = [...judgeReach(config), ...judgeMixedContent(config)];
    if (findings.length > 0) return findings;
    const { address } = endpointOfBrowsers(config);
    return { verdict: 'pass', found: `Pages of ${origins.join(', ')} may send to ${new URL(address).origin}.` };
  },
};

function judgeReach(config: Config): Finding[] {
  const { setting, address } = endpointOfBrowsers(config);
  const { hostname } = new URL(address);
  const reach = hostReach(hostname);
  const publicOrigin = originsOf(config).find((origin) => hostReach(new URL(origin).hostname) === 'public');
  if (reach === 'public' || publicOrigin === undefined) return [];
  const remedy =
    'Set S3_PUBLIC_ENDPOINT to the address under which browsers reach the storage, such as https://s3.example.com; S3_ENDPOINT may stay the internal one.';
  if (reach === 'private-address') {
    return [
      {
        verdict: 'warn',
        found: `${setting} is the private address ${hostname}, and pages of ${publicOrigin} upload to it.`,
        cause: 'Only browsers within that network reach it, and most ask their users for permission first.',
        remedy,
      },
    ];
  }
  return [
    {
      verdict: 'fail',
      found: `${setting} has the host "${hostname}", and pages of ${publicOrigin} upload to it.`,
      cause:
        reach === 'loopback'
          ? "In a visitor's browser this is the visitor's own machine."
          : 'Only machines of one network know this name, such as the containers of one Docker network; browsers do not.',
      remedy,
    },
  ];
}

function judgeMixedContent(config: Config): Finding[] {
  const { setting, address } = endpointOfBrowsers(config);
  const url = new URL(address);
  const secureOrigin = originsOf(config).find((origin) => origin.startsWith('https:'));
  // Browsers take http to their own machine for secure.
  if (url.protocol === 'https:' || secureOrigin === undefined || hostReach(url.hostname) === 'loopback') return [];
  return [
    {
      verdict: 'fail',
      found: `${setting} is plain http, and pages of ${secureOrigin} upload to it.`,
      cause: 'Browsers block requests of https pages to http addresses (mixed content), before anything is sent.',
      remedy: `Give the storage a certificate, and set ${setting}=https://${url.host}.`,
    },
  ];
}

function endpointOfBrowsers(config: Config): Pick<StorageEndpoint, 'setting' | 'address'> {
  const found = listStorageEndpoints(config).find(({ forBrowsers }) => forBrowsers);
  return found ?? { setting: 'S3_PUBLIC_ENDPOINT', address: config.storage.publicEndpoint };
}

function originsOf({ access }: Config): string[] {
  return [...access.allowedOrigins, ...access.anonymousOrigins].filter((origin) => origin !== '*');
}
