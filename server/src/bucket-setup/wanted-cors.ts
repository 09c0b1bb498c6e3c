import type { CORSRule } from '@aws-sdk/client-s3';

/** The rule with this ID is ours: `setup-bucket` writes and removes it, and leaves all others alone. */
export const corsRuleId = 'kuanary';

/**
 * What browsers need to post a file to the bucket and to read the answer. `null` without origins: then no page uploads.
 * OPTIONS is not listed: S3 answers preflights by itself, and refuses a rule that names the method.
 */
export function wantedCorsRule(origins: readonly string[]): CORSRule | null {
  if (origins.length === 0) return null;
  return {
    ID: corsRuleId,
    AllowedOrigins: origins.includes('*') ? ['*'] : [...new Set(origins)],
    AllowedMethods: ['POST', 'GET', 'HEAD'],
    AllowedHeaders: ['*'],
    ExposeHeaders: ['ETag', 'Location'],
    MaxAgeSeconds: 3600,
  };
}
