import type { CORSRule, LifecycleRule } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { isSameCorsRule } from './compare-cors.ts';
import { isSameLifecycleRule } from './compare-lifecycle.ts';
import { findUnknownElements } from './known-elements.ts';

const base: LifecycleRule = { ID: 'a', Status: 'Enabled', Filter: { Prefix: 'x/' }, Expiration: { Days: 2 } };

describe('isSameLifecycleRule', () => {
  it.each<[string, LifecycleRule]>([
    ['another ID', { ...base, ID: 'b' }],
    ['the older form', { Status: 'Enabled', Prefix: 'x/', Expiration: { Days: 2 } }],
    ['one condition in an And', { ...base, Filter: { And: { Prefix: 'x/' } } }],
    ['an action that is switched off', { ...base, Expiration: { Days: 2, ExpiredObjectDeleteMarker: false } }],
    ['empty lists', { ...base, Transitions: [], NoncurrentVersionTransitions: [] }],
  ])('takes %s as the same', (_what, rule) => {
    expect(isSameLifecycleRule(base, rule)).toBe(true);
  });

  it.each<[string, LifecycleRule]>([
    ['a disabled rule', { ...base, Status: 'Disabled' }],
    ['another prefix', { ...base, Filter: { Prefix: 'x' } }],
    ['another age', { ...base, Expiration: { Days: 3 } }],
    ['a further tag', { ...base, Filter: { And: { Prefix: 'x/', Tags: [{ Key: 'a', Value: 'b' }] } } }],
    ['a further size', { ...base, Filter: { And: { Prefix: 'x/', ObjectSizeLessThan: 9 } } }],
    ['a further action', { ...base, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } }],
    ['a further transition', { ...base, Transitions: [{ Days: 1, StorageClass: 'GLACIER' }] }],
  ])('tells %s apart', (_what, rule) => {
    expect(isSameLifecycleRule(base, rule)).toBe(false);
  });
});

describe('isSameCorsRule', () => {
  const rule: CORSRule = { AllowedOrigins: ['b', 'a'], AllowedMethods: ['GET'], AllowedHeaders: ['X-A'] };

  it('looks past order and the case of header names', () => {
    expect(isSameCorsRule(rule, { ...rule, AllowedOrigins: ['a', 'b'], AllowedHeaders: ['x-a'] })).toBe(true);
  });

  it('tells origins, methods and times apart', () => {
    expect(isSameCorsRule(rule, { ...rule, AllowedOrigins: ['A', 'b'] })).toBe(false);
    expect(isSameCorsRule(rule, { ...rule, AllowedMethods: ['GET', 'PUT'] })).toBe(false);
    expect(isSameCorsRule(rule, { ...rule, MaxAgeSeconds: 0 })).toBe(false);
  });
});

describe('findUnknownElements', () => {
  it('finds what the S3 API does not define, with or without a namespace', () => {
    const xml =
      '<?xml version="1.0"?><s3:LifecycleConfiguration xmlns:s3="http://s3/"><s3:Rule><ArchiveZone/></s3:Rule>';
    expect(findUnknownElements(xml, 'lifecycle')).toEqual(['ArchiveZone']);
    expect(findUnknownElements('<CORSConfiguration><CORSRule/></CORSConfiguration>', 'cors')).toEqual([]);
  });
});
