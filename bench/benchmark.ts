// What a benchmark is, and what it hands back.

import type { CloseStack } from '../runtime/shutdown.js';

export interface BenchOptions {
  readonly quick: boolean;
  readonly repeats: number;
  readonly say: (text: string) => void;
  /** Closed at the end, also after a signal: whatever a benchmark leaves goes in here. */
  readonly opened: CloseStack;
  /** Trace files to replay instead of the project's own; for benchmarks of deciding. */
  readonly trace?: string | undefined;
  readonly power?: string | undefined;
}

export type Figures = Readonly<Record<string, number>>;

export interface Measured {
  readonly repeats: number;
  readonly figures: Figures;
  /** What was measured beside it, by the same names. */
  readonly beside: Readonly<Record<string, Figures>>;
  /** Every raw sample, by side. */
  readonly samples: unknown;
}

export interface Benchmark {
  readonly what: string;
  readonly quickRepeats: number;
  /** Whether it starts updaters, which needs root and an OCI runtime. */
  readonly needsSandbox: boolean;
  /** It takes `--trace`; and by no clock, so that a repeat gives the same figures. */
  readonly replays?: true;
  run(options: BenchOptions): Promise<Measured>;
}

/** The benchmark cannot be run here; the message says in one line what is missing. */
export class CannotRun extends Error {}
