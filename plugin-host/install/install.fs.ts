// Commit and Revert: a staged tree becomes the installed version of an install root, and back.
//
//   staged tree ─copy, hash─▶ N-….partial ─rename─▶ N-… ─receipt─▶ swap ─▶ receipt done ─▶ prune
//
// Invariants:
//   I1. One change of a root at a time, on a root that is whole.
//   I2. The same run and root get the same receipt, at any time, also after a crash in between.
//   I3. The audit is told of every change at least once: again after a crash, never twice by one
//       process.

import type { Log } from '../../runtime/log.js';
import { createTurns } from '../artifacts/turns.js';
import { fileFailure, HostError } from '../channel/host-failure.js';
import type { HostedRun } from '../channel/hosted-run.js';
import { commitNow, keptReceipt, revertNow } from './change.fs.js';
import { placeOf, type Place } from './layout.js';
import { forgetOldReceipts, settleReceipts, type StoredReceipt } from './receipts.fs.js';
import { plainSegments } from './staged-rules.js';
import { pruneVersions, recoverSwap, shownAt, shownPath } from './swap.fs.js';

/** Receipts that this process has told the audit of; the oldest are forgotten. */
const TOLD_MAX = 1_024;

export interface Receipt {
  readonly id: string;
  /** Name of the install root. */
  readonly root: string;
  readonly treeBeforeSha256: string;
  readonly treeAfterSha256: string;
  readonly fileCount: number;
  readonly sizeBytes: number;
}

export interface Installer {
  /** @throws HostError. */
  commit(order: {
    readonly run: HostedRun;
    readonly root: string;
    readonly stagedPath: string;
  }): Promise<Receipt>;
  /** @throws HostError; NO_PREVIOUS where no version before is kept. */
  revert(order: { readonly run: HostedRun; readonly root: string }): Promise<Receipt>;
  /** Repairs what a crash left at an install root's path. Call it at start, for every known root. */
  recover(rootPath: string): Promise<void>;
  /** The directory that the root's path shows now, without a link in it; undefined: nothing there. */
  resolve(rootPath: string): Promise<string | undefined>;
}

export function createInstaller({ log }: { readonly log: Log }): Installer {
  const turns = createTurns();

  const told = new Set<string>();

  /** Runs `change` on its root (I1). */
  async function alone(
    { run, root }: { run: HostedRun; root: string },
    change: (place: Place) => Promise<StoredReceipt>,
  ): Promise<Receipt> {
    const place = grantedPlace(run, root);
    const done = await turns.take(place.path, run.over);
    try {
      await run.thawed();
      await repair(place);
      const receipt = await change(place);
      await tidy(place, run.limits.previousVersions);
      tell(run, receipt);
      return toReceipt(receipt);
    } catch (error) {
      if (run.over.aborted) throw new HostError('RUN_OVER', 'the run is over', { cause: error });
      throw fileFailure(error, 'APPLY_FAILED', `changing ${place.path}`);
    } finally {
      done();
    }
  }

  /** I3. */
  function tell(run: HostedRun, { installed }: StoredReceipt): void {
    if (told.has(installed.receiptId)) return;
    const oldest = told.size < TOLD_MAX ? undefined : told.values().next().value;
    if (oldest !== undefined) told.delete(oldest);
    told.add(installed.receiptId);
    run.emit({ kind: 'installed', ...installed });
  }

  async function repair(place: Place): Promise<void> {
    if (!(await recoverSwap(place))) return;
    const shown = await shownAt(place);
    await settleReceipts(place, shown.kind === 'version' ? shown.version : undefined);
  }

  /** What is too much on the disk is removed; that it could not be is no failure of the change. */
  async function tidy(place: Place, previousVersions: number): Promise<void> {
    try {
      await pruneVersions(place, previousVersions);
      await forgetOldReceipts(place);
    } catch (error) {
      log.warn({ err: error, root: place.path }, 'old versions could not be removed');
    }
  }

  return {
    commit: (order) =>
      alone(order, async (place) => {
        const segments = plainSegments(order.stagedPath);
        if (segments === undefined) throw invalid('staged_path is not a plain relative path');
        const kept = await keptReceipt('commit', order.run, place);
        if (kept !== undefined) return kept;
        return commitNow(order.run, order.root, place, segments);
      }),
    revert: (order) =>
      alone(order, async (place) => {
        const kept = await keptReceipt('revert', order.run, place);
        return kept ?? (await revertNow(order.run, order.root, place));
      }),
    recover: async (rootPath) => {
      const place = placeOf(rootPath);
      const done = await turns.take(place.path, new AbortController().signal);
      try {
        await repair(place);
      } finally {
        done();
      }
    },
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

function toReceipt({ installed }: StoredReceipt): Receipt {
  const {
    receiptId: id,
    root,
    treeBeforeSha256,
    treeAfterSha256,
    fileCount,
    sizeBytes,
  } = installed;
  return { id, root, treeBeforeSha256, treeAfterSha256, fileCount, sizeBytes };
}

function invalid(words: string): HostError {
  return new HostError('FIELD_INVALID', words);
}
