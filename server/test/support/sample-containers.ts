/** AVIF and HEIC files box by box, for what no encoder at hand writes: HEVC, crops, grids, odd brands. */
export interface ContainerSample {
  /** Of the stored picture, before crop and rotation. */
  width: number;
  height: number;
  majorBrand?: string;
  compatibleBrands?: string[];
  /** Quarter turns, anticlockwise. */
  quarterTurns?: number;
  /** Size of the clean aperture, applied before the rotation. */
  crop?: { width: number; height: number };
  /** Made of this many tiles, as phones do: the primary item comes after them and has a property list of its own. */
  tiles?: number;
  /** The picture data in front of the `meta` box, as some writers have it. */
  dataFirst?: boolean;
  /** Coded picture; it is not decodable unless real data is given. */
  data?: Buffer;
}

/** A file with the structure of a phone's HEIC. Its header is complete and consistent; its picture data is not HEVC. */
export function minimalHeic(sample: ContainerSample): Buffer {
  const { majorBrand = 'heic', compatibleBrands = ['mif1', 'heic'], tiles = 0, data = Buffer.alloc(64, 7) } = sample;
  const fileType = box(
    'ftyp',
    Buffer.from(majorBrand, 'latin1'),
    u32(0),
    Buffer.from(compatibleBrands.join(''), 'latin1'),
  );
  const media = box('mdat', data);
  const primary = tiles + 1;
  const makeMeta = (dataOffset: number) =>
    fullBox(
      'meta',
      0,
      fullBox('hdlr', 0, u32(0), Buffer.from('pict', 'latin1'), Buffer.alloc(13)),
      fullBox('pitm', 0, u16(primary)),
      itemLocations(primary, dataOffset, data.length),
      itemInfos(primary, tiles > 0 ? 'grid' : 'hvc1'),
      box('iprp', ...itemProperties(sample, tiles)),
    );
  const metaBytes = makeMeta(0).length;
  const dataOffset = fileType.length + (sample.dataFirst === true ? 0 : metaBytes) + 8;
  const meta = makeMeta(dataOffset);
  return Buffer.concat(sample.dataFirst === true ? [fileType, media, meta] : [fileType, meta, media]);
}

export function box(type: string, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content);
  return Buffer.concat([u32(body.length + 8), Buffer.from(type, 'latin1'), body]);
}

function fullBox(type: string, version: number, ...content: Buffer[]): Buffer {
  return box(type, Buffer.from([version, 0, 0, 0]), ...content);
}

function itemLocations(items: number, offset: number, length: number): Buffer {
  const entries = Array.from({ length: items }, (_, index) =>
    Buffer.concat([u16(index + 1), u16(0), u16(1), u32(offset), u32(length)]),
  );
  return fullBox('iloc', 0, Buffer.from([0x44, 0x00]), u16(items), ...entries);
}

function itemInfos(primary: number, primaryType: string): Buffer {
  const entries = Array.from({ length: primary }, (_, index) => {
    const type = index + 1 === primary ? primaryType : 'hvc1';
    return fullBox('infe', 2, u16(index + 1), u16(0), Buffer.from(`${type}\0`, 'latin1'));
  });
  return fullBox('iinf', 0, u16(primary), ...entries);
}

/** Properties 1 and 2 are the tiles' codec and size, 3 the whole picture's size, then crop and rotation. */
function itemProperties({ width, height, crop, quarterTurns }: ContainerSample, tiles: number): Buffer[] {
  const properties = [
    box('hvcC', Buffer.alloc(23, 1)),
    fullBox('ispe', 0, u32(512), u32(512)),
    fullBox('ispe', 0, u32(width), u32(height)),
  ];
  const ofPrimary = tiles > 0 ? [3] : [1, 3];
  if (crop !== undefined) {
    properties.push(box('clap', u32(crop.width), u32(1), u32(crop.height), u32(1), u32(0), u32(1), u32(0), u32(1)));
    ofPrimary.push(properties.length);
  }
  if (quarterTurns !== undefined) {
    properties.push(box('irot', Buffer.from([quarterTurns])));
    ofPrimary.push(properties.length);
  }
  const associations = Array.from({ length: tiles }, (_, index) => association(index + 1, [1, 2]));
  associations.push(association(tiles + 1, ofPrimary));
  return [box('ipco', ...properties), fullBox('ipma', 0, u32(associations.length), ...associations)];
}

function association(item: number, indexes: number[]): Buffer {
  const essential = 0x80;
  return Buffer.concat([u16(item), Buffer.from([indexes.length, ...indexes.map((index) => index | essential)])]);
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
