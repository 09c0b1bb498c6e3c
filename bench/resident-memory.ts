import { readFile, writeFile } from 'node:fs/promises';

const bytesPerUnit = 1024;

/**
 * Resident memory of another process in bytes, as the kernel counts it: now, and the most it has been since
 * `resetPeak`. Linux only. See proc(5), `status` and `clear_refs`.
 */
export function watchResidentMemory(pid: number): {
  now(): Promise<number>;
  peak(): Promise<number>;
  resetPeak(): Promise<void>;
} {
  async function read(field: 'VmRSS' | 'VmHWM'): Promise<number> {
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    const [, kibibytes] = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status) ?? [];
    if (kibibytes === undefined) throw new Error(`/proc/${pid}/status has no ${field}`);
    return Number(kibibytes) * bytesPerUnit;
  }
  return {
    now: () => read('VmRSS'),
    peak: () => read('VmHWM'),
    resetPeak: () => writeFile(`/proc/${pid}/clear_refs`, '5'),
  };
}
