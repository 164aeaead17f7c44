import type { Instant, Measurement, Subject } from '../reading/measurement.js';

/** The code that takes some measurements of one kind. */
export interface Probe {
  /** What it reads, for a person: a path, a call. The source of what it cannot say. */
  readonly name: string;
  /** Everything it speaks of, always. */
  readonly subjects: readonly Subject[];
  /** Asking more often than this is of no use; 0: in every round. */
  readonly everyMs: number;
  /** Takes one measurement of each subject. Only what may block on hardware answers by promise. */
  measure(at: Instant): Measurement[] | Promise<Measurement[]>;
}

/** A probe that keeps something open between its looks. */
export interface OpenProbe extends Probe {
  close(): void;
}
