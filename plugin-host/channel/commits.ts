// Which change a run asked to be committed to each root: a staged tree, and what it replaces. The receipt of a commit is for its run and
// root, whatever tree is named: a new launch stages anew, perhaps elsewhere, what an attempt before it had
// committed already. Within one launch another tree is another request: to answer it with the receipt of
// the first would say that something is installed which is not.

import { HostError } from './host-failure.js';

interface Commits {
  /** @throws HostError ALREADY_COMMITTED where `run` has committed another tree there; else what `commit` does. */
  one<T>(run: object, root: string, change: object, commit: () => Promise<T>): Promise<T>;
}

export function commitsOfLaunch(): Commits {
  const asked = new WeakMap<object, Map<string, string>>();
  return {
    one: async (run, root, change, commit) => {
      const wanted = JSON.stringify(change);
      const mine = asked.get(run) ?? new Map<string, string>();
      asked.set(run, mine);
      const before = mine.get(root);
      if (before !== undefined && before !== wanted) {
        const message =
          'this run has committed another tree to this root: a run commits a root once';
        throw new HostError('ALREADY_COMMITTED', message);
      }
      mine.set(root, wanted);
      try {
        return await commit();
      } catch (error) {
        // What was refused may be staged anew, also elsewhere.
        if (before === undefined) mine.delete(root);
        throw error;
      }
    },
  };
}
