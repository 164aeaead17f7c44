import { folded, WIDTH_MIN } from './folded.js';

/** Rows as aligned columns. The last column is not padded. */
export function table(rows: readonly (readonly string[])[], gap = '  '): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    });
  }
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0),
        )
        .join(gap)
        .trimEnd(),
    )
    .join('\n');
}

const BELOW = 4;

/**
 * The same, with a last column that goes on below itself where it is longer than fits; or below the whole
 * row, where beside it there is no room for a sentence.
 * @param columns of the terminal. Infinity: nothing is folded.
 */
export function foldedTable(rows: readonly (readonly string[])[], columns: number): string {
  const heads = table(rows.map((row) => row.slice(0, -1))).split('\n');
  const indent = Math.max(0, ...heads.map((head) => head.length)) + 2;
  const room = columns - indent;
  return rows
    .map((row, index) => {
      const last = row.at(-1) ?? '';
      if (room < WIDTH_MIN && last.length > room) {
        const below = folded(last, columns - BELOW).map((part) => ' '.repeat(BELOW) + part);
        return [(heads[index] ?? '').trimEnd(), ...below].join('\n');
      }
      const [first = '', ...more] = folded(last, room);
      const below = more.map((part) => ' '.repeat(indent) + part);
      return [((heads[index] ?? '').padEnd(indent) + first).trimEnd(), ...below].join('\n');
    })
    .join('\n');
}
