// What comes out of a benchmark: one JSON object, and its raw samples beside it.

import { writeFileSync } from 'node:fs';
import { arch, cpus, loadavg, release, totalmem } from 'node:os';
import { basename } from 'node:path';
import type { Figures, Measured } from './benchmark.js';

export interface Report {
  readonly bench: string;
  readonly at: string;
  readonly machine: string;
  readonly repeats: number;
  readonly figures: Figures;
  readonly beside: Readonly<Record<string, Figures>>;
  readonly samples?: string;
}

const GIB = 1024 ** 3;

export function reportOf(bench: string, at: string, measured: Measured): Report {
  const { repeats, figures } = measured;
  const beside = Object.fromEntries(
    Object.entries(measured.beside).map(([who, theirs]) => [who, known(theirs)]),
  );
  return { bench, at, machine: machine(), repeats, figures: known(figures), beside };
}

/** A figure is a number, or it is not there: what there was nothing to divide by is none. */
function known(figures: Figures): Figures {
  return Object.fromEntries(Object.entries(figures).filter(([, value]) => Number.isFinite(value)));
}

/** @returns the names of the files. */
export function writeReport(file: string, report: Report, samples: unknown): string {
  const samplesFile = `${file.replace(/\.json$/, '')}.samples.json`;
  writeFileSync(samplesFile, `${JSON.stringify(samples)}\n`);
  const whole = { ...report, samples: basename(samplesFile) };
  writeFileSync(file, `${JSON.stringify(whole, null, 2)}\n`);
  return `${file}, ${samplesFile}`;
}

/** The value below which a share of the samples lies (nearest rank). */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const rank = Math.min(sorted.length, Math.max(1, Math.ceil(share * sorted.length)));
  return sorted[rank - 1] ?? Number.NaN;
}

export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}

export function rounded(value: number, digits = 3): number {
  return Number(value.toFixed(digits));
}

/** Rows of text under each other, the first column to the left, the others to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_cell, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Enough to know which runs may be compared, and nothing that names the machine. */
function machine(): string {
  const [load = 0] = loadavg();
  const memory = `${(totalmem() / GIB).toFixed(1)} GiB`;
  const processors = `${String(cpus().length)} processors`;
  return `Linux ${release()} ${arch()}, ${processors}, ${memory}, Node ${process.version}, load ${load.toFixed(1)}`;
}
