// Commit and Revert: a staged tree becomes the installed version of an install root, and back.
//
//   staged tree ─copy, hash─▶ N-….partial ─rename─▶ N-… ─receipt─▶ swap ─▶ receipt done ─▶ prune
//
// Invariants:
//   I1. One change of a root at a time, on a root that is whole.
//   I2. The same run and root get the same receipt, at any time, also after a crash in between.
//   I3. The audit is told of every change, also where its run is not repeated (telling.fs.ts).
//       It is told within its run: whoever ends that waits for `settled`.
//   I4. Nothing is changed, or made whole, behind a way that somebody else can change (T9): asked each
//       time, since a receipt or a crash may be older than the rule, and a directory given away since.

import type { Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import { createTurns } from '../artifacts/turns.js';
import { fileFailure, HostError } from '../channel/host-failure.js';
import type { HostedRun } from '../channel/hosted-run.js';
import type { Trees } from '../trees/trees.loop.js';
import { commitNow, keptReceipt, revertNow, undoNow, type StagedChange } from './change.fs.js';
import { exchange as exchangeByCall, type Exchange } from './exchange.spawn.js';
import { openKnownRoots } from './known-roots.fs.js';
import { placeOf, type Place } from './layout.js';
import {
  forgetOldReceipts,
  forgetUndos,
  isReceiptId,
  lastUndo,
  loadReceipt,
  receiptId,
  saveReceipt,
  settleReceipts,
  toReceipt,
  type Receipt,
  type StoredReceipt,
} from './receipts.fs.js';
import { pruneVersions, recoverSwap, shownAt, shownPath, versionAt } from './swap.fs.js';
import { createTelling, type Installed, type TellChange } from './telling.fs.js';
import { UnderWay } from './under-way.loop.js';
import { requireOwnWay } from './way.fs.js';

/** A run of the host's own. */
export interface UndoingRun extends Pick<
  HostedRun,
  'runId' | 'epoch' | 'thawed' | 'pass' | 'over'
> {
  readonly limits: Pick<HostedRun['limits'], 'previousVersions'>;
  emit(event: Installed): void;
}

export interface Installer {
  /** @throws HostError. */
  commit(
    order: { readonly run: HostedRun; readonly root: string } & StagedChange,
  ): Promise<Receipt>;
  /** @throws HostError; NO_PREVIOUS where no version before is kept. */
  revert(order: { readonly run: HostedRun; readonly root: string }): Promise<Receipt>;
  /**
   * Takes a commit back, by its receipt; undefined where something else is shown by now. Asks no
   * updater. @throws HostError; NO_PREVIOUS where what was there before is not kept.
   */
  undo(order: {
    readonly run: UndoingRun;
    readonly receiptId: string;
    readonly path: string;
  }): Promise<Receipt | undefined>;
  /** Resolves when no change of this run is under way, or when that takes too long. */
  settled(runId: string, clock: Pick<Clock, 'after'>): Promise<void>;
  /** Repairs what a crash left at an install root's path. */
  recover(rootPath: string): Promise<void>;
  /** The same for every root that was ever changed. Call it at start, before anything runs. */
  recoverAll(): Promise<void>;
  /** Tells what was changed in any root while nobody heard of it (I3). Call it at start, after that. */
  tellUnheard(tell: TellChange): Promise<void>;
  /** The journal has this change. Never rejects. */
  heard(change: Pick<Installed, 'path' | 'receiptId'>): Promise<void>;
  /** The directory that the root's path shows now, without a link in it; undefined: nothing there. */
  resolve(rootPath: string): Promise<string | undefined>;
}

export function createInstaller({
  log,
  trees,
  exchange = exchangeByCall,
  rootsFile,
}: {
  readonly log: Log;
  readonly trees: Trees;
  readonly exchange?: Exchange;
  /** Where the paths of the roots that were changed are kept; absent: nowhere. */
  readonly rootsFile?: string;
}): Installer {
  const turns = createTurns();
  const known = openKnownRoots(rootsFile);
  const telling = createTelling();
  const underWay = new UnderWay(log);
  const means = { exchange, trees };

  /** Runs `change` on its root (I1). */
  async function alone<T extends StoredReceipt | undefined>(
    run: UndoingRun,
    place: Place,
    change: () => Promise<T>,
  ): Promise<T> {
    const settled = underWay.begin(run.runId);
    let done = (): void => undefined;
    try {
      done = await turns.take(place.path, run.over);
      await run.thawed();
      await requireOwnWay(place.path); // I4
      await known.note(place.path);
      await repair(place);
      const receipt = await change();
      if (receipt !== undefined) {
        telling.tell(receipt, (_run, event) => {
          run.emit(event);
        });
      }
      settled();
      await tidy(place, run.limits.previousVersions, receipt);
      return receipt;
    } catch (error) {
      if (run.over.aborted) throw new HostError('RUN_OVER', 'the run is over', { cause: error });
      throw fileFailure(error, 'APPLY_FAILED', `changing ${place.path}`);
    } finally {
      settled();
      done();
    }
  }

  async function repair(place: Place): Promise<void> {
    if (await recoverSwap(place)) await settle(place);
  }

  async function settle(place: Place): Promise<void> {
    await settleReceipts(place, await versionAt(place));
  }

  /** Does `act` on a root that is whole, where it has ever been Lull's (I1, I4). */
  async function onWhole(rootPath: string, act: (place: Place) => Promise<void>): Promise<void> {
    const place = placeOf(rootPath);
    const done = await turns.take(place.path, new AbortController().signal);
    try {
      await requireOwnWay(place.path);
      if (await recoverSwap(place)) await act(place);
    } finally {
      done();
    }
  }

  function recover(rootPath: string): Promise<void> {
    return onWhole(rootPath, async (place) => {
      // For the next change it has to be there. What is shown is whole without it.
      await settle(place).catch((error: unknown) => {
        log.warn({ err: error, root: place.path }, 'a receipt does not say yet that it is done');
      });
    });
  }

  /** One root that cannot be looked at keeps nobody from the others. */
  async function ofEachKnown(act: (path: string) => Promise<void>): Promise<void> {
    for (const path of known.paths) {
      await act(path).catch((error: unknown) => {
        log.error({ err: error, root: path }, 'an install root could not be looked at');
      });
    }
  }

  /**
   * What is left to do once it is shown: the receipt says so, and what is too much on the disk is removed.
   * That it could not be, for one on a full disk, is no failure of the change.
   */
  async function tidy(
    place: Place,
    previousVersions: number,
    receipt: StoredReceipt | undefined,
  ): Promise<void> {
    try {
      if (receipt?.done === false) {
        if (receipt.kind === 'commit') await forgetUndos(place);
        await saveReceipt(place, { ...receipt, done: true });
        await forgetOldReceipts(place, receipt.installed.receiptId);
      }
      await pruneVersions(place, previousVersions);
    } catch (error) {
      log.warn(
        { err: error, root: place.path },
        'what follows a change could not be done: it is done before the next',
      );
    }
  }

  return {
    commit: async ({ run, root, ...change }) => {
      const place = grantedPlace(run, root);
      const receipt = await alone(run, place, async () => {
        const kept = await keptReceipt('commit', run, place, means);
        return kept ?? (await commitNow(run, root, place, change, means));
      });
      return toReceipt(receipt);
    },
    revert: async ({ run, root }) => {
      const place = grantedPlace(run, root);
      const receipt = await alone(run, place, async () => {
        const kept = await keptReceipt('revert', run, place, means);
        // The host was there first: one version further back would be one too far.
        const undone = kept ?? (await lastUndo(place, await versionAt(place)));
        return undone ?? (await revertNow(run, root, place, means));
      });
      return toReceipt(receipt);
    },
    undo: async ({ run, receiptId: commitId, path }) => {
      const place = placeOf(path);
      const receipt = await alone(run, place, async () => {
        const kept = await loadReceipt(place, receiptId('undo', run.runId, place, commitId));
        if (kept?.done === true) return kept;
        const commit = isReceiptId(commitId) ? await loadReceipt(place, commitId) : undefined;
        if (commit?.kind === 'commit') return undoNow(run, commit, place, means);
        if ((await shownAt(place)).kind !== 'version') return undefined;
        throw new HostError('NO_PREVIOUS', `there is no receipt of what was committed to ${path}`);
      });
      return receipt === undefined ? undefined : toReceipt(receipt);
    },
    settled: (runId, clock) => underWay.settled(runId, clock),
    recover,
    recoverAll: () => ofEachKnown(recover),
    tellUnheard: (tell) =>
      ofEachKnown((path) => onWhole(path, (place) => telling.tellUnheard(place, tell))),
    heard: ({ path, receiptId: id }) =>
      onWhole(path, (place) => telling.heard(place, id)).catch((error: unknown) => {
        log.warn({ err: error, root: path }, 'a change is told again after the next start');
      }),
    resolve: async (rootPath) => {
      const place = placeOf(rootPath);
      const shown = await shownAt(place);
      return shown.kind === 'nothing' ? undefined : shownPath(place, shown);
    },
  };
}

function grantedPlace(run: HostedRun, root: string): Place {
  const granted = run.grants.installRoots.find(({ name }) => name === root);
  if (granted === undefined) {
    throw new HostError('GRANT_MISSING', 'the manifest declares no install root of this name');
  }
  return placeOf(granted.path);
}
