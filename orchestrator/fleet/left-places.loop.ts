// Places of machines that are not in their group any more: policy has taken them out, perhaps while another
// orchestrator led them, or none. Those of FleetLock's clients have names that no machine has.

import { isSubjectName, partitionOf } from '../../proto/subjects.js';
import type { Log } from '../../runtime/log.js';
import type { GroupLock } from '../groups/group-lock.js';
import type { Policy } from '../policy/policy.js';
import { groupsOf } from '../scheduler/groups.js';

/** Gives them back, for the machines of a partition: whoever leads it does so. */
export async function releaseLeftPlaces(deps: {
  readonly partition: string;
  readonly lock: Pick<GroupLock, 'holders' | 'release'>;
  readonly policy: () => Pick<Policy, 'groups'>;
  readonly log: Log;
}): Promise<void> {
  const { partition, lock, policy, log } = deps;
  for (const { name: group } of policy().groups) {
    try {
      for (const { id } of await lock.holders(group)) {
        const isOurs = isSubjectName(id) && partitionOf(id) === partition;
        if (!isOurs || groupsOf(id, policy()).some(({ name }) => name === group)) continue;
        await lock.release(group, id);
        log.info({ group, host: id }, 'gave back the place of a machine that left its group');
      }
    } catch (error) {
      const words =
        'places of machines that left a group may be left: "lull fleet release" frees them';
      log.warn({ err: error, group }, words);
    }
  }
}
