/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CORSRule.html */
const corsElements = [
  ...['CORSConfiguration', 'CORSRule', 'ID', 'AllowedOrigin', 'AllowedMethod', 'AllowedHeader', 'ExposeHeader'],
  'MaxAgeSeconds',
];

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleRule.html */
const lifecycleElements = [
  ...['LifecycleConfiguration', 'Rule', 'ID', 'Status', 'Prefix', 'Filter', 'And', 'Tag', 'Key', 'Value'],
  ...['ObjectSizeGreaterThan', 'ObjectSizeLessThan', 'Expiration', 'Days', 'Date', 'ExpiredObjectDeleteMarker'],
  ...['Transition', 'StorageClass', 'NoncurrentVersionTransition', 'NoncurrentVersionExpiration', 'NoncurrentDays'],
  ...['NewerNoncurrentVersions', 'AbortIncompleteMultipartUpload', 'DaysAfterInitiation'],
];

const known = { cors: new Set(corsElements), lifecycle: new Set(lifecycleElements) };

/**
 * Names of elements in a stored configuration that the S3 API does not define, such as RadosGW's `ArchiveZone`. A rule
 * that is read and written back would lose them, and could then delete what it did not delete before.
 */
export function findUnknownElements(xml: string, configuration: keyof typeof known): string[] {
  const names = [...xml.matchAll(/<(?:\w+:)?([A-Za-z_][\w.-]*)/g)].map(([, name]) => name ?? '');
  return [...new Set(names)].filter((name) => !known[configuration].has(name)).sort();
}
