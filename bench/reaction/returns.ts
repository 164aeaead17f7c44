// A person who comes back, and leaves again: one sample.

import { pause } from '../../runtime/deadline.js';
import type { Fact } from '../../harness/follow.grpc.js';
import type { Stop } from './latency.js';
import type { BusyLull } from './stopped-lull.spawn.js';

const FACT_MS_MAX = 30_000;
/** What still moves after the freeze stamps for longer than it could on a healthy machine. */
const SETTLE_MS = 25;
/** Somebody comes back at any instant of the updater's work. */
const RUN_MS = { min: 15, spread: 40 };
const NS_PER_MS = 1e6;

export interface Return extends Stop {
  /** Until the journal's entry of the pause had come here. */
  readonly recordedMs: number;
}

/**
 * The updater runs before, and afterwards is frozen with the person still there.
 * @returns undefined where something else froze it first: a lease that was not renewed in time.
 */
export async function comeBack(lull: BusyLull): Promise<Return | undefined> {
  await pause(RUN_MS.min + Math.random() * RUN_MS.spread);
  const edgeNs = await lull.engage();
  const paused = await lull.follower.fact('the pause', ofRun(lull, 'run.paused'), FACT_MS_MAX);
  const recordedMs = Number(process.hrtime.bigint() - edgeNs) / NS_PER_MS;
  await pause(SETTLE_MS);
  const reactionNs = paused['reactionNs'];
  if (typeof reactionNs !== 'number') return undefined;
  const frozenNs = edgeNs + BigInt(reactionNs);
  return { edgeNs, frozenNs, lastStampNs: lull.stamps.newestNs(), recordedMs };
}

/** Away again, until the updater really works. @returns CPU that it used while frozen. */
export async function leave(lull: BusyLull): Promise<number> {
  const before = lull.stamps.newestNs();
  await lull.follower.report('away');
  const thawed = await lull.follower.fact('the thaw', ofRun(lull, 'run.thawed'), FACT_MS_MAX);
  await lull.stamps.moved(before);
  return Number(thawed['cpuUsWhileFrozen']) / 1e3;
}

function ofRun({ runId }: BusyLull, kind: string) {
  return (fact: Fact): boolean => fact.kind === kind && fact.runId === runId;
}
