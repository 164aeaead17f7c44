/**
 * A duration as a person says it: "850 ms", "4 s", "3 min", "2 h", "5 d". Whole ones that have passed: 230 s
 * of a wait of 4 min are "3 min", and not the whole of it.
 */
export function formatDuration(ms: number): string {
  const whole = (unitMs: number): string => String(Math.floor(ms / unitMs));
  if (ms < 1_000) return `${String(Math.round(ms))} ms`;
  if (ms < 120_000) return `${whole(1_000)} s`;
  if (ms < 7_200_000) return `${whole(60_000)} min`;
  if (ms < 172_800_000) return `${whole(3_600_000)} h`;
  return `${whole(86_400_000)} d`;
}

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const DURATION_MS_MAX = 366 * unitMs.d;

/**
 * "30s", "4m", "1.5h" in whole milliseconds, as policy files and the command line have it; undefined: that
 * is none, or more than a year.
 */
export function parseDuration(text: string): number | undefined {
  const [, count, unit] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/.exec(text) ?? [];
  const ms = Math.round(Number(count) * unitMs[unit as keyof typeof unitMs]);
  return ms <= DURATION_MS_MAX ? ms : undefined;
}

const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** A size as a person says it, decimal: "512 B", "1.4 MB". */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1_000 && unit < byteUnits.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  const shown = unit === 0 || value >= 100 ? value.toFixed(0) : value.toFixed(1);
  return `${shown} ${byteUnits[unit] ?? 'B'}`;
}

// Control characters (C0, DEL, C1), and what reorders or hides text (T17): lines and paragraphs that end, and
// every mark of format, which nobody sees, but the few of Arabic, Syriac and Kaithi numbers, which are drawn.
const unprintable =
  /[\p{Cc}\u2028\u2029\u2065]|(?![\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u{110bd}\u{110cd}])\p{Cf}/u;
const eachUnprintable = new RegExp(unprintable, 'gu');

/** Foreign text made safe to show: no control characters, at most `charsMax` characters. */
export function displayText(text: string, charsMax: number): string {
  // As nearly every text is, of thousands of machines.
  if (text.length <= charsMax && !unprintable.test(text)) return text;
  const clean = text.slice(0, charsMax * 4).replace(eachUnprintable, '\ufffd');
  const chars = Array.from(clean);
  return chars.length <= charsMax ? clean : `${chars.slice(0, charsMax - 1).join('')}…`;
}

/** A line of JSON with what `displayText` would take out escaped instead: it parses to the same. */
export function escapedText(line: string): string {
  const escaped = (char: string): string =>
    // Of both halves, where it has two.
    char.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return unprintable.test(line) ? line.replace(eachUnprintable, escaped) : line;
}

/** The end of a text, at most `charsMax` characters. */
export function lastOf(text: string, charsMax: number): string {
  const chars = Array.from(text);
  return chars.length <= charsMax ? text : `…${chars.slice(1 - charsMax).join('')}`;
}

/** Lines as one line that still shows where each began, for what is kept and shown as one. */
export function oneLine(text: string): string {
  return text
    .trimEnd()
    .replace(/\t/g, '  ')
    .replace(/\r\n|\r|\n/g, ' ⏎ ');
}
