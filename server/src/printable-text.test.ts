import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printable } from './printable-text.ts';

/** Any text, with many of the characters that must go. */
const hostileText = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      '\u001b',
      '\u009b',
      '\r',
      '\n',
      '\t',
      '\u0000',
      '\u007f',
      '\u2028',
      '\u2029',
      '\u202e',
      '\u2066',
      '\u200f',
    ),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
});

describe('a printable text', () => {
  it('leaves ordinary text of any language as it is', () => {
    const text = 'The rule “läuft ab” of bucket «фото» – 写真 👩‍👩‍👧 – expires 7 days';
    expect(printable(text)).toBe(text);
  });

  it('takes the escape character from a sequence that colours or clears a terminal', () => {
    expect(printable('\u001b[2J\u001b[31mAll is well')).toBe(' [2J [31mAll is well');
    expect(printable('\u009b2Jone\r\ntwo')).toBe(' 2Jone  two');
  });

  it('takes what turns the direction of writing or ends a line', () => {
    expect(printable('a\u202egnp.exe\u2066b\u2069c\u2028d\u2029e')).toBe('a gnp.exe b c d e');
  });

  it('cuts a text that is too long, and says so', () => {
    expect(printable('abcdef', 4)).toBe('abc…');
    expect(printable('abcd', 4)).toBe('abcd');
  });

  it('does not cut a character in two', () => {
    expect(printable('ab👍cd', 4)).toBe('ab…');
  });

  it('holds no control character, separator or direction mark, whatever the text', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const line = printable(text);
        expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u);
        expect(line).toHaveLength(text.length);
        expect(printable(line)).toBe(line);
      }),
    );
  });

  it('is never longer than asked', () => {
    fc.assert(
      fc.property(hostileText, fc.integer({ min: 1, max: 40 }), (text, maxCharacters) => {
        expect(printable(text, maxCharacters).length).toBeLessThanOrEqual(maxCharacters);
      }),
    );
  });
});
