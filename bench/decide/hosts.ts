// Machines for P7: each with its own world, folded from facts, and its own readings.

import { readingsAt } from '../../orchestrator/simulation/calm.js';
import { sceneFacts, sceneUpdate } from '../../orchestrator/simulation/scene.js';
import { defaultPolicy } from '../../orchestrator/policy/policy.js';
import type { HostView } from '../../orchestrator/scheduler/host-view.js';
import { emptyWorld, foldEntry } from '../../orchestrator/world/fold.js';
import type { World } from '../../orchestrator/world/world.js';

export const UPDATES = 20;
export const START_MS = Date.UTC(2030, 0, 7, 12);
const HOUR_MS = 3_600_000;

export interface Machine {
  readonly world: World;
  view: HostView;
}

/** What all machines have in common: the updater, folded once. */
function template(): World {
  const world = emptyWorld();
  let sequence = 0;
  for (const fact of sceneFacts({ stepMs: 0, updates: updates() })) {
    sequence += 1;
    const entry = { sequence, atMs: START_MS - HOUR_MS, fact, body: '', hash: '' };
    foldEntry(world, entry, defaultPolicy.retry);
  }
  return world;
}

/** Every machine owns its updates: what it decides on lies nowhere near the one before. */
export function machinesOf(count: number): Machine[] {
  const first = template();
  return Array.from({ length: count }, (_, index) => {
    const own = [...first.updates].map(
      ([key, state]) => [key, { ...state, update: { ...state.update } }] as const,
    );
    const world: World = { ...first, updates: new Map(own), runs: new Map() };
    return { world, view: viewAt(START_MS, index, false) };
  });
}

function updates() {
  return Array.from({ length: UPDATES }, (_, i) =>
    sceneUpdate({ id: `update-${String(i)}`, title: `Update ${String(i)}`, security: i % 7 === 0 }),
  );
}

/** A person came back, or left an hour ago. */
export function viewAt(nowMs: number, index: number, engaged: boolean): HostView {
  const since = engaged ? {} : { awaySinceMs: nowMs - HOUR_MS };
  return {
    id: `host-${String(index)}`,
    attached: true,
    readings: readingsAt({ atMs: nowMs, mains: true, ...since }),
    diskPath: '/',
    level: 'confined',
    servedSinceMs: START_MS - 24 * HOUR_MS,
  };
}
