// What the canary said, read as what an updater says: bounded, and believed only where it is in form.

import type { TrialResult } from '../../conditions/confinement.js';
import { trialNames, type TrialName } from './trials.js';

const words: readonly TrialResult[] = ['denied', 'allowed', 'unknown'];

/** @returns undefined where the last line of `stderr` is no answer. */
export function readAnswer(stderr: string): Map<TrialName, TrialResult> | undefined {
  const line = stderr.trim().split('\n').at(-1) ?? '';
  let said: unknown;
  try {
    said = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof said !== 'object' || said === null) return undefined;
  const pairs = new Map<string, unknown>(Object.entries(said));
  return new Map(
    trialNames().flatMap((name) => {
      const result = words.find((word) => word === pairs.get(name));
      return result === undefined ? [] : [[name, result] as const];
    }),
  );
}
