// About how much memory a value takes: its texts and bytes, and a little for each thing in it.

const THING_BYTES = 16;

export function weightOf(value: unknown): number {
  if (typeof value === 'string') return THING_BYTES + value.length * 2;
  if (value instanceof Uint8Array) return THING_BYTES + value.byteLength;
  if (typeof value !== 'object' || value === null) return THING_BYTES;
  return Object.values(value).reduce<number>((sum, each) => sum + weightOf(each), THING_BYTES);
}
