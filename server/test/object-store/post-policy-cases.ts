import { createHash } from 'node:crypto';
import { addConditions, type FormPart, type PostChanges, type PostedForm } from './post-form.ts';

/** One posted form, what the server answers (status and error code), and what else has to hold. */
export interface PostCase {
  name: string;
  expected: string;
  changes?: PostChanges;
  /** Of the stored object: its key where it is not that of the form, its bytes, its headers. */
  stored?: { key?: string; bytes?: string; headers?: Record<string, string> };
}

const ok = '204';
const denied = '403 AccessDenied';
const invalid = '400 InvalidArgument';
const mebibyte = 1024 * 1024;

/** A field that the policy allows to be anything. */
const withField = (name: string, value: string, condition: unknown = ['starts-with', `$${name}`, '']): PostChanges => ({
  form: (form) => {
    form.fields[name] = value;
    addConditions(form, condition);
  },
});

const withRange = (min: unknown, max: unknown, file: string | Uint8Array): PostChanges => ({
  form: (form) => {
    form.file = file;
    addConditions(form, ['content-length-range', min, max]);
  },
});

const withForm = (form: (form: PostedForm) => void): PostChanges => ({ form });
const withConditions = (...conditions: unknown[]): PostChanges =>
  withForm((form) => addConditions(form, ...conditions));
const withPolicy = (change: (policy: PostedForm['policy']) => void): PostChanges =>
  withForm(({ policy }) => change(policy));
const without = (...names: string[]): PostChanges => ({
  fields: (fields) => {
    for (const name of names) delete fields[name];
  },
});
const withKey = (key: string): PostChanges =>
  withForm((form) => {
    form.fields['key'] = key;
  });
const dropCondition = (name: string): PostChanges =>
  withPolicy((policy) => {
    const conditions: unknown[] = Array.isArray(policy.conditions) ? policy.conditions : [];
    policy.conditions = conditions.filter((condition) => !JSON.stringify(condition).includes(`"${name}"`));
  });
const movedBehindFile = (...names: string[]): PostChanges => ({
  parts: (parts) => [
    ...parts.filter(({ name }) => !names.includes(name)),
    ...parts.filter(({ name }) => names.includes(name)),
  ],
});
const appended = (...added: FormPart[]): PostChanges => ({ parts: (parts) => [...parts, ...added] });
const checksum = createHash('sha256').update('hello').digest('base64');

/** What Ceph RadosGW (Reef) answered to each of these forms. */
export const postCases: PostCase[] = [
  {
    name: 'a form that its policy allows',
    expected: ok,
    stored: { bytes: 'hello', headers: { 'content-type': 'binary/octet-stream' } },
  },
  { name: 'success_action_status 201', expected: '201', changes: withField('success_action_status', '201') },
  { name: 'success_action_status 200', expected: '200', changes: withField('success_action_status', '200') },
  {
    name: 'success_action_status 404, which is none',
    expected: ok,
    changes: withField('success_action_status', '404'),
  },
  {
    name: 'success_action_redirect',
    expected: '303',
    changes: withField('success_action_redirect', 'http://127.0.0.1/done'),
  },
  {
    name: 'a relative success_action_redirect',
    expected: '303',
    changes: withField('success_action_redirect', '/done'),
  },

  { name: 'a key outside starts-with', expected: denied, changes: withKey('other/x') },
  {
    name: 'the key that eq demands',
    expected: ok,
    changes: withForm((form) => addConditions(form, ['eq', '$key', form.key])),
  },
  { name: 'another key than eq demands', expected: denied, changes: withConditions({ key: 'up/other' }) },
  { name: 'a condition on the key left out', expected: denied, changes: dropCondition('$key') },
  { name: 'no key', expected: invalid, changes: without('key') },
  {
    name: 'an empty key',
    expected: invalid,
    changes: {
      fields: (fields) => {
        fields['key'] = '';
      },
    },
  },
  {
    name: 'a key of dots and slashes, which stays as it is',
    expected: ok,
    changes: withKey('up/../x//y'),
    stored: { key: 'up/../x//y' },
  },
  {
    name: 'a key of UTF-8',
    expected: ok,
    changes: withKey('up/ümläut 日本語 🎉 +"'),
    stored: { key: 'up/ümläut 日本語 🎉 +"' },
  },
  {
    name: 'the file name in the key',
    expected: ok,
    changes: withKey(`up/\u0024{filename}`),
    stored: { key: 'up/photo.jpg' },
  },
  {
    name: 'two keys, of which the last is refused',
    expected: denied,
    changes: { parts: ([first, ...parts]) => [...(first ? [first] : []), { name: 'key', value: 'other/x' }, ...parts] },
  },
  {
    name: 'two keys, of which the last counts',
    expected: ok,
    changes: { parts: (parts) => [{ name: 'key', value: 'other/x' }, ...parts] },
    stored: { bytes: 'hello' },
  },

  {
    name: 'a bucket field',
    expected: ok,
    changes: withForm((form) => {
      form.fields['bucket'] = form.bucket;
    }),
  },
  { name: 'no condition on the bucket', expected: denied, changes: dropCondition('bucket') },
  { name: 'a condition on another bucket', expected: denied, changes: withConditions({ bucket: 'other-bucket' }) },
  {
    name: 'a condition on another bucket, and a field that agrees',
    expected: denied,
    changes: withForm((form) => {
      form.fields['bucket'] = 'other-bucket';
      addConditions(form, { bucket: 'other-bucket' });
    }),
  },

  {
    name: 'a field that no condition names',
    expected: denied,
    changes: {
      fields: (fields) => {
        fields['x-amz-meta-foo'] = 'a';
      },
    },
  },
  {
    name: 'a plain field that no condition names',
    expected: denied,
    changes: {
      fields: (fields) => {
        fields['foo'] = 'a';
      },
    },
  },
  {
    name: 'a Content-Type that no condition names',
    expected: denied,
    changes: {
      fields: (fields) => {
        fields['Content-Type'] = 'image/png';
      },
    },
  },
  {
    name: 'an x-amz-copy-source field that no condition names',
    expected: denied,
    changes: {
      fields: (fields) => {
        fields['x-amz-copy-source'] = '/a/b';
      },
    },
  },
  {
    name: 'an x-ignore- field',
    expected: ok,
    changes: {
      fields: (fields) => {
        fields['x-ignore-a'] = 'a';
      },
    },
  },
  {
    name: 'metadata',
    expected: ok,
    changes: withField('x-amz-meta-foo', 'a'),
    stored: { headers: { 'x-amz-meta-foo': 'a' } },
  },
  {
    name: 'starts-with "" for a field that is left out',
    expected: ok,
    changes: withConditions(['starts-with', '$x-amz-meta-foo', '']),
  },
  {
    name: 'equality for a field that is left out',
    expected: denied,
    changes: withConditions({ 'x-amz-meta-foo': 'a' }),
  },
  {
    name: 'eq for a field that is left out',
    expected: denied,
    changes: withConditions(['eq', '$x-amz-meta-foo', 'a']),
  },
  {
    name: 'metadata of another value',
    expected: denied,
    changes: withField('x-amz-meta-foo', 'a', ['eq', '$x-amz-meta-foo', 'b']),
  },
  { name: 'no conditions on the signature fields', expected: denied, changes: dropCondition('x-amz-algorithm') },
  {
    name: 'an x-amz-date other than the condition names',
    expected: denied,
    changes: {
      fields: (fields) => {
        fields['x-amz-date'] = '20260101T000000Z';
      },
    },
  },

  { name: 'a size within its range', expected: ok, changes: withRange(1, 100, 'hello') },
  { name: 'a file too large by one byte', expected: '400 EntityTooLarge', changes: withRange(0, 4, 'hello') },
  { name: 'a file too small by one byte', expected: '400 EntityTooSmall', changes: withRange(6, 100, 'hello') },
  { name: 'a file of exactly the maximum', expected: ok, changes: withRange(0, 5, 'hello') },
  { name: 'a file of exactly the minimum', expected: ok, changes: withRange(5, 100, 'hello') },
  { name: 'a range given as text', expected: ok, changes: withRange('1', '100', 'hello') },
  { name: 'a range without its maximum', expected: invalid, changes: withConditions(['content-length-range', 1]) },
  { name: 'a range that begins below zero', expected: ok, changes: withRange(-1, 100, 'hello') },
  {
    name: 'two ranges, of which the stricter counts',
    expected: '400 EntityTooLarge',
    changes: withForm((form) => addConditions(form, ['content-length-range', 0, 100], ['content-length-range', 0, 4])),
  },
  {
    name: 'a file of 20 MB where 1 MB is allowed',
    expected: '400 EntityTooLarge',
    changes: withRange(0, mebibyte, Buffer.alloc(20 * mebibyte)),
  },
  { name: 'an empty file where it may be empty', expected: ok, changes: withRange(0, 10, ''), stored: { bytes: '' } },
  { name: 'an empty file where one byte is demanded', expected: '400 EntityTooSmall', changes: withRange(1, 10, '') },
  {
    name: 'an empty file without a range',
    expected: ok,
    changes: withForm((form) => {
      form.file = '';
    }),
    stored: { bytes: '' },
  },
  { name: 'a file of exactly 4 MiB', expected: ok, changes: withRange(1, 4 * mebibyte, Buffer.alloc(4 * mebibyte)) },
  {
    name: 'a file of 4 MiB and a byte',
    expected: ok,
    changes: withRange(4 * mebibyte, 5 * mebibyte, Buffer.alloc(4 * mebibyte + 1)),
  },
  { name: 'a range up to 6 GiB', expected: ok, changes: withRange(0, 6 * 1024 * mebibyte, 'hello') },

  {
    name: 'an expired policy',
    expected: denied,
    changes: withPolicy((policy) => {
      policy.expiration = new Date(Date.now() - 1000).toISOString();
    }),
  },
  {
    name: 'no expiration',
    expected: invalid,
    changes: withPolicy((policy) => {
      delete policy.expiration;
    }),
  },
  {
    name: 'no conditions',
    expected: invalid,
    changes: withPolicy((policy) => {
      delete policy.conditions;
    }),
  },
  {
    name: 'a condition that is an empty object',
    expected: invalid,
    changes: withPolicy((policy) => {
      policy.conditions = [{}];
    }),
  },
  {
    name: 'EXPIRATION in capitals',
    expected: invalid,
    changes: withPolicy((policy) => {
      policy['EXPIRATION'] = policy.expiration;
      delete policy.expiration;
    }),
  },
  {
    name: 'CONDITIONS in capitals',
    expected: invalid,
    changes: withPolicy((policy) => {
      policy['CONDITIONS'] = policy.conditions;
      delete policy.conditions;
    }),
  },
  {
    name: 'an expiration with a space',
    expected: ok,
    changes: withPolicy((policy) => {
      policy.expiration = policy.expiration?.replace('T', ' ') ?? '';
    }),
  },
  {
    name: 'an expiration without fractions',
    expected: ok,
    changes: withPolicy((policy) => {
      policy.expiration = policy.expiration?.replace(/\.\d+/, '') ?? '';
    }),
  },
  {
    name: 'an expiration with an offset',
    expected: invalid,
    changes: withPolicy((policy) => {
      policy.expiration = policy.expiration?.replace('Z', '+02:00') ?? '';
    }),
  },
  {
    name: 'an expiration that is no time',
    expected: invalid,
    changes: withPolicy((policy) => {
      policy.expiration = 'tomorrow';
    }),
  },
  { name: 'an unknown operator', expected: invalid, changes: withConditions(['ends-with', '$key', 'x']) },
  { name: 'a policy that is no JSON', expected: invalid, changes: { policyText: 'nothing' } },
  {
    name: 'operators and names in capitals',
    expected: ok,
    changes: withField('X-Amz-Meta-Foo', 'abc', ['Starts-With', '$X-AMZ-META-FOO', 'a']),
  },
  {
    name: 'names of fields as the SDK writes them',
    expected: ok,
    changes: {
      parts: (parts) =>
        parts.map((part) =>
          part.name === 'file'
            ? part
            : { ...part, name: part.name.replace(/(?:^|-)[a-z]/g, (start) => start.toUpperCase()) },
        ),
    },
  },

  {
    name: 'a wrong signature',
    expected: denied,
    changes: {
      fields: (fields) => {
        fields['x-amz-signature'] = '0'.repeat(64);
      },
    },
  },
  {
    name: 'a signature in capitals',
    expected: denied,
    changes: {
      fields: (fields) => {
        fields['x-amz-signature'] = fields['x-amz-signature']?.toUpperCase() ?? '';
      },
    },
  },
  { name: 'a signature of another secret key', expected: denied, changes: { secretKey: 'another-secret' } },
  {
    name: 'a policy changed after signing',
    expected: denied,
    changes: {
      fields: (fields) => {
        fields['policy'] = Buffer.from('{"expiration":"2099-01-01T00:00:00Z","conditions":[]}').toString('base64');
      },
    },
  },
  {
    name: 'a policy that is no base64',
    expected: denied,
    changes: {
      fields: (fields) => {
        fields['policy'] = '!!!';
      },
    },
  },
  { name: 'an unknown access key', expected: denied, changes: { accessKey: 'UNKNOWN' } },
  { name: 'no signature', expected: invalid, changes: without('x-amz-signature') },
  { name: 'no algorithm', expected: invalid, changes: without('x-amz-algorithm') },
  { name: 'no credential', expected: invalid, changes: without('x-amz-credential') },
  { name: 'no date', expected: invalid, changes: without('x-amz-date') },
  { name: 'no policy', expected: denied, changes: without('policy') },
  {
    name: 'nothing of the signature',
    expected: denied,
    changes: without('policy', 'x-amz-signature', 'x-amz-algorithm', 'x-amz-credential', 'x-amz-date'),
  },
  { name: 'a date of two hours ago', expected: ok, changes: { now: new Date(Date.now() - 2 * 3600_000) } },
  { name: 'a date of eight days ago', expected: ok, changes: { now: new Date(Date.now() - 8 * 24 * 3600_000) } },
  { name: 'a date an hour ahead', expected: ok, changes: { now: new Date(Date.now() + 3600_000) } },
  { name: 'a foreign region, used throughout', expected: ok, changes: { region: 'somewhere-else' } },
  {
    name: 'a credential of another region than the key was derived for',
    expected: denied,
    changes: withForm((form) => {
      const credential = form.fields['x-amz-credential']?.replace(/\/[^/]+\/s3\//, '/elsewhere/s3/') ?? '';
      form.fields['x-amz-credential'] = credential;
      addConditions(form, { 'x-amz-credential': credential });
    }),
  },

  { name: 'the signature behind the file', expected: invalid, changes: movedBehindFile('x-amz-signature') },
  { name: 'the policy behind the file', expected: denied, changes: movedBehindFile('policy') },
  {
    name: 'a submit button behind the file',
    expected: ok,
    changes: appended({ name: 'submit', value: 'Upload' }),
    stored: { bytes: 'hello' },
  },
  {
    name: 'an unsigned field behind the file',
    expected: ok,
    changes: appended({ name: 'x-amz-meta-late', value: 'a' }),
    stored: { bytes: 'hello' },
  },
  {
    name: 'a file without a name',
    expected: ok,
    changes: { parts: (parts) => parts.map(({ name, value }) => ({ name, value })) },
    stored: { bytes: 'hello' },
  },
  {
    name: 'fields that have a file name',
    expected: ok,
    changes: { parts: (parts) => parts.map((part) => ({ ...part, filename: part.filename ?? part.name })) },
  },
  {
    name: 'the file in a field of another name',
    expected: denied,
    changes: { parts: (parts) => parts.map((part) => (part.name === 'file' ? { ...part, name: 'upload' } : part)) },
  },

  {
    name: 'a Content-Type that eq demands',
    expected: ok,
    changes: withField('Content-Type', 'image/png', ['eq', '$Content-Type', 'image/png']),
    stored: { headers: { 'content-type': 'image/png' } },
  },
  {
    name: 'another Content-Type',
    expected: denied,
    changes: withField('Content-Type', 'text/html', ['eq', '$Content-Type', 'image/png']),
  },
  {
    name: 'a Content-Type in capitals',
    expected: denied,
    changes: withField('Content-Type', 'IMAGE/PNG', ['eq', '$Content-Type', 'image/png']),
  },
  {
    name: 'a list of types that begins as it should',
    expected: ok,
    changes: withField('Content-Type', 'image/png,text/html', ['starts-with', '$Content-Type', 'image/']),
  },
  {
    name: 'a Content-Type that is demanded and left out',
    expected: denied,
    changes: withConditions(['eq', '$Content-Type', 'image/png']),
  },
  {
    name: 'a Cache-Control, which is dropped',
    expected: ok,
    changes: withField('Cache-Control', 'max-age=5'),
    stored: { headers: { 'cache-control': 'undefined' } },
  },
  { name: 'acl private', expected: ok, changes: withField('acl', 'private') },
  { name: 'acl public-read', expected: ok, changes: withField('acl', 'public-read') },
  { name: 'an acl that is none', expected: invalid, changes: withField('acl', 'everybody') },
  { name: 'storage class STANDARD', expected: ok, changes: withField('x-amz-storage-class', 'STANDARD') },
  { name: 'an unknown storage class', expected: invalid, changes: withField('x-amz-storage-class', 'BOGUS') },
  {
    name: 'tags',
    expected: ok,
    changes: withField('tagging', '<Tagging><TagSet><Tag><Key>a</Key><Value>1</Value></Tag></TagSet></Tagging>'),
    stored: { headers: { 'x-amz-tagging-count': '1' } },
  },
  { name: 'a right checksum, in the policy', expected: ok, changes: withField('x-amz-checksum-sha256', checksum) },
  { name: 'a wrong checksum, in the policy', expected: ok, changes: withField('x-amz-checksum-sha256', 'AAAA') },
  {
    name: 'a checksum that no condition names',
    expected: denied,
    changes: {
      fields: (fields) => {
        fields['x-amz-checksum-sha256'] = checksum;
      },
    },
  },
  { name: 'a wrong Content-MD5 field', expected: ok, changes: withField('Content-MD5', 'AAAA') },

  {
    name: 'a Content-Type that is no form',
    expected: invalid,
    changes: { contentType: () => 'application/x-www-form-urlencoded' },
  },
  { name: 'a form without a boundary', expected: invalid, changes: { contentType: () => 'multipart/form-data' } },
  {
    name: 'a quoted boundary',
    expected: ok,
    changes: { contentType: (boundary) => `multipart/form-data; boundary="${boundary}"` },
    stored: { bytes: 'hello' },
  },
  {
    name: 'lines that end in LF',
    expected: invalid,
    changes: { body: (body) => Buffer.from(body.toString().replaceAll('\r\n', '\n')) },
  },
  { name: 'the address of a key', expected: ok, changes: { path: 'key' } },
  { name: 'a slash behind the bucket', expected: ok, changes: { path: 'slash' } },
  {
    name: 'headers that would mean something in a PUT, which are ignored',
    expected: ok,
    changes: {
      headers: { 'x-amz-copy-source': '/a/b', 'x-amz-meta-a': 'b', 'x-amz-acl': 'public-read', 'if-none-match': '*' },
    },
    stored: { bytes: 'hello', headers: { 'x-amz-meta-a': 'undefined' } },
  },
];
