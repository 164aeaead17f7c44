// One change of an install root: a new version from a staged tree, or the version before.
//
// Invariants:
//   B1. Until the swap, whatever fails leaves the root as it was.
//   B2. A receipt names the version that it is for: what a crash left half done is finished by the
//       same run's next call, and by nothing else.
//   B3. Versions that are not shown, or before the shown one, are gone before a commit: what was
//       reverted, or never shown, can never be what a later Revert goes back to.

import { rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory } from '../artifacts/durable.fs.js';
import { errorWords, HostError } from '../channel/host-failure.js';
import type { HostedRun } from '../channel/hosted-run.js';
import { copyStaged } from './copy.fs.js';
import { listInstalled } from './installed.fs.js';
import {
  ADOPTED,
  nextNumber,
  PARTIAL_SUFFIX,
  versionBefore,
  versionName,
  type Place,
} from './layout.js';
import {
  loadReceipt,
  receiptId,
  saveReceipt,
  type ReceiptKind,
  type StoredReceipt,
} from './receipts.fs.js';
import {
  prepareVersions,
  pruneVersions,
  show,
  shownAt,
  shownPath,
  versionsOf,
  type Shown,
} from './swap.fs.js';
import { changesBetween, summarize, type TreeEntry } from './tree.js';
import { openBelow } from './walk.fs.js';

/** As the link states it. */
const CHANGES_MAX = 1_000;

/** @throws HostError; whatever it is, the root is as it was (B1). */
export async function commitNow(
  run: HostedRun,
  root: string,
  place: Place,
  segments: readonly string[],
): Promise<StoredReceipt> {
  await prepareVersions(place);
  await pruneVersions(place, run.limits.previousVersions); // B3
  const shown = await shownAt(place);
  const before = await listShown(place, shown, run);
  const owner = await stat(shown.kind === 'nothing' ? place.parent : place.path);
  const version = versionName(nextNumber(await versionsOf(place)), run.runId);
  const partial = join(place.versions, `${version}${PARTIAL_SUFFIX}`);
  const staged = await openStaged(run.workDir, segments);
  let after: readonly TreeEntry[];
  try {
    after = await copyStaged({
      run,
      staged,
      into: partial,
      owner: { uid: owner.uid, gid: owner.gid },
      topMode: shown.kind === 'nothing' ? 0o755 : owner.mode & 0o755,
      same: reusable(place, shown, before),
    });
    await run.thawed();
    await rename(partial, join(place.versions, version));
    await syncDirectory(place.versions);
  } catch (error) {
    await rm(partial, { recursive: true, force: true }); // B1
    throw error;
  } finally {
    await staged.close();
  }
  return swapTo('commit', version, { run, root, place, before, after });
}

/** @throws HostError NO_PREVIOUS where no version before is kept. */
export async function revertNow(
  run: HostedRun,
  root: string,
  place: Place,
): Promise<StoredReceipt> {
  const shown = await shownAt(place);
  const version =
    shown.kind === 'version' ? versionBefore(await versionsOf(place), shown.version) : undefined;
  if (version === undefined) {
    throw new HostError('NO_PREVIOUS', `no version before is kept of ${place.path}`);
  }
  const before = await listShown(place, shown, run);
  const after = await listInstalled(join(place.versions, version), () => run.thawed());
  await run.thawed();
  return swapTo('revert', version, { run, root, place, before, after });
}

async function swapTo(
  kind: ReceiptKind,
  version: string,
  change: {
    readonly run: HostedRun;
    readonly root: string;
    readonly place: Place;
    readonly before: readonly TreeEntry[];
    readonly after: readonly TreeEntry[];
  },
): Promise<StoredReceipt> {
  const { run, root, place, before, after } = change;
  const summary = summarize(after);
  const receipt: StoredReceipt = {
    kind,
    runId: run.runId,
    version,
    done: false,
    installed: {
      receiptId: receiptId(kind, run.runId, place),
      root,
      path: place.path,
      treeBeforeSha256: summarize(before).sha256,
      treeAfterSha256: summary.sha256,
      fileCount: summary.fileCount,
      sizeBytes: summary.sizeBytes,
      ...changesBetween(before, after, CHANGES_MAX),
      reverted: kind === 'revert',
    },
  };
  await saveReceipt(place, receipt);
  return finish(place, receipt);
}

async function finish(place: Place, receipt: StoredReceipt): Promise<StoredReceipt> {
  await show(place, receipt.version);
  const done = { ...receipt, done: true };
  await saveReceipt(place, done);
  return done;
}

/** B2: the first receipt, where there is one; a swap that a crash prevented is made up for. */
export async function keptReceipt(
  kind: ReceiptKind,
  run: HostedRun,
  place: Place,
): Promise<StoredReceipt | undefined> {
  const receipt = await loadReceipt(place, receiptId(kind, run.runId, place));
  if (receipt === undefined || receipt.done) return receipt;
  const isThere = (await versionsOf(place)).includes(receipt.version);
  // Without its version it never was shown: as if it had not been.
  return isThere ? finish(place, receipt) : undefined;
}

/** Files of an adopted version may be open for writing anywhere: they are never used again. */
function reusable(place: Place, shown: Shown, entries: readonly TreeEntry[]) {
  if (shown.kind !== 'version' || shown.version === ADOPTED) return undefined;
  return { path: join(place.versions, shown.version), entries };
}

function listShown(place: Place, shown: Shown, run: HostedRun): Promise<readonly TreeEntry[]> {
  if (shown.kind === 'nothing') return Promise.resolve([]);
  return listInstalled(shownPath(place, shown), () => run.thawed());
}

async function openStaged(workDir: string, segments: readonly string[]) {
  try {
    return await openBelow(workDir, segments);
  } catch (error) {
    throw new HostError(
      'FIELD_INVALID',
      `staged_path is not a directory in the work directory: ${errorWords(error)}`,
      { cause: error },
    );
  }
}
