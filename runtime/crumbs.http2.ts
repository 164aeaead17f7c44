// Whether somebody sends a message in crumbs: read of the frames of HTTP/2, before its parser sees them (T23).
//
// Each frame of data is an object of a hundred bytes until its message is whole, also one of a single byte:
// messages of which each has its bound are a hundred times that. An honest client sends 16 kB at a time.

const PREFACE_BYTES = 24;
const HEAD_BYTES = 9;
const DATA = 0;
const RST_STREAM = 3;
const END_STREAM = 1;
/** Of one stream. A message of the longest that the host takes comes in six, and in some more by small windows. */
const FRAMES_MAX = 128;
/** Of more frames than that, in the mean: who sends more in them is told in gRPC's words that it is too much. */
const FRAME_BYTES_MIN = 1024;
/** More than may be open: what is forgotten first is what began first. */
const STREAMS_MAX = 256;

/** Is given all that a client sends, in pieces of any length; false: it sends crumbs. */
export function crumbWatch(): (bytes: Uint8Array) => boolean {
  const head = Buffer.alloc(HEAD_BYTES);
  let headBytes = 0;
  let skippedBytes = PREFACE_BYTES;
  const frames = new Map<number, { count: number; bytes: number }>();

  function isGood(): boolean {
    const [type, flags, stream] = [head[3], head[4] ?? 0, head.readUInt32BE(5)];
    const isLast = type === RST_STREAM || (type === DATA && (flags & END_STREAM) !== 0);
    if (isLast) frames.delete(stream);
    else if (type === DATA) {
      const seen = frames.get(stream) ?? { count: 0, bytes: 0 };
      seen.count += 1;
      seen.bytes += head.readUIntBE(0, 3);
      frames.set(stream, seen);
      const [first = stream] = frames.keys();
      if (frames.size > STREAMS_MAX) frames.delete(first);
      return seen.count <= FRAMES_MAX || seen.bytes >= seen.count * FRAME_BYTES_MIN;
    }
    return true;
  }

  return (bytes) => {
    let at = 0;
    while (at < bytes.byteLength) {
      const skips = Math.min(skippedBytes, bytes.byteLength - at);
      skippedBytes -= skips;
      at += skips;
      const takes = Math.min(HEAD_BYTES - headBytes, bytes.byteLength - at);
      head.set(bytes.subarray(at, at + takes), headBytes);
      headBytes += takes;
      at += takes;
      if (headBytes < HEAD_BYTES) continue;
      headBytes = 0;
      skippedBytes = head.readUIntBE(0, 3);
      if (!isGood()) return false;
    }
    return true;
  };
}
