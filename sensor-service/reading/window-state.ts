// What a window manager writes on windows by the Extended Window Manager Hints: lists of numbers of four
// bytes each. What is written is somebody else's, and may be of any length and kind.

export interface WindowProperty {
  /** Bits in each element; 0 where there is no such property. */
  readonly format: number;
  readonly data: Buffer;
}

/** The states of a window; there are a dozen. */
export const WORDS_MAX = 64;

/** @returns undefined for what is no list of such numbers. */
export function wordsOf({ format, data }: WindowProperty): readonly number[] | undefined {
  if (format === 0) return [];
  if (format !== 32) return undefined;
  const count = Math.min(WORDS_MAX, Math.floor(data.length / 4));
  return Array.from({ length: count }, (_, at) => data.readUInt32LE(at * 4));
}

/** The window that is used; 0: none is; undefined: nobody says. */
export function activeWindow(property: WindowProperty): number | undefined {
  return wordsOf(property)?.[0];
}
