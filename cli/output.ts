// What commands write: JSON for programs, text for people.

/**
 * Writes `value` as JSON, or what `text` makes of it. 64-bit numbers become numbers.
 * @param forPrograms what is written as JSON, where that is not the value as it is.
 */
export function write<T>(
  value: T,
  options: { json: boolean },
  text: (value: T) => string,
  forPrograms: (value: T) => unknown = (same) => same,
): void {
  const out = options.json ? JSON.stringify(forPrograms(value), plain, 2) : text(value);
  process.stdout.write(out.endsWith('\n') ? out : `${out}\n`);
}

function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value;
}
