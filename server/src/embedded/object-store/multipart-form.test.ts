import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { awsFormLimits, type ParsedForm, parseBoundary, parseForm } from './multipart-form.ts';

const boundary = 'boundary';

async function* inPieces(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (let turn = 0; at < bytes.length; turn += 1) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? 1);
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

interface Part {
  head: string;
  value: string | Uint8Array;
}

const field = (name: string, value: string): Part => ({
  head: `Content-Disposition: form-data; name="${name}"`,
  value,
});
const file = (value: string | Uint8Array, filename = '; filename="a.jpg"'): Part => ({
  head: `Content-Disposition: form-data; name="file"${filename}\r\nContent-Type: image/jpeg`,
  value,
});

function encode(parts: readonly Part[]): Buffer {
  const pieces = parts.flatMap(({ head, value }) => [`--${boundary}\r\n${head}\r\n\r\n`, value, '\r\n']);
  return Buffer.concat([...pieces, `--${boundary}--\r\n`].map((piece) => Buffer.from(piece)));
}

async function parse(
  body: Uint8Array,
  sizes: readonly number[] = [body.length],
): Promise<{ form: ParsedForm; bytes: Buffer | null }> {
  const form = await parseForm(inPieces(body, sizes), boundary, awsFormLimits);
  if (form.file === null) return { form, bytes: null };
  const pieces: Uint8Array[] = [];
  for await (const piece of form.file) pieces.push(piece);
  return { form, bytes: Buffer.concat(pieces) };
}

describe('parseForm', () => {
  it('gives fields by lower-case name, the last of several, and the bytes of the file', async () => {
    const body = encode([
      field('Key', 'a'),
      field('X-Amz-Meta-A', 'ü\r\nb'),
      field('KEY', 'c'),
      field('empty', ''),
      file('bytes'),
    ]);
    const { form, bytes } = await parse(body);
    expect(Object.fromEntries(form.fields)).toEqual({ key: 'c', 'x-amz-meta-a': 'ü\r\nb', empty: '' });
    expect([form.filename, bytes?.toString()]).toEqual(['a.jpg', 'bytes']);
  });

  it('gives the same whatever pieces the body comes in: split at every byte', async () => {
    const looksLikeBoundary = `\r\n--${boundary}x\r\n--\r\n\r\n--bound\r\n--${boundary}-\r\n--${boundary}\r`;
    const body = encode([field('key', `--${boundary}`), field('b', '\r\n--'), file(looksLikeBoundary)]);
    for (let at = 1; at < body.length; at += 1) {
      const { form, bytes } = await parse(body, [at, body.length]);
      expect(form.fields.get('key')).toBe(`--${boundary}`);
      expect(form.fields.get('b')).toBe('\r\n--');
      expect(bytes?.toString(), `split at ${at}`).toBe(looksLikeBoundary);
    }
    expect((await parse(body, [1])).bytes?.toString()).toBe(looksLikeBoundary);
  });

  it('gives any file back that does not hold the boundary', async () => {
    const tricky = fc.constantFrom(
      '\r',
      '\n',
      '-',
      '--',
      '\r\n',
      '\r\n--',
      `\r\n--${boundary.slice(0, 5)}`,
      `--${boundary}`,
      `\r\n--${boundary}x`,
      'a',
      '\0',
    );
    const content = fc.oneof(
      fc.array(tricky, { maxLength: 12 }).map((texts) => Buffer.from(texts.join(''))),
      fc.uint8Array({ maxLength: 200 }),
    );
    const isDelimiter = new RegExp(`\r\n--${boundary}(?:--|\r\n)`);
    await fc.assert(
      fc.asyncProperty(
        content,
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 4 }),
        async (bytes, sizes) => {
          fc.pre(!isDelimiter.test(`\r\n${Buffer.from(bytes).toString('latin1')}\r\n`));
          const parsed = await parse(encode([field('key', 'k'), file(bytes)]), sizes);
          expect(parsed.bytes?.equals(Buffer.from(bytes))).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('ignores what follows the file', async () => {
    const { form, bytes } = await parse(encode([file('first'), field('key', 'late'), file('second')]));
    expect([form.fields.size, bytes?.toString()]).toEqual([0, 'first']);
  });

  it.each([
    ['quoted', '; filename="a b;c.jpg"', 'a b;c.jpg'],
    ['bare', '; filename=a.jpg', 'a.jpg'],
    ['with what browsers escape', '; filename="a%22b%0D%0A.jpg"', 'a"b\r\n.jpg'],
    ['with a backslash', '; filename="C:\\a.jpg"', 'C:\\a.jpg'],
    ['of UTF-8', '; filename="ü🎉.jpg"', 'ü🎉.jpg'],
    ['empty', '; filename=""', ''],
    ['missing', '', undefined],
  ])('reads a file name that is %s', async (_what, parameter, expected) => {
    expect((await parse(encode([file('x', parameter)]))).form.filename).toBe(expected);
  });

  it('says that there is no file', async () => {
    const { form } = await parse(encode([field('key', 'a')]));
    expect([form.file, form.fields.get('key')]).toEqual([null, 'a']);
  });

  const whole = encode([field('key', 'a'), file('bytes')]);
  it.each<[string, Buffer, string]>([
    ['an empty body', Buffer.alloc(0), 'InvalidArgument'],
    ['another boundary', Buffer.from(whole.toString().replaceAll(boundary, 'another')), 'InvalidArgument'],
    ['lines that end in LF', Buffer.from(whole.toString().replaceAll('\r\n', '\n')), 'InvalidArgument'],
    ['a part without a name', encode([{ head: 'Content-Type: text/plain', value: 'a' }, file('x')]), 'InvalidArgument'],
    ['a part with an empty name', encode([field('', 'a'), file('x')]), 'InvalidArgument'],
    [
      'a field that is no UTF-8',
      Buffer.concat([Buffer.from(`--${boundary}\r\n${field('a', '').head}\r\n\r\n\xff`, 'latin1'), whole]),
      'InvalidArgument',
    ],
    [
      'a header line over 8 KiB',
      encode([{ head: `${field('a', '').head}\r\nx: ${'y'.repeat(8192)}`, value: '' }, file('x')]),
      'InvalidArgument',
    ],
    [
      'more than 200 fields',
      encode([...Array.from({ length: awsFormLimits.maxFields + 1 }, (_, n) => field(`f${n}`, '')), file('x')]),
      'InvalidArgument',
    ],
    ['a field over 20 KiB', encode([field('a', 'x'.repeat(20_480)), file('x')]), 'MaxPostPreDataLengthExceeded'],
    [
      'fields over 20 KiB together',
      encode([field('a', 'x'.repeat(15_000)), field('b', 'x'.repeat(6_000)), file('x')]),
      'MaxPostPreDataLengthExceeded',
    ],
    ['a preamble over 20 KiB', Buffer.concat([Buffer.alloc(30_000, 'p'), whole]), 'MaxPostPreDataLengthExceeded'],
  ])('refuses %s', async (_what, body, code) => {
    for (const sizes of [[body.length], [100]])
      await expect(parse(body, sizes)).rejects.toMatchObject({ status: 400, code });
  });

  it('refuses a form that ends anywhere before its closing boundary', async () => {
    const closing = whole.lastIndexOf('--');
    for (let end = 0; end < closing; end += 1) {
      await expect(parse(whole.subarray(0, end)), `cut at ${end}`).rejects.toMatchObject({ code: 'InvalidArgument' });
    }
  });

  it('takes exactly 200 fields', async () => {
    const fields = Array.from({ length: awsFormLimits.maxFields }, (_, n) => field(`f${n}`, ''));
    expect((await parse(encode([...fields, file('x')]))).form.fields.size).toBe(awsFormLimits.maxFields);
  });
});

describe('parseBoundary', () => {
  it.each([
    ['multipart/form-data; boundary=abc', 'abc'],
    ['multipart/form-data; boundary="a b:c"', 'a b:c'],
    ['Multipart/Form-Data; charset=utf-8; BOUNDARY=abc; x=y', 'abc'],
    [`multipart/form-data; boundary=${'b'.repeat(70)}`, 'b'.repeat(70)],
  ])('reads %s', (contentType, expected) => {
    expect(parseBoundary(contentType, awsFormLimits)).toBe(expected);
  });

  it.each([
    undefined,
    '',
    'text/plain',
    'multipart/mixed; boundary=a',
    'multipart/form-data',
    'multipart/form-data; boundary=',
    `multipart/form-data; boundary=${'b'.repeat(71)}`,
  ])('refuses %s', (contentType) => {
    expect(() => parseBoundary(contentType, awsFormLimits)).toThrow(
      expect.objectContaining({ code: 'InvalidArgument' }),
    );
  });
});
