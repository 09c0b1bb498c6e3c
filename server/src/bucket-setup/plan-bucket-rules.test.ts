import type { CORSRule, LifecycleRule } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planCors } from './plan-cors.ts';
import { planLifecycle } from './plan-lifecycle.ts';
import { corsRuleId, wantedCorsRule } from './wanted-cors.ts';
import { isOurLifecycleRule, lifecycleRuleIds, wantedLifecycleRules } from './wanted-lifecycle.ts';

const origin = fc.constantFrom('https://cms.example.com', 'https://shop.example.com', 'https://*.example.net', '*');
const foreignId = fc.option(fc.constantFrom('site', 'logs', 'backup', 'kuanary-other'), { nil: undefined });

function defined<T extends object>(record: T): T {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as T;
}

const foreignCors: fc.Arbitrary<CORSRule> = fc
  .record({
    ID: foreignId,
    AllowedOrigins: fc.uniqueArray(origin, { minLength: 1 }),
    AllowedMethods: fc.uniqueArray(fc.constantFrom('GET', 'PUT', 'DELETE'), { minLength: 1 }),
    MaxAgeSeconds: fc.option(fc.nat(9999), { nil: undefined }),
  })
  .map(defined) as fc.Arbitrary<CORSRule>;
const ownCors: fc.Arbitrary<CORSRule> = foreignCors.map((rule) => ({ ...rule, ID: corsRuleId }));

const foreignLifecycle = fc
  .record({
    ID: foreignId,
    Status: fc.constantFrom('Enabled', 'Disabled'),
    Filter: fc.option(fc.record({ Prefix: fc.constantFrom('', 'logs/', 'tmp/', 'backup/') }), { nil: undefined }),
    Prefix: fc.option(fc.constantFrom('', 'old/'), { nil: undefined }),
    Expiration: fc.record({ Days: fc.integer({ min: 1, max: 400 }) }),
  })
  .map(defined) as fc.Arbitrary<LifecycleRule>;
const ownLifecycle: fc.Arbitrary<LifecycleRule> = fc
  .tuple(foreignLifecycle, fc.constantFrom(...Object.values(lifecycleRuleIds)))
  .map(([rule, id]) => ({ ...rule, ID: id }));

const wantedCors = fc.uniqueArray(origin, { minLength: 1 }).map((origins) => wantedCorsRule(origins));

describe('planCors', () => {
  const bucket = fc.array(fc.oneof(foreignCors, ownCors), { maxLength: 6 });
  const foreignOf = (rules: CORSRule[]) => rules.filter(({ ID: id }) => id !== corsRuleId);

  it('changes nothing the second time', () => {
    fc.assert(
      fc.property(bucket, wantedCors, (current, wanted) => {
        const { next } = planCors(current, wanted);
        expect(planCors(next, wanted)).toEqual({ next, changes: [] });
      }),
    );
  });

  it('keeps foreign rules word for word and in order, and puts ours first', () => {
    fc.assert(
      fc.property(bucket, wantedCors, (current, wanted) => {
        const { next } = planCors(current, wanted);
        expect(foreignOf(next)).toEqual(foreignOf(current));
        expect(next[0]).toEqual(wanted);
      }),
    );
  });

  it('gives the original back when undone', () => {
    fc.assert(
      fc.property(fc.array(foreignCors, { maxLength: 6 }), wantedCors, (original, wanted) => {
        expect(planCors(planCors(original, wanted).next, null).next).toEqual(original);
      }),
    );
  });

  it('takes our rule as such on a server that does not keep its ID, but removes no rule without our ID', () => {
    const wanted = wantedCorsRule(['https://cms.example.com']);
    const { ID: _dropped, ...given } = wanted ?? {};
    const current = [given as CORSRule];
    expect(planCors(current, wanted).changes).toEqual([]);
    expect(planCors(current, null)).toEqual({ next: current, changes: [] });
  });

  it('moves our rule to the front when another has come before it', () => {
    const wanted = wantedCorsRule(['https://cms.example.com']);
    const site: CORSRule = { ID: 'site', AllowedOrigins: ['*'], AllowedMethods: ['GET'] };
    const { next, changes } = planCors(wanted === null ? [] : [site, wanted], wanted);
    expect(next.map(({ ID: id }) => id)).toEqual([corsRuleId, 'site']);
    expect(changes[0]?.after).toContain('place    before all others');
  });
});

describe('planLifecycle', () => {
  const bucket = fc.array(fc.oneof(foreignLifecycle, ownLifecycle), { maxLength: 8 });
  const foreignOf = (rules: LifecycleRule[]) => rules.filter((rule) => !isOurLifecycleRule(rule));
  const wanted = wantedLifecycleRules();

  it('changes nothing the second time', () => {
    fc.assert(
      fc.property(bucket, (current) => {
        const { next } = planLifecycle(current, wanted);
        expect(planLifecycle(next, wanted)).toEqual({ next, changes: [] });
      }),
    );
  });

  it('keeps foreign rules word for word and in order, and has each of ours once', () => {
    fc.assert(
      fc.property(bucket, (current) => {
        const { next } = planLifecycle(current, wanted);
        expect(foreignOf(next)).toEqual(foreignOf(current));
        const ids = next.filter(isOurLifecycleRule).map(({ ID: id }) => id);
        expect(ids.toSorted()).toEqual(Object.values(lifecycleRuleIds).toSorted());
      }),
    );
  });

  it('gives the original back when undone', () => {
    fc.assert(
      fc.property(fc.array(foreignLifecycle, { maxLength: 6 }), (original) => {
        expect(planLifecycle(planLifecycle(original, wanted).next, []).next).toEqual(original);
      }),
    );
  });

  it('writes the older form beside rules of the older form, because AWS refuses a mixture', () => {
    const old: LifecycleRule = { ID: 'logs', Status: 'Enabled', Prefix: 'logs/', Expiration: { Days: 7 } };
    const { next } = planLifecycle([old], wanted);
    expect(next.every(({ Filter: filter }) => filter === undefined)).toBe(true);
    expect(next[1]).toMatchObject({ ID: 'kuanary-incoming', Prefix: 'tmp/incoming/', Expiration: { Days: 2 } });
    expect(planLifecycle(next, wanted).changes).toEqual([]);
  });
});
