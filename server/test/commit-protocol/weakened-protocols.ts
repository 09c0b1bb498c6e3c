import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Protocol, realProtocol } from './protocol-under-test.ts';

const here = dirname(fileURLToPath(import.meta.url));
const uploadsFolder = resolve(here, '../../src/uploads');
const sharedFolder = resolve(here, '../../../shared/src');

interface Weakening {
  file: 'commit-upload.ts' | 'delete-image.ts' | 'sweep-uploads.ts';
  replace: string;
  by: string;
}

/** The eight versions of the protocol that look right and are not, each as one change to the real code. */
export const weakenings: Record<string, Weakening> = {
  'no re-read of the copy': {
    file: 'commit-upload.ts',
    replace: 'await verifyCopy(upload.uploadId, nonce, filename, facts); // step 4',
    by: '',
  },
  'no attempt record': {
    file: 'commit-upload.ts',
    replace: 'await putAttempt(upload.uploadId, nonce); // step 2',
    by: '',
  },
  'no record read before a rejection': {
    file: 'commit-upload.ts',
    replace: `    const record = await records.read(uploadId);
    if (record !== null) return answerFrom(record);
    throw reason;`,
    by: '    throw reason;',
  },
  'a retried copy under the same name': {
    file: 'commit-upload.ts',
    replace: `    if (record !== null) return answerFrom(record);
    for (let round = 1; ; round += 1) {
      const nonce = newId();`,
    by: `    if (record !== null) return answerFrom(record);
    const nonce = newId();
    for (let round = 1; ; round += 1) {`,
  },
  'DELETE of whatever is named': {
    file: 'delete-image.ts',
    replace: "if (unknown || (record !== null && !isNamedBy(record, filename))) throw new AppError('image_not_found');",
    by: 'if (unknown) isNamedBy({ deleted: true, filename }, filename);',
  },
  'a sweeper without {expired}': {
    file: 'sweep-uploads.ts',
    replace: '(await expireUpload(records, attempt.uploadId))',
    by: '{ expired: true as const }',
  },
  'the object deleted before the record': {
    file: 'delete-image.ts',
    replace: 'if (uploadId !== undefined) await markDeleted(uploadId, filename);\n    await storage.delete(filename);',
    by: 'await storage.delete(filename);\n    if (uploadId !== undefined) await markDeleted(uploadId, filename);',
  },
  'an answer before the record': {
    file: 'commit-upload.ts',
    replace: 'const committed = await putRecord(upload.uploadId, nonce, { filename, facts }); // step 5',
    by: 'const committed = { filename, facts }; putRecord(upload.uploadId, nonce, committed).catch(() => undefined);',
  },
};

/** Loads the real code with one change in it. The text to change must be there exactly once, so that no change goes stale. */
export async function loadWeakenedProtocol(name: string): Promise<Protocol> {
  const weakening = weakenings[name];
  if (weakening === undefined) throw new Error(`there is no weakening "${name}"`);
  const source = await readFile(join(uploadsFolder, weakening.file), 'utf8');
  if (source.split(weakening.replace).length !== 2) {
    throw new Error(`"${name}" no longer fits ${weakening.file}: it must be written anew`);
  }
  const mutated = source
    .replace(weakening.replace, () => weakening.by)
    .replace(/'@kuanary\/shared\/([a-z-]+)'/g, (_, module: string) => `'${join(sharedFolder, `${module}.ts`)}'`)
    .replace(/'(\.\.?\/[^']+)'/g, (_, path: string) => `'${resolve(uploadsFolder, path)}'`);
  const folder = await mkdtemp(join(tmpdir(), 'kuanary-weakened-'));
  try {
    const file = join(folder, weakening.file);
    await writeFile(file, mutated);
    const changed = (await import(/* @vite-ignore */ file)) as Partial<Protocol>;
    return { ...realProtocol, ...changed };
  } finally {
    await rm(folder, { recursive: true });
  }
}
