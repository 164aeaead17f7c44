// Whole numbers and durations that are typed as options.

import { parseDuration } from '../../conditions/words.js';
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

const DAY_MS = 86_400_000;
const YEAR_DAYS = 366;

/**
 * "30s", "4m", "2h" in milliseconds, and never none at all.
 * @param orSeconds a number alone is one of seconds
 */
export function duration(
  option: string,
  text: string,
  { daysMax = YEAR_DAYS, orSeconds = false }: { daysMax?: number; orSeconds?: boolean } = {},
): number {
  const isNumber = orSeconds && /^\d+(\.\d+)?$/.test(text);
  const ms = parseDuration(isNumber ? `${text}s` : text) ?? 0;
  if (ms > 0 && ms <= daysMax * DAY_MS) return ms;
  const wanted = `${orSeconds ? 'seconds, or ' : ''}a duration such as 30s, 4m, 2h`;
  throw new CommandError(
    `${option} wants ${wanted}, at most ${String(daysMax)}d, not "${text}"`,
    2,
  );
}
