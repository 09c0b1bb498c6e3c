/** Bytes that come in pieces, read by marks and lengths whatever the pieces are. Holds no more than it was asked to look at. */
export interface ByteInput {
  /** Up to and without `mark`, which is used up; null when the bytes end before it, or it is not within `maxBytes`. */
  readUntil(mark: Buffer, maxBytes: number): Promise<Buffer | null>;
  /** Exactly so many bytes, or fewer at the end. They are not used up. */
  peek(bytes: number): Promise<Buffer>;
  skip(bytes: number): void;
  /** At least one byte and at most `maxBytes`, as they come; null at the end. */
  readSome(maxBytes: number): Promise<Buffer | null>;
}

export function createByteInput(source: AsyncIterable<Uint8Array>): ByteInput {
  const iterator = source[Symbol.asyncIterator]();
  let pending: Buffer = Buffer.alloc(0);

  /** False at the end. */
  async function more(): Promise<boolean> {
    const { done, value } = await iterator.next();
    if (done === true) return false;
    const piece = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    pending = pending.length === 0 ? piece : Buffer.concat([pending, piece]);
    return true;
  }

  return {
    async readUntil(mark, maxBytes) {
      let searchFrom = 0;
      for (;;) {
        const at = pending.indexOf(mark, searchFrom);
        if (at > maxBytes || (at < 0 && pending.length >= maxBytes + mark.length)) return null;
        if (at >= 0) {
          const found = pending.subarray(0, at);
          pending = pending.subarray(at + mark.length);
          return found;
        }
        searchFrom = Math.max(0, pending.length - mark.length + 1);
        if (!(await more())) return null;
      }
    },
    async peek(bytes) {
      while (pending.length < bytes && (await more()));
      return pending.subarray(0, bytes);
    },
    skip(bytes) {
      pending = pending.subarray(bytes);
    },
    async readSome(maxBytes) {
      while (pending.length === 0) if (!(await more())) return null;
      const some = pending.subarray(0, maxBytes);
      pending = pending.subarray(some.length);
      return some;
    },
  };
}
