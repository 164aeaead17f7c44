// The suite: all clauses, in the order in which they are tried, and what came of each.

import { capabilities } from './capabilities.js';
import { Inapplicable, Violation, type Clause } from './clause.js';
import { faults } from './faults.js';
import { grants } from './grants.js';
import { holding } from './holding.js';
import { performing } from './performing.js';
import { recovering } from './recovering.js';
import { scanning } from './scanning.js';
import { serving } from './serving.js';
import { NOTHING, Trial, type Judges, type TrialOptions } from './trial.js';
import type { Subject } from './subject.js';
import { undoing } from './undoing.js';

export const clauses: readonly Clause[] = [
  ...[...serving, ...scanning, ...performing, ...undoing, ...capabilities],
  ...[...recovering, ...holding, ...faults],
  // They judge what the others have seen.
  ...grants,
];

export type Verdict =
  | { readonly kind: 'passed' }
  | { readonly kind: 'failed'; readonly why: string }
  | { readonly kind: 'skipped'; readonly why: string };

export interface Tried {
  readonly id: string;
  readonly says: string;
  readonly verdict: Verdict;
  readonly tookMs: number;
}

export interface Report {
  readonly subject: string;
  readonly tried: readonly Tried[];
  /** Clauses that were skipped because there was nothing to update. */
  readonly withoutUpdateCount: number;
}

export interface SuiteOptions extends TrialOptions {
  /** Ids of clauses, or of their groups; absent: all. */
  readonly only?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onBegin?: ((clause: Clause) => void) | undefined;
  readonly onTried?: ((tried: Tried) => void) | undefined;
}

/** Tries one clause after the other. Rejects only where the subject itself cannot be had. */
export async function tryClauses(
  subject: Subject,
  judges: Judges,
  options: SuiteOptions,
): Promise<Report> {
  const trial = new Trial(subject, judges, options);
  const tried: Tried[] = [];
  options.signal?.addEventListener('abort', () => {
    // The clause under way is waited for, and closes them itself as well.
    void trial.stop();
  });
  const isStopped = (): boolean => options.signal?.aborted === true;
  for (const clause of clauses.filter(({ id }) => isWanted(id, options.only))) {
    if (isStopped()) break;
    options.onBegin?.(clause);
    const beganAtMs = performance.now();
    const verdict = await judged(trial, clause);
    // What was ended in its midst shows nothing.
    if (isStopped()) break;
    const { id, says } = clause;
    const one = { id, says, verdict, tookMs: performance.now() - beganAtMs };
    tried.push(one);
    options.onTried?.(one);
  }
  const withoutUpdateCount = tried.filter(
    ({ verdict }) => verdict.kind === 'skipped' && verdict.why === NOTHING,
  ).length;
  return { subject: subject.name, tried, withoutUpdateCount };
}

export function countOf({ tried }: Report, kind: Verdict['kind']): number {
  return tried.filter(({ verdict }) => verdict.kind === kind).length;
}

function isWanted(id: string, only: readonly string[] | undefined): boolean {
  return only?.some((word) => id === word || id.startsWith(`${word}.`)) ?? true;
}

async function judged(trial: Trial, clause: Clause): Promise<Verdict> {
  try {
    for (const need of clause.needs ?? []) {
      const why = await trial.missing(need);
      if (why !== undefined) return { kind: 'skipped', why };
    }
    await clause.try(trial);
    return { kind: 'passed' };
  } catch (error) {
    if (error instanceof Inapplicable) return { kind: 'skipped', why: error.message };
    // Whatever else keeps a clause from being tried is no proof that it holds.
    const why =
      error instanceof Violation ? error.message : `it could not be tried: ${String(error)}`;
    return { kind: 'failed', why };
  } finally {
    await trial.closeScenes();
  }
}
