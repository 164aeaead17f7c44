// Whether somebody sends a message in crumbs, or what was not asked for: read of the frames of HTTP/2, before
// its parser sees them (T23).
//
// Each frame of data is an object of a hundred bytes until its message is whole, also one of a single byte:
// messages of which each has its bound are a hundred times that. Whoever is honest sends 16 kB at a time.
// Nor does a server of gRPC say two heads before an answer, of which a few bytes can be the names of many
// kilobytes, or open streams by itself, which are kept as long as the connection.

const PREFACE_BYTES = { client: 24, server: 0 };
const HEAD_BYTES = 9;
const [DATA, HEADERS, RST_STREAM, PUSH_PROMISE] = [0, 1, 3, 5];
const [END_STREAM, PADDED] = [1, 8];
/** Whether it is compressed, and its length. */
const MESSAGE_HEAD_BYTES = 5;
/** Of one message. The longest that the host takes comes in six, and in some more by small windows. */
const FRAMES_MAX = 128;
/** Of more frames than that, in the mean: who sends more in them is told in gRPC's words that it is too much. */
const FRAME_BYTES_MIN = 1024;
/** That have begun and have not ended: more than may be open. */
const STREAMS_MAX = 256;

/** One message of a stream, as far as it has come. */
interface Message {
  frameCount: number;
  frameBytes: number;
  headBytes: number;
  leftBytes: number;
}

const nothing: Message = { frameCount: 0, frameBytes: 0, headBytes: 0, leftBytes: 0 };

/**
 * Is given all that one side sends, in pieces of any length; false: the connection has to be broken off.
 * @param onHead told of each head: of a client, with each call
 */
export function crumbWatch(
  side: 'client' | 'server',
  onHead: () => void = () => undefined,
): (bytes: Uint8Array) => boolean {
  const head = Buffer.alloc(HEAD_BYTES);
  let headBytes = 0;
  let leftBytes = PREFACE_BYTES[side];
  /** Whose frame it is that has `leftBytes`; undefined: nobody's whose message counts. */
  let message: Message | undefined;
  const messages = new Map<number, Message>();

  function isGood(): boolean {
    const [type, flags, stream] = [head[3], head[4] ?? 0, head.readUInt32BE(5)];
    message = undefined;
    if (type === HEADERS) onHead();
    if (type === PUSH_PROMISE || (type === DATA && (flags & PADDED) !== 0)) return false;
    if (type === RST_STREAM) messages.delete(stream);
    if (type !== DATA && type !== HEADERS) return true;
    if ((flags & END_STREAM) !== 0) return messages.delete(stream) || true;
    const known = messages.get(stream);
    if (type === HEADERS && known !== undefined) return false;
    const its = known ?? { ...nothing };
    messages.set(stream, its);
    if (type === DATA) {
      message = its;
      its.frameCount += 1;
      its.frameBytes += leftBytes;
    }
    const isSmall = its.frameBytes < its.frameCount * FRAME_BYTES_MIN;
    return !(isSmall && its.frameCount > FRAMES_MAX) && messages.size <= STREAMS_MAX;
  }

  return (bytes) => {
    let at = 0;
    while (at < bytes.byteLength) {
      const payload = bytes.subarray(at, at + leftBytes);
      if (message !== undefined) follow(message, payload);
      leftBytes -= payload.byteLength;
      at += payload.byteLength;
      const takes = Math.min(HEAD_BYTES - headBytes, bytes.byteLength - at);
      head.set(bytes.subarray(at, at + takes), headBytes);
      headBytes += takes;
      at += takes;
      if (headBytes < HEAD_BYTES) continue;
      headBytes = 0;
      leftBytes = head.readUIntBE(0, 3);
      if (!isGood()) return false;
    }
    return true;
  };
}

/** Where a message ends in these bytes of its stream, the next one begins. */
function follow(message: Message, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.byteLength;) {
    if (message.headBytes < MESSAGE_HEAD_BYTES) {
      const isOfLength = message.headBytes > 0;
      if (isOfLength) message.leftBytes = message.leftBytes * 256 + (bytes[at] ?? 0);
      message.headBytes += 1;
      at += 1;
    } else {
      const takes = Math.min(message.leftBytes, bytes.byteLength - at);
      message.leftBytes -= takes;
      at += takes;
    }
    if (message.headBytes === MESSAGE_HEAD_BYTES && message.leftBytes === 0)
      Object.assign(message, nothing);
  }
}
