import type { Config } from '../../config.ts';
import type { Check, Finding } from '../check.ts';
import { findEndpointTroubles } from '../endpoint-settings.ts';

export const configurationCheck: Check = {
  id: 'configuration',
  title: 'The settings are complete and fit together',
  needs: [],
  async run({ config }) {
    const findings = [...findEndpointTroubles(config), ...describeAccess(config)];
    if (findings.some(({ verdict }) => verdict !== 'info')) return findings;
    const { bucket, endpoint, region } = config.storage;
    const found = `Bucket "${bucket}" at ${new URL(endpoint).origin}, region "${region}"; pictures from ${config.imgproxy.url}.`;
    return [{ verdict: 'pass', found }, ...findings];
  },
};

/** Who may upload, as far as it is more or less than an owner may think. */
function describeAccess({ access, uploads, production }: Config): Finding[] {
  const findings: Finding[] = [];
  if (access.apiKeys.size === 0 && access.anonymousOrigins.length === 0) {
    findings.push({
      verdict: 'warn',
      found: 'Nobody may upload: there are no API_KEYS and no ANONYMOUS_ORIGINS.',
      cause: 'These settings are new; an .env of an older version does not have them. Reads work without.',
      remedy: 'Add API_KEYS=cms:<secret>, the secret made by `openssl rand -hex 32`, and start the API again.',
    });
  }
  if (production && access.legacyUpload === 'anonymous') {
    findings.push({
      verdict: 'warn',
      found: 'LEGACY_UPLOAD=anonymous: anybody on the network may post files to /upload.',
      cause: 'This setting is for development, and for old clients behind a firewall.',
      remedy: 'Set LEGACY_UPLOAD=key, and give the old clients an API key to send as "Authorization: Bearer …".',
    });
  }
  if (production && access.anonymousOrigins.includes('*')) {
    findings.push({
      verdict: 'warn',
      found: 'ANONYMOUS_ORIGINS=*: anybody may upload, from any page and from programs.',
      cause: 'This setting is for development.',
      remedy: 'List the origins of your own pages, or use upload tokens (API_KEYS).',
    });
  } else if (access.anonymousOrigins.length > 0) {
    findings.push({
      verdict: 'info',
      found:
        'ANONYMOUS_ORIGINS is set: pages of these origins upload without a credential. Programs can claim any origin.',
    });
  }
  if (uploads.singleInstance) {
    findings.push({ verdict: 'info', found: 'SINGLE_INSTANCE=true: run exactly one instance on this bucket.' });
  }
  return findings;
}
