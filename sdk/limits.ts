// Limits of the contract, and text cut to them.

export const MESSAGE_BYTES_MAX = 4 * 1024 * 1024;
export const METADATA_BYTES_MAX = 8 * 1024;
/** A string of the contract where no other limit is stated. */
export const LINE_BYTES_MAX = 256;
export const FAILURE_BYTES_MAX = 4_096;
export const REASON_BYTES_MAX = 63;
/** Of a status message: it is metadata, percent-encoded, so a byte may take three. */
export const STATUS_BYTES_MAX = 2_048;

/** `text` in at most `bytesMax` bytes of UTF-8, cut between characters. */
export function clip(text: string, bytesMax = LINE_BYTES_MAX): string {
  const bytes = Buffer.from(text);
  if (bytes.byteLength <= bytesMax) return bytes.toString();
  let end = bytesMax - 3;
  // A continuation byte (10xxxxxx) at the cut belongs to the character before it.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return `${bytes.toString('utf8', 0, end)}…`;
}
