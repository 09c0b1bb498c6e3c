import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Invariant } from './auditor.ts';
import { type Protocol, realProtocol } from './protocol-under-test.ts';

const here = dirname(fileURLToPath(import.meta.url));
const uploadsFolder = resolve(here, '../../src/uploads');
const sharedFolder = resolve(here, '../../../shared/src');

export interface Weakening {
  file: 'commit-upload.ts' | 'delete-image.ts' | 'find-image.ts' | 'sweep-uploads.ts';
  replace: string;
  by: string;
  /** What must come of it: whatever else does, is not what the weakening stands for. */
  breaks: Invariant;
}

/** The eight versions of the protocol that look right and are not, each as one change to the real code. */
export const weakenings: Record<string, Weakening> = {
  'no re-read of the copy': {
    file: 'commit-upload.ts',
    replace: 'await verifyCopy(upload.uploadId, nonce, filename, facts); // step 4',
    by: '',
    breaks: 'I2',
  },
  'no attempt record': {
    file: 'commit-upload.ts',
    replace: 'await putAttempt(upload.uploadId, nonce); // step 2',
    by: '',
    breaks: 'I3',
  },
  'no record read before a rejection': {
    file: 'commit-upload.ts',
    replace: `    const record = await records.read(uploadId);
    if (record !== null) return answerFrom(record);
    throw reason;`,
    by: '    throw reason;',
    breaks: 'I4',
  },
  'a retried copy under the same name': {
    file: 'commit-upload.ts',
    replace: `    if (record !== null) return answerFrom(record);
    for (let round = 1; ; round += 1) {
      const nonce = newId();`,
    by: `    if (record !== null) return answerFrom(record);
    const nonce = newId();
    for (let round = 1; ; round += 1) {`,
    breaks: 'I1',
  },
  'DELETE of whatever is named': {
    file: 'delete-image.ts',
    replace: "if (unknown || (record !== null && !isNamedBy(record, filename))) throw new AppError('image_not_found');",
    by: 'if (unknown) isNamedBy({ deleted: true, filename }, filename);',
    breaks: 'I4',
  },
  'a sweeper without {expired}': {
    file: 'sweep-uploads.ts',
    replace: '(await expireUpload(records, attempt.uploadId))',
    by: '{ expired: true as const }',
    breaks: 'I1',
  },
  'the object deleted before the record': {
    file: 'delete-image.ts',
    replace: 'if (uploadId !== undefined) await markDeleted(uploadId, filename);\n    await storage.delete(filename);',
    by: 'await storage.delete(filename);\n    if (uploadId !== undefined) await markDeleted(uploadId, filename);',
    breaks: 'I1',
  },
  'an answer before the record': {
    file: 'commit-upload.ts',
    replace: 'const committed = await putRecord(upload.uploadId, nonce, { filename, facts }); // step 5',
    by: 'const committed = { filename, facts }; putRecord(upload.uploadId, nonce, committed).catch(() => undefined);',
    breaks: 'I4',
  },
};

/** What this test has found wanting in the real code at some time. */
export const formerFlaws: Record<string, Weakening> = {
  'a loser that forgets its attempt record': {
    file: 'commit-upload.ts',
    replace: 'if (committed.filename === filename) {\n        cleanUpBehindAnswer([incomingKey',
    by: '{\n        cleanUpBehindAnswer([incomingKey',
    breaks: 'I3',
  },
  'DELETE that looks for the object only once': {
    file: 'delete-image.ts',
    replace: '(attempted || (await storage.readRange(filename, 0, 1)) === null)',
    by: 'attempted',
    breaks: 'I4',
  },
  'a copy long after its attempt record': {
    file: 'commit-upload.ts',
    replace: 'assertStartsInTime(startedMs);\n      try {',
    by: 'try {',
    breaks: 'I3',
  },
  'a streamed copy long after its attempt record': {
    file: 'commit-upload.ts',
    replace: 'assertStartsInTime(startedMs);\n    return',
    by: 'return',
    breaks: 'I3',
  },
  'a PUT of /upload long after its attempt record': {
    file: 'commit-upload.ts',
    replace: 'assertStartsInTime(startedMs);\n        await put(',
    by: 'await put(',
    breaks: 'I3',
  },
  'a list of images that looks for attempts first': {
    file: 'find-image.ts',
    replace: `  let after = page.after;
  do {
    const listed = await storage.list({ delimiter: '/', limit: pageKeys, ...(after === undefined ? {} : { after }) });
    // After the objects: a copy that is listed has its attempt record by then, or has been decided.
    const attempts = await listAttempts(storage);`,
    by: `  let after = page.after;
  const attempts = await listAttempts(storage);
  do {
    const listed = await storage.list({ delimiter: '/', limit: pageKeys, ...(after === undefined ? {} : { after }) });`,
    breaks: 'I2',
  },
};

/**
 * Loads the real code with one change in it. The text to change must be there exactly once, so that no change goes stale.
 */
export async function loadWeakenedProtocol({ file, replace, by }: Weakening): Promise<Protocol> {
  const source = await readFile(join(uploadsFolder, file), 'utf8');
  if (source.split(replace).length !== 2) throw new Error(`${file} has changed: write this weakening anew\n${replace}`);
  const mutated = source
    .replace(replace, () => by)
    .replace(/'@kuanary\/shared\/([a-z-]+)'/g, (_, module: string) => `'${join(sharedFolder, `${module}.ts`)}'`)
    .replace(/'(\.\.?\/[^']+)'/g, (_, path: string) => `'${resolve(uploadsFolder, path)}'`);
  const folder = await mkdtemp(join(tmpdir(), 'kuanary-weakened-'));
  try {
    const path = join(folder, file);
    await writeFile(path, mutated);
    const changed = (await import(/* @vite-ignore */ path)) as Partial<Protocol>;
    return { ...realProtocol, ...changed };
  } finally {
    await rm(folder, { recursive: true });
  }
}
