import type { LifecycleRule, TransitionStorageClass } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { findLifecycleRisks } from './find-lifecycle-risks.ts';
import { wantedLifecycleRules } from './wanted-lifecycle.ts';

function expiring(prefix: string, days: number, more: Partial<LifecycleRule> = {}): LifecycleRule {
  return { ID: 'foreign', Status: 'Enabled', Filter: { Prefix: prefix }, Expiration: { Days: days }, ...more };
}

function moving(prefix: string, storageClass: string, days = 30): LifecycleRule {
  // The SDK's type lists the classes of AWS; other servers have their own.
  const target = storageClass as TransitionStorageClass;
  return {
    ID: 'cold',
    Status: 'Enabled',
    Filter: { Prefix: prefix },
    Transitions: [{ Days: days, StorageClass: target }],
  };
}

function risksOf(rule: LifecycleRule): string[] {
  return findLifecycleRisks([rule]).map(({ destroys, likelihood }) => `${destroys} ${likelihood}`);
}

describe('findLifecycleRisks', () => {
  it('finds none in our own rules, and none in an empty bucket', () => {
    expect(findLifecycleRisks(wantedLifecycleRules())).toEqual([]);
    expect(findLifecycleRisks([])).toEqual([]);
  });

  it.each<[string, LifecycleRule, string[]]>([
    [
      'a short expiry of the whole bucket',
      expiring('', 1),
      ['attempts certain', 'commits certain', 'incoming certain', 'images certain'],
    ],
    ['a long expiry of the whole bucket', expiring('', 3650), ['attempts certain', 'images certain']],
    ['an expiry of tmp/', expiring('tmp/', 30), ['attempts certain', 'commits certain']],
    ['an expiry of attempts, however late', expiring('tmp/attempts/', 3650), ['attempts certain']],
    ['an expiry of single attempts', expiring('tmp/attempts/0', 1), ['attempts certain']],
    ['records that go early', expiring('tmp/commits/', 89), ['commits certain']],
    ['records that go as late as ours', expiring('tmp/commits/', 90), []],
    ['uploads that go early', expiring('tmp/incoming/', 1), ['incoming certain']],
    ['uploads that go as late as ours', expiring('tmp/incoming/', 2), []],
    ['our images', expiring('image-', 365), ['images certain']],
    ['one of our images', expiring('image-0a', 365), ['images certain']],
    ['some names at the root', expiring('photo', 365), ['images possible']],
    ['another folder', expiring('exports/', 1), []],
    ['a prefix that no image name can have', expiring('.well-known', 1), []],
    ['a disabled rule', expiring('', 1, { Status: 'Disabled' }), []],
    ['the older form', { ID: 'old', Status: 'Enabled', Prefix: 'image-', Expiration: { Days: 9 } }, ['images certain']],
    [
      'tagged objects',
      expiring('', 900, { Filter: { Tag: { Key: 'temporary', Value: 'yes' } } }),
      ['attempts possible', 'images possible'],
    ],
    [
      'large objects',
      expiring('', 900, { Filter: { And: { Prefix: 'image-', ObjectSizeGreaterThan: 1_000_000 } } }),
      ['images possible'],
    ],
    [
      'a date',
      { ID: 'day', Status: 'Enabled', Filter: { Prefix: 'tmp/commits/' }, Expiration: { Date: new Date(0) } },
      ['commits certain'],
    ],
    ['a move to an archive', moving('image-', 'GLACIER'), ['images certain']],
    [
      'a move of the whole bucket to a deep archive',
      moving('', 'DEEP_ARCHIVE'),
      ['attempts certain', 'commits certain', 'images certain'],
    ],
    ['a move of uploads that are over by then', moving('tmp/incoming/', 'GLACIER'), []],
    ['a move to a class of the server alone', moving('image-', 'COLD'), ['images possible']],
    ['a move of records to a class of the server alone', moving('tmp/commits/', 'COLD'), ['commits possible']],
    [
      'old versions, delete markers and multipart uploads',
      {
        ID: 'tidy',
        Status: 'Enabled',
        Filter: { Prefix: '' },
        Expiration: { ExpiredObjectDeleteMarker: true },
        NoncurrentVersionExpiration: { NoncurrentDays: 1 },
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
      },
      [],
    ],
  ])('judges %s', (_what, rule, expected) => {
    expect(risksOf(rule)).toEqual(expected);
  });

  it.each(['STANDARD', 'STANDARD_IA', 'ONEZONE_IA', 'INTELLIGENT_TIERING', 'GLACIER_IR', 'REDUCED_REDUNDANCY'])(
    'sees no risk in a move to %s, whose objects are read at once',
    (storageClass) => {
      expect(risksOf(moving('', storageClass, 0))).toEqual([]);
    },
  );

  it('says of moved objects that they cannot be read, not that they are gone', () => {
    const sentencesOf = (rule: LifecycleRule) => findLifecycleRisks([rule]).map(({ sentence }) => sentence);
    expect(sentencesOf(moving('tmp/commits/', 'GLACIER'))).toEqual([
      'The lifecycle rule "cold" moves objects to storage class GLACIER after 30 days under "tmp/commits/": nothing, imgproxy included, can read objects in this archive class until somebody restores them; the API and its sweeper have to read these.',
    ]);
    expect(sentencesOf(moving('image-', 'COLD')).join()).toContain('Kuanary does not know this class');
  });

  it('judges a rule with one of our IDs when it is not as we want it', () => {
    const [risk] = findLifecycleRisks([{ ...expiring('tmp/commits/', 1), ID: 'kuanary-commits' }]);
    expect(risk).toEqual({
      ruleId: 'kuanary-commits',
      destroys: 'commits',
      action: 'expire',
      prefix: 'tmp/commits/',
      days: 1,
      likelihood: 'certain',
      sentence:
        'The lifecycle rule "kuanary-commits" deletes objects after 1 day under "tmp/commits/": an image whose record is gone can be deleted by the sweeper; records must live 90 days.',
    });
  });
});
