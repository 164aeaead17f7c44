// The last bytes of streams that may be endless.

/** What is kept of a stream once `chunk` has followed `kept`. */
export function tailOf(kept: Buffer, chunk: Uint8Array, bytesMax: number): Buffer {
  // Copied, so that a small tail does not keep a whole chunk in memory.
  const both = Buffer.concat([kept, chunk.subarray(-bytesMax)]);
  return both.length > bytesMax ? Buffer.from(both.subarray(-bytesMax)) : both;
}

/**
 * The tails of a program as one: stderr's at the end, because nobody knows what was written last, and
 * of stdout's what there is room for before it.
 */
export function tailOfBoth(stdout: Buffer, stderr: Buffer, bytesMax: number): Buffer {
  // On lines of its own, as it was written: what comes last is read for its last line.
  const apart = stdout.length > 0 && stdout.at(-1) !== LF && stderr.length > 0;
  return Buffer.concat([stdout, Buffer.from(apart ? [LF] : []), stderr]).subarray(-bytesMax);
}

const LF = 0x0a;
