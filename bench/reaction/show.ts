// What P1 prints.

import type { Figures } from '../benchmark.js';
import { median, table } from '../report.js';
import { wasRunning } from './latency.js';
import type { Return } from './returns.js';

const GOAL = { latency_p50_ms: 1, latency_p99_ms: 5, latency_worst_ms: 50 } as const;

export function showReaction(
  say: (text: string) => void,
  measured: {
    readonly figures: Figures;
    readonly beside: Readonly<Record<string, Figures>>;
    readonly returns: ReadonlyMap<string, readonly Return[]>;
    /** How often something else had frozen it first, by side: there is no reaction to measure then. */
    readonly frozenBefore: ReadonlyMap<string, number>;
  },
): void {
  const { figures, beside, returns, frozenBefore } = measured;
  const columns = ['latency_p50_ms', 'latency_p99_ms', 'latency_worst_ms', 'cpu_ms_while_frozen'];
  const row = (name: string, of: Figures): string[] => [
    name,
    ...columns.map((column) => of[column]?.toFixed(3) ?? '–'),
  ];
  const rows = Object.entries(beside).map(([name, of]) => row(name, of));
  say(`\n${table([['', ...columns], row('worst side', figures), ...rows])}`);
  say('idle_timer_1s is computed: the wait for its next look, and then a raw freeze');
  for (const [name, all] of returns) {
    const off = all.filter((each) => !wasRunning(each)).length;
    const recorded = median(all.map(({ recordedMs }) => recordedMs));
    say(
      `${name}: ${String(off)} of ${String(all.length)} times the updater had no processor at the event ` +
        `(counted to the end of the write); in the journal after ${recorded.toFixed(1)} ms (median); ` +
        `${String(frozenBefore.get(name) ?? 0)} more were not counted: something else had frozen it first`,
    );
  }
  const verdicts = Object.entries(GOAL).map(([name, most]) => {
    const is = figures[name] ?? Number.NaN;
    return `${name} ${is.toFixed(2)} ≤ ${String(most)} ${is <= most ? 'yes' : 'NO'}`;
  });
  say(`goal: ${verdicts.join(', ')}`);
}
