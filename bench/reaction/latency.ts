// From an event to the last instruction: what one sample comes to.

import type { Figures } from '../benchmark.js';
import { quantile, rounded } from '../report.js';

const NS_PER_MS = 1e6;

export interface Stop {
  /** When the cause was seen. */
  readonly edgeNs: bigint;
  /** The newest stamp of any process of the updater, read once nothing moves any more. */
  readonly lastStampNs: bigint;
  /** When the write to the freezer had returned. */
  readonly frozenNs: bigint;
}

/**
 * An updater that had no processor at the event stamped last before it. Its last instruction is then
 * taken to be at the end of the write, which is the latest that it can have been: what never ran is
 * not counted as a fast reaction.
 */
export function latencyMs({ edgeNs, lastStampNs, frozenNs }: Stop): number {
  const last = lastStampNs > edgeNs ? lastStampNs : frozenNs;
  return Number(last - edgeNs) / NS_PER_MS;
}

export function wasRunning({ edgeNs, lastStampNs }: Stop): boolean {
  return lastStampNs > edgeNs;
}

export function latencies(samples: readonly number[]): Figures {
  return {
    latency_p50_ms: rounded(quantile(samples, 0.5)),
    latency_p99_ms: rounded(quantile(samples, 0.99)),
    latency_worst_ms: rounded(quantile(samples, 1)),
  };
}

/**
 * An idle timer that looks once a period and then freezes as fast as the raw writer: the wait until
 * its next look, from the instants at which the person really came back.
 */
export function idleTimer(
  edges: readonly bigint[],
  rawMs: readonly number[],
  periodMs: number,
): number[] {
  return edges.map((edgeNs, position) => {
    const sinceLookMs = (Number(edgeNs / 1_000n) / 1_000) % periodMs;
    return periodMs - sinceLookMs + (rawMs[position % rawMs.length] ?? 0);
  });
}
