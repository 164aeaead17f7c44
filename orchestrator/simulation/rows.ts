// Recordings as text: rows with their line numbers, and what is wrong with them.

/** What was wrong with a recording: the first ones in words, and how many in all. */
export interface Faults {
  readonly lines: readonly string[];
  readonly count: number;
}

/** A file larger than this is no recording that anybody made by hand or by phone. */
export const RECORDING_CHARS_MAX = 128 * 1024 * 1024;
const ROWS_MAX = 2_000_000;
/** More faults than a person reads. */
const FAULT_LINES_MAX = 20;
const FIELD_CHARS_MAX = 64;

export interface FaultList extends Faults {
  add(line: number, what: string): void;
}

export function faultList(): FaultList {
  const lines: string[] = [];
  let count = 0;
  return {
    lines,
    get count() {
      return count;
    },
    add: (line, what) => {
      count += 1;
      if (lines.length < FAULT_LINES_MAX) lines.push(`line ${String(line)}: ${what}`);
    },
  };
}

/** A row's cells as numbers, or undefined and a fault. */
export function numbersOf(
  row: string,
  columns: readonly string[],
  line: number,
  faults: FaultList,
): number[] | undefined {
  const cells = row.length > FIELD_CHARS_MAX * columns.length ? [] : row.split(',');
  if (cells.length !== columns.length) {
    faults.add(line, `has not the ${String(columns.length)} columns ${columns.join(',')}`);
    return undefined;
  }
  const numbers = cells.map((cell) =>
    /^-?\d{1,15}(?:\.\d{1,9})?$/.test(cell.trim()) ? Number(cell) : NaN,
  );
  const bad = numbers.findIndex((each) => Number.isNaN(each));
  if (bad === -1) return numbers;
  faults.add(line, `${columns[bad] ?? ''} is not a number: ${JSON.stringify(cells[bad])}`);
  return undefined;
}

/** The rows below the header, with their line numbers; blank ones are skipped. */
export function* rowsOf(
  text: string,
  faults: FaultList,
  rowsMax = ROWS_MAX,
): Generator<{ readonly line: number; readonly row: string }> {
  let line = 0;
  let at = 0;
  while (at < text.length) {
    if (line >= rowsMax) {
      faults.add(line + 1, `more than ${String(rowsMax)} lines: what follows is left out`);
      return;
    }
    const end = text.indexOf('\n', at);
    const row = text.slice(at, end === -1 ? text.length : end).trimEnd();
    line += 1;
    at = end === -1 ? text.length : end + 1;
    if (line > 1 && row !== '') yield { line, row };
  }
}

export function headerOf(text: string): string {
  return text.slice(0, Math.max(0, text.indexOf('\n'))).trim();
}
