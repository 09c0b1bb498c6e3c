import { addConditions, type PostChanges } from '../post-form.ts';
import { postCases } from '../post-policy-cases.ts';
import type { Probe } from './probe.ts';

const form = (name: string, changes: PostChanges): Probe => ({
  name: `form: ${name}`,
  ask: (target) => target.post(changes),
});

/** The object that a form made. */
const stored = (name: string, fields: Record<string, string>): Probe => ({
  name: `object of a form: ${name}`,
  async ask(target) {
    const key = `forms/${name}`;
    await target.post({
      form: (posted) => {
        posted.policy.conditions = [];
        Object.assign(posted.fields, fields, { key });
        addConditions(posted, { bucket: target.bucket });
        for (const field of Object.keys(posted.fields)) addConditions(posted, ['starts-with', `$${field}`, '']);
      },
    });
    return target.head(key);
  },
});

const padding = 'x'.repeat(1000);

export const formProbes: Probe[] = [
  ...postCases.map(({ name, changes = {} }) => form(name, changes)),
  form('without a file', { parts: (parts) => parts.filter(({ name }) => name !== 'file') }),
  form('without its closing boundary', { body: (body) => body.subarray(0, body.lastIndexOf('\r\n--')) }),
  form('cut off in the file', { body: (body) => body.subarray(0, body.lastIndexOf('llo')) }),
  form('a key of more than 1024 bytes', {
    form: (posted) => {
      posted.fields['key'] = `up/${'k'.repeat(1022)}`;
    },
  }),
  form('metadata that would be two header lines', {
    form: (posted) => {
      posted.fields['x-amz-meta-a'] = 'a\r\nx-evil: 1';
      addConditions(posted, ['starts-with', '$x-amz-meta-a', '']);
    },
  }),
  form('21 kB of fields before the file', {
    parts: (parts) => [...Array.from({ length: 21 }, (_, n) => ({ name: `x-ignore-${n}`, value: padding })), ...parts],
  }),
  form('210 fields', {
    parts: (parts) => [...Array.from({ length: 210 }, (_, n) => ({ name: `x-ignore-${n}`, value: '' })), ...parts],
  }),
  form('a header line of more than 8 kB', {
    parts: (parts) => [{ name: 'x-ignore-a', value: 'a', filename: 'f'.repeat(9000) }, ...parts],
  }),
  form('a boundary of 71 characters', {
    contentType: () => `multipart/form-data; boundary=${'b'.repeat(71)}`,
    body: (body, boundary) => Buffer.from(body.toString('latin1').replaceAll(boundary, 'b'.repeat(71)), 'latin1'),
  }),
  form('a condition that is an object of two fields', { form: (posted) => addConditions(posted, { a: 'b', c: 'd' }) }),
  stored('content type', { 'content-type': 'image/png' }),
  stored('no content type', {}),
  stored('metadata', { 'x-amz-meta-a': '1', 'x-amz-meta-b': 'ü' }),
  stored('cache control', { 'cache-control': 'no-store', 'content-disposition': 'attachment', expires: 'never' }),
  stored('tags', { tagging: '<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>' }),
];
