import type { CORSRule } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { findCorsConflicts } from './find-cors-conflicts.ts';
import { wantedCorsRule } from './wanted-cors.ts';

const wanted = wantedCorsRule(['https://cms.example.com']);

function conflictsOf(rules: CORSRule[]): string[] {
  if (wanted === null) throw new Error('there is an origin');
  return findCorsConflicts(rules, wanted).map(({ ruleId, effect, methods }) => `${ruleId} ${effect} ${methods}`);
}

function foreign(origin: string, methods: string[]): CORSRule {
  return { ID: 'site', AllowedOrigins: [origin], AllowedMethods: methods };
}

describe('findCorsConflicts', () => {
  it.each<[string, CORSRule, string[]]>([
    ['the same origin', foreign('https://cms.example.com', ['GET', 'PUT']), ['site hidden_by_ours GET']],
    ['every origin', foreign('*', ['POST', 'HEAD']), ['site hidden_by_ours POST,HEAD']],
    ['a pattern that matches', foreign('https://*.example.com', ['GET']), ['site hidden_by_ours GET']],
    ['a pattern that does not match', foreign('https://*.example.net', ['GET']), []],
    ['other methods', foreign('*', ['PUT', 'DELETE']), []],
    ['another origin', foreign('https://cms.example.com:8443', ['POST']), []],
  ])('compares with a rule for %s', (_what, rule, expected) => {
    expect(conflictsOf([rule])).toEqual(expected);
  });

  it('tells whether the other rule comes before ours', () => {
    const site = foreign('*', ['POST']);
    const ours = wanted === null ? [] : [wanted];
    expect(conflictsOf([site, ...ours])).toEqual(['site hides_ours POST']);
    expect(conflictsOf([...ours, site])).toEqual(['site hidden_by_ours POST']);
  });
});
