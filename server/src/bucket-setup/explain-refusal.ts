import type { RuleRefusal } from './rule-refusal.ts';

/** What to do when the storage refuses one of the two configurations. */
export function explainRefusal(name: 'CORS' | 'lifecycle', refusal: RuleRefusal, origins: readonly string[]): string {
  return name === 'CORS' ? explainCors(refusal, origins) : explainLifecycle(refusal);
}

function explainCors({ reason, detail }: RuleRefusal, origins: readonly string[]): string {
  const wanted = `the origins ${origins.join(' ') || '(none is set)'} with the methods POST GET HEAD and all request headers`;
  return reason === 'not_implemented'
    ? `The storage has no CORS rules per bucket (${detail}). Allow ${wanted} in the server's own settings (MinIO: MINIO_API_CORS_ALLOW_ORIGIN).`
    : `These credentials may not read or change the CORS rules of the bucket (${detail}). Allow them s3:GetBucketCORS and s3:PutBucketCORS (Garage: owner of the bucket), or allow ${wanted} in the provider's console.`;
}

function explainLifecycle({ reason, detail }: RuleRefusal): string {
  const without =
    'Without the rules the sweeper of a running API still removes leftovers; only commit records under tmp/commits/ stay, and unfinished multipart uploads of other programs.';
  return reason === 'not_implemented'
    ? `The storage has no lifecycle rules (${detail}). ${without}`
    : `These credentials may not read or change the lifecycle rules of the bucket (${detail}). Allow them s3:GetLifecycleConfiguration and s3:PutLifecycleConfiguration, or make the rules in the provider's console. ${without}`;
}
