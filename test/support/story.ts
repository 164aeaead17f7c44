// What happens in most situations, and how the journal tells it.

import type { Fact, Follower } from '../../harness/follow.grpc.js';
import type { RunningLull } from '../../harness/lull.spawn.js';

/** Generous: sandboxes have the lowest priority, and other tests keep the machine busy. */
export const STEP_MS_MAX = 90_000;

export interface JournalOutcome {
  readonly kind: string;
  readonly code?: string;
  readonly message?: string;
}

/** Registers a bundle and accepts it with these settings. */
export async function enable(
  running: RunningLull,
  bundleFile: string,
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  const pairs = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  await running.command(['updaters', 'add', bundleFile, '--enable', '--set', ...pairs]);
}

/** What a run does: "scan", or the action that it takes on its update. */
export function actionOf(facts: readonly Fact[], runId: string | undefined): string | undefined {
  const admitted = facts.find((fact) => fact.kind === 'run.admitted' && fact.runId === runId);
  const work = admitted?.['work'] as { kind: string; update?: { nextAction: string } } | undefined;
  return work?.kind === 'perform' ? work.update?.nextAction : work?.kind;
}

export function outcomeOf(fact: Fact): JournalOutcome {
  return fact['outcome'] as JournalOutcome;
}

/** The end that counts: a crash, and a handover, are repeated under the same id. */
export function isLastEnd(fact: Fact): boolean {
  if (fact.kind !== 'run.finished') return false;
  const { kind, code } = outcomeOf(fact);
  return kind !== 'cancelled' && code !== 'UPDATER_CRASHED';
}

/** The next fact of this kind from a run that does `action`. */
export function factOf(follower: Follower, kind: string, action: string): Promise<Fact> {
  return follower.fact(
    `${kind} of a run that does ${action}`,
    (fact) => fact.kind === kind && actionOf(follower.facts, fact.runId) === action,
    STEP_MS_MAX,
  );
}

/** The next end of a run that does `action`, with exactly this outcome. */
export function ended(follower: Follower, action: string, outcome: string): Promise<Fact> {
  return follower.fact(
    `${action} that ends with ${outcome}`,
    (fact) =>
      fact.kind === 'run.finished' &&
      outcomeOf(fact).kind === outcome &&
      actionOf(follower.facts, fact.runId) === action,
    STEP_MS_MAX,
  );
}

/** Attempts of the run with this id, in order. */
export function attemptsOf(facts: readonly Fact[], runId: string | undefined): unknown[] {
  return facts
    .filter((fact) => fact.kind === 'run.admitted' && fact.runId === runId)
    .map((fact) => fact['attempt']);
}

/** Whether the running Lull finds its journal whole. */
export async function auditIsWhole(running: RunningLull): Promise<boolean> {
  const answer = await running.command(['--json', 'audit', 'verify']);
  return (JSON.parse(answer) as { verified: boolean }).verified;
}

/** The next time that a run says exactly this. */
export function noticed(follower: Follower, message: string): Promise<Fact> {
  return follower.fact(
    message,
    (fact) => fact.kind === 'run.notice' && fact['message'] === message,
    STEP_MS_MAX,
  );
}
