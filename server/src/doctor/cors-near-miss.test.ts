import { describe, expect, it } from 'vitest';
import { judgeCorsRules } from './cors-near-miss.ts';

const origin = 'https://cms.example.com';

function judge(written: string, methods = ['POST'], meant: string[] = []) {
  return judgeCorsRules([{ AllowedOrigins: [written], AllowedMethods: methods }], origin, meant);
}

describe('judgeCorsRules', () => {
  it.each([origin, '*', 'https://*.example.com', 'https://cms.example.*'])(
    'takes %s for a rule that allows',
    (pattern) => {
      expect(judge(pattern)).toEqual({ kind: 'allowed' });
    },
  );

  it.each([
    [`${origin}/`, 'it ends with a slash'],
    [`${origin}/editor`, 'it has a path'],
    [` ${origin}`, 'there are spaces around it'],
    ['https://CMS.example.com', 'it has capital letters'],
    ['cms.example.com', 'it lacks https://'],
    ['http://cms.example.com', 'it says http://, the page has https://'],
    ['https://cms.example.com:8443', 'it has another port'],
    ['https://www.cms.example.com', 'one has www., the other has not'],
  ])('names what is wrong with %j', (written, difference) => {
    expect(judge(written)).toEqual({ kind: 'near-miss', written, difference });
  });

  it.each(['https://example.org', 'https://example.com', '', 'http://*.example.org', '//'])(
    'does not guess at %j',
    (written) => {
      expect(judge(written)).toEqual({ kind: 'not-listed' });
    },
  );

  it('does not take the rule of another page for a misspelling', () => {
    const other = 'https://cms.example.com:8443';
    expect(judge(other, ['POST'], [origin, other])).toEqual({ kind: 'not-listed' });
  });

  it('says which methods a rule has that lacks POST', () => {
    expect(judge(origin, ['GET', 'PUT'])).toEqual({ kind: 'method-missing', methods: ['GET', 'PUT'] });
    expect(judgeCorsRules([], origin, [])).toEqual({ kind: 'empty' });
  });
});
