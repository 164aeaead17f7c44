// The places in groups where one orchestrator serves every machine: whoever changes something has one, and
// gives it back when it is done.

import type { GroupLock } from '../groups/group-lock.js';
import type { Policy } from '../policy/policy.js';
import { changingMachines } from '../scheduler/groups.js';
import type { World } from '../world/world.js';

export function ownGroups(
  world: World,
  policy: () => Policy,
): Pick<GroupLock, 'holders' | 'release'> {
  return {
    holders: (name) => {
      const group = policy().groups.find((each) => each.name === name);
      if (group === undefined) return Promise.resolve([]);
      const holders = [...changingMachines(group, world)];
      return Promise.resolve(holders.map(([id, sinceMs]) => ({ id, sinceMs })));
    },
    // There is nothing to take back: a place ends with what its machine does.
    release: () => Promise.resolve(),
  };
}
