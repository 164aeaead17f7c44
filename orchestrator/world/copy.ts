import type { MutableWorld, World } from './world.js';

/** A world of one's own, to fold into what may come. What it holds is never changed in place. */
export function copyOf(world: World): MutableWorld {
  return {
    ...world,
    updaters: new Map(world.updaters),
    withdrawn: new Map(world.withdrawn),
    updates: new Map(world.updates),
    runs: new Map(world.runs),
    history: [...world.history],
    holds: new Map(world.holds),
    vetoes: new Map(world.vetoes),
    demands: new Map(world.demands),
    instances: new Map(world.instances),
    heard: new Map(world.heard),
    bad: new Map(world.bad),
    rollouts: new Map(world.rollouts),
  };
}
