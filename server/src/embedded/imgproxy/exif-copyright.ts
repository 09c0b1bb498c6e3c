/** The two EXIF fields that imgproxy keeps when it strips metadata. */
export interface CopyrightFields {
  Artist?: string;
  Copyright?: string;
}

const copyrightTags: Readonly<Record<number, keyof CopyrightFields>> = { 315: 'Artist', 33432: 'Copyright' };
const asciiType = 2;
const entryBytes = 12;
/** Texts of up to four bytes stand in the entry itself. */
const inlineBytes = 4;

/**
 * Reads artist and copyright from an EXIF block (with or without its `Exif\0\0` prefix). What is damaged is left out.
 * https://www.cipa.jp/std/documents/download_e.html?CIPA_DC-008-2024-E (4.6, image file directories)
 */
export function readCopyrightFields(exif: Buffer | undefined): CopyrightFields {
  const tiff = exif?.toString('latin1', 0, 6) === 'Exif\0\0' ? exif.subarray(6) : exif;
  if (tiff === undefined || tiff.length < 8) return {};
  const littleEndian = tiff.toString('latin1', 0, 2) === 'II';
  const u16 = (at: number): number => (littleEndian ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at));
  const u32 = (at: number): number => (littleEndian ? tiff.readUInt32LE(at) : tiff.readUInt32BE(at));
  const directory = u32(4);
  if (directory + 2 > tiff.length) return {};
  const fields: CopyrightFields = {};
  for (let entry = directory + 2, left = u16(directory); left > 0; left -= 1, entry += entryBytes) {
    if (entry + entryBytes > tiff.length) break;
    const field = copyrightTags[u16(entry)];
    if (field === undefined || u16(entry + 2) !== asciiType) continue;
    const length = u32(entry + 4);
    const start = length <= inlineBytes ? entry + 8 : u32(entry + 8);
    if (start + length <= tiff.length)
      fields[field] = tiff.toString('utf8', start, start + length).replace(/\0.*$/s, '');
  }
  return fields;
}
