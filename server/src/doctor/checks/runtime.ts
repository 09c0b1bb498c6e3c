import { access, constants, statfs } from 'node:fs/promises';
import type { Check, DoctorContext, Finding } from '../check.ts';

/** Of `engines` in package.json. */
const minNodeVersion = [20, 19] as const;
/** When the release line gets its last security fixes. @see https://github.com/nodejs/release */
const endOfLife: Readonly<Record<number, string>> = { 20: '2026-04-30', 22: '2027-04-30', 24: '2028-04-30' };
const recommendedNode = 24;

export const runtimeCheck: Check = {
  id: 'runtime',
  title: 'Node.js and the folder for uploads are fit for use',
  needs: [],
  run: async ({ config }) => [judgeNode(process.versions.node, new Date()), await judgeSpoolFolder(config)],
};

export function judgeNode(version: string, today: Date): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [minMajor, minMinor] = minNodeVersion;
  if (major < minMajor || (major === minMajor && minor < minMinor)) {
    return {
      verdict: 'fail',
      found: `Node.js ${version} runs this; ${minNodeVersion.join('.')} is the oldest that works.`,
      cause: 'Older versions lack functions that the API uses.',
      remedy: `Install Node.js ${recommendedNode}, or use the container image, which has it.`,
    };
  }
  const end = endOfLife[major];
  const isOdd = major % 2 === 1;
  if (isOdd || (end !== undefined && today > new Date(end))) {
    return {
      verdict: 'info',
      found: `Node.js ${version} works, but gets no security fixes any more${isOdd || end === undefined ? '' : ` (since ${end})`}: move to Node.js ${recommendedNode}.`,
    };
  }
  return { verdict: 'pass', found: `Node.js ${version}.` };
}

/** `/upload` keeps each file there while it is received. */
async function judgeSpoolFolder({ uploads, access: { legacyUpload } }: DoctorContext['config']): Promise<Finding> {
  const { tmpDir, tmpMaxBytes } = uploads;
  if (legacyUpload === 'off') return { verdict: 'info', found: 'LEGACY_UPLOAD=off: no folder for uploads is needed.' };
  try {
    await access(tmpDir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    return {
      verdict: 'fail',
      found: `UPLOAD_TMP_DIR (${tmpDir}) cannot be written (${code}).`,
      cause:
        'The folder is missing, belongs to another user, or the file system is read-only. POST /upload keeps files there.',
      remedy:
        'Make the folder and give it to the user that runs the API; in a read-only container mount a tmpfs there. Or set LEGACY_UPLOAD=off.',
    };
  }
  const { bavail, bsize } = await statfs(tmpDir);
  const freeBytes = bavail * bsize;
  if (freeBytes < tmpMaxBytes) {
    return {
      verdict: 'warn',
      found: `UPLOAD_TMP_DIR (${tmpDir}) has ${formatMegabytes(freeBytes)} free; UPLOAD_TMP_MAX_BYTES allows ${formatMegabytes(tmpMaxBytes)}.`,
      cause:
        'Under load the disk fills up before the API says "try again later", and uploads to /upload fail with 500.',
      remedy: `Free some space, or set UPLOAD_TMP_MAX_BYTES below ${Math.floor(freeBytes)}.`,
    };
  }
  return { verdict: 'pass', found: `${tmpDir} can be written and has ${formatMegabytes(freeBytes)} free.` };
}

function formatMegabytes(bytes: number): string {
  return `${Math.floor(bytes / 1_000_000)} MB`;
}
