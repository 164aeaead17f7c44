// How strongly a host confines updaters: the level that its self-test came to, and what led to it.

/** From the weakest. docs/trust.md says what each holds. */
export const levels = ['none', 'loose', 'confined', 'sealed'] as const;
export type Level = (typeof levels)[number];

export type CgroupKind = 'v1' | 'v2' | 'hybrid' | 'none';

export type TrialResult = 'denied' | 'allowed' | 'unknown';

/** Something that a canary tried from inside of a sandbox. */
export interface Trial {
  readonly name: string;
  readonly result: TrialResult;
}

export interface Confinement {
  readonly level: Level;
  /** The program that makes sandboxes, with its version; empty: there is none. */
  readonly runtime: string;
  readonly cgroups: CgroupKind;
  readonly trials: readonly Trial[];
  /** What its control groups can limit beside what all can. Absent: the host does not say. */
  readonly limits?: readonly string[];
}

export function isLevel(word: string): word is Level {
  return levels.some((level) => level === word);
}

export function holdsLevel(level: Level, least: Level): boolean {
  return levels.indexOf(level) >= levels.indexOf(least);
}
