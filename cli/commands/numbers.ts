// Whole numbers that are typed as options.

import { CommandError } from '../failure.js';

/** @param unit of the number, as a word behind it; empty: it counts. */
export function wholeNumber(
  option: string,
  text: string,
  { min, max, unit = '' }: { readonly min: number; readonly max: number; readonly unit?: string },
): number {
  const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= min && number <= max) return number;
  const range = `${String(min)} to ${String(max)}${unit === '' ? '' : ` ${unit}`}`;
  throw new CommandError(`${option} wants ${range}, not "${text}"`, 2);
}
