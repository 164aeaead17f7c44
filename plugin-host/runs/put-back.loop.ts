// Putting back what an update installed and what does not work. The host does it by its own receipts:
// nothing is launched, and nobody is asked.

import { errorWords, HostError } from '../channel/host-failure.js';
import type { Installer } from '../install/install.fs.js';
import { failed, type Outcome, type RunEvent } from './event.js';
import type { Grant, RevertedRoot } from './grant.js';
import type { Pauses } from './pauses.loop.js';

/** Newest first: of a root that was committed twice each is put back in turn. */
export async function putBack(
  { grant, roots }: { readonly grant: Grant; readonly roots: readonly RevertedRoot[] },
  installer: Installer,
  {
    pauses,
    over,
    emit,
  }: {
    readonly pauses: Pick<Pauses, 'thawed' | 'pass'>;
    readonly over: AbortSignal;
    readonly emit: (event: RunEvent) => void;
  },
): Promise<Outcome> {
  emit({ kind: 'started', sandboxSha256: '', argv: [] });
  const run = {
    runId: grant.runId,
    epoch: grant.epoch,
    limits: grant.limits,
    thawed: () => pauses.thawed(),
    pass: pauses.pass,
    over,
    emit,
  };
  const problems: { readonly message: string; readonly isFinal: boolean }[] = [];
  for (const root of [...roots].reverse()) {
    try {
      await installer.undo({ run, ...root });
    } catch (error) {
      if (over.aborted) throw error;
      const isFinal = error instanceof HostError && error.code === 'NO_PREVIOUS';
      problems.push({ message: `${root.path}: ${errorWords(error)}`, isFinal });
    }
  }
  if (problems.length === 0) return { kind: 'succeeded' };
  const message = problems.map((problem) => problem.message).join('; ');
  return failed('APPLY_FAILED', message, !problems.some(({ isFinal }) => isFinal));
}
