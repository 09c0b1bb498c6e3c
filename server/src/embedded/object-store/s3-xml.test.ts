import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildXml, childrenOf, parseXml, textOf } from './s3-xml.ts';

describe('buildXml and parseXml', () => {
  it('give back any text that UTF-8 can carry', () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.string({
        unit: fc.constantFrom('&', '<', '>', '"', "'", '\r', '\n', '\t', ' ', '\u0001', ']]>', '&amp;', '&#13;', 'ü'),
      }),
    );
    fc.assert(
      fc.property(text, (value) => {
        const document = parseXml(buildXml('Root', [['Key', value]]), 'Root');
        expect(childrenOf(document, 'Key')[0]?.text).toBe(value);
      }),
      { numRuns: 1000 },
    );
  });

  it('writes children in order and leaves out those without content', () => {
    expect(
      buildXml('A', [
        ['B', 1],
        ['C', undefined],
        ['D', [['E', true]]],
        ['F', ''],
      ]),
    ).toBe(
      '<?xml version="1.0" encoding="UTF-8"?><A xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><B>1</B><D><E>true</E></D><F></F></A>',
    );
  });
});

describe('parseXml', () => {
  it('reads prefixes, comments, CDATA and white space', () => {
    const xml =
      '\ufeff<?xml version="1.0"?>\n<!-- a --><s3:Root xmlns:s3="x"> <s3:A>\n 1 </s3:A><A><![CDATA[&lt;]]>&#x41;&#66;</A></s3:Root>';
    const root = parseXml(xml, 'Root');
    expect(textOf(root, 'A')).toBe('1');
    expect(childrenOf(root, 'A')[1]?.text).toBe('&lt;AB');
  });

  it.each([
    ['nothing', ''],
    ['text', 'hello'],
    ['another root', '<Other/>'],
    ['an unclosed element', '<Root><A></Root>'],
    ['two roots', '<Root/><Root/>'],
    ['a DOCTYPE', '<!DOCTYPE Root [<!ENTITY a "b">]><Root>&a;</Root>'],
    ['an entity that XML does not know', '<Root>&nbsp;</Root>'],
    ['an entity without its end', '<Root>&amp</Root>'],
    ['a character that does not exist', '<Root>&#x110000;</Root>'],
  ])('refuses %s', (_what, xml) => {
    expect(() => parseXml(xml, 'Root')).toThrow(expect.objectContaining({ status: 400, code: 'MalformedXML' }));
  });

  it('takes any input without another error than MalformedXML', () => {
    const piece = fc.constantFrom(
      '<',
      '>',
      '/',
      'Root',
      '<Root>',
      '</Root>',
      '&',
      ';',
      '<!--',
      '-->',
      '<![CDATA[',
      ']]>',
      '<?',
      '?>',
      '"',
      '=',
      'a',
      '#',
      '__proto__',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 15 }), (pieces) => {
        try {
          parseXml(pieces.join(''), 'Root');
        } catch (error) {
          expect(error).toMatchObject({ code: 'MalformedXML' });
        }
      }),
      { numRuns: 2000 },
    );
  });
});
