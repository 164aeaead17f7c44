// What commands write: JSON for programs, text for people.
//
// Invariant: O1. No byte of what a machine, a vendor or another person said moves the cursor of a terminal
// (T17): what is written is lines, and in JSON characters that do such things are escaped.

import { displayText, escapedText } from '../conditions/words.js';

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
  const out = options.json
    ? byLine(JSON.stringify(forPrograms(value), plain, 2), escapedText)
    : byLine(text(value), (line) => displayText(line, line.length));
  process.stdout.write(out.endsWith('\n') ? out : `${out}\n`);
}

/** O1. */
function byLine(text: string, clean: (line: string) => string): string {
  return text.split('\n').map(clean).join('\n');
}

function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value;
}
