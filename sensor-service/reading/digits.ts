// Numbers as the kernel writes them, read from its bytes: a file that is looked at ten times a second is
// not made a text first, and the text not taken to pieces.

export const NEWLINE = 0x0a;
export const SPACE = 0x20;
const ZERO = 0x30;
const NINE = 0x39;

/** Where the digits that begin at `from` end; `from` where there are none. */
export function endOfDigits(bytes: Uint8Array, from: number, length: number): number {
  let at = from;
  for (; at < length; at += 1) {
    const byte = bytes[at] ?? SPACE;
    if (byte < ZERO || byte > NINE) break;
  }
  return at;
}

/** The number that the digits from `from` to `to` make. */
export function numberIn(bytes: Uint8Array, from: number, to: number): number {
  let number = 0;
  for (let at = from; at < to; at += 1) number = number * 10 + (bytes[at] ?? ZERO) - ZERO;
  return number;
}

/** Where the next byte that is no space lies. */
export function afterSpaces(bytes: Uint8Array, from: number, length: number): number {
  let at = from;
  while (at < length && bytes[at] === SPACE) at += 1;
  return at;
}
