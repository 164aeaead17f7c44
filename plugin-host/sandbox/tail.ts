// The last bytes of a stream that may be endless.

/** What is kept of a stream once `chunk` has followed `kept`. */
export function tailOf(kept: Buffer, chunk: Uint8Array, bytesMax: number): Buffer {
  // Copied, so that a small tail does not keep a whole chunk in memory.
  const both = Buffer.concat([kept, chunk.subarray(-bytesMax)]);
  return both.length > bytesMax ? Buffer.from(both.subarray(-bytesMax)) : both;
}
