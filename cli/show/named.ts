import type { Subject } from '../../proto/gen/lull/operator/v1/operator.js';

type Named = Pick<Subject, 'updaterId' | 'updateId'>;

/**
 * How each of `all` is called: an update by its id, what looks for updates by its updater's. Where two
 * updaters have an update of that id, with whose it is.
 */
export function namesIn(all: readonly Named[]): (subject: Named) => string {
  const owners = new Map<string, Set<string>>();
  for (const { updaterId, updateId } of all) {
    owners.set(updateId, (owners.get(updateId) ?? new Set()).add(updaterId));
  }
  return ({ updaterId, updateId }) => {
    if (updateId === '') return updaterId;
    return (owners.get(updateId)?.size ?? 0) > 1 ? `${updateId} of ${updaterId}` : updateId;
  };
}
