// What a run of a simulated host comes to: it does what it is for, fails, dies, or lies.

import type { Fact } from '../../orchestrator/journal/fact.js';
import type { LinkEvent } from '../../orchestrator/link/event.wire.js';
import type { Outcome } from '../../orchestrator/runs/run.js';
import type { Chance } from '../../orchestrator/simulation/seeded.js';
import type { HostRun } from './host-run.js';
import { receiptOf, type Software } from './software.js';
import type { Finding, Truth } from './truth.js';

export interface HostFaults {
  /** Runs may fail, crash and lie. */
  on: boolean;
}

export class Fates {
  constructor(
    private readonly deps: {
      readonly chance: Chance;
      readonly software: Software;
      readonly faults: HostFaults;
      readonly truth: Truth;
    },
    private readonly tell: (run: HostRun, body: LinkEvent['body']) => void,
  ) {}

  of(run: HostRun): Outcome {
    const { chance, faults, software } = this.deps;
    if (run.receipts !== undefined) return this.revert(run, run.receipts);
    const fate = faults.on ? chance.below(20) : 19;
    if (fate === 0)
      return { kind: 'failed', code: 'UPDATER_CRASHED', message: 'it died', retry: true };
    if (fate === 1) return { kind: 'failed', code: 'UPSTREAM_DOWN', message: 'gone', retry: true };
    if (run.update === undefined) return this.scan(run, fate === 2);
    if (fate === 4)
      return { kind: 'failed', code: 'LOCK_HELD', message: 'dpkg is at work', retry: true };
    if (fate === 3) return { kind: 'succeeded' }; // A lie: nothing was done.
    const next = software.perform(run.updaterId, run.update.id, run.update.nextAction);
    if (next === 'gone') return { kind: 'gone' };
    if (next === 'broken')
      return { kind: 'failed', code: 'VERIFY_FAILED', message: 'it does not start', retry: false };
    if (run.update.nextAction === 'install') {
      const receiptId = receiptOf({ updaterId: run.updaterId, update: run.update });
      this.tell(run, { kind: 'fact', fact: installed(run.runId, receiptId, false) });
    }
    return next === 'done' ? { kind: 'succeeded' } : { kind: 'more_to_do', nextAction: next };
  }

  /** @param lies one update is told of twice. */
  private scan(run: HostRun, lies: boolean): Outcome {
    const pending = this.deps.software.pending(run.updaterId);
    for (const update of pending) {
      for (const received of lies ? [update, update] : [update]) {
        this.tell(run, { kind: 'found', received: { kind: 'ok', update: received } });
      }
    }
    const ids = pending.map(({ id }) => id);
    const finding: Finding = lies && pending.length > 0 ? { kind: 'lie' } : { kind: 'found', ids };
    this.deps.truth.scanned(run.runId, run.epoch, finding);
    return { kind: 'succeeded' };
  }

  /** The host itself does it, and its disk may be full. */
  private revert(run: HostRun, receipts: readonly string[]): Outcome {
    const { chance, faults, software } = this.deps;
    if (faults.on && chance.below(20) === 0)
      return { kind: 'failed', code: 'NO_SPACE', message: 'no room', retry: true };
    for (const receiptId of receipts) {
      software.putBack(receiptId);
      this.tell(run, { kind: 'fact', fact: installed(run.runId, receiptId, true) });
    }
    return { kind: 'succeeded' };
  }
}

function installed(runId: string, receiptId: string, reverted: boolean): Fact {
  return {
    ...{ kind: 'content.installed', runId, receiptId, reverted, root: 'apps', path: receiptId },
    ...{ treeBeforeSha256: '', treeAfterSha256: reverted ? '' : receiptId, changes: [] },
    ...{ fileCount: 1, sizeBytes: 1, truncated: false },
  };
}
