// One change of an install root: a new version from a staged tree, the version before, or what was there
// before one commit.
//
// Invariants:
//   B1. Until the swap, whatever fails leaves the root as it was.
//   B2. A receipt names the version that it is for: what a crash left half done is finished by the
//       same run's next call, and by nothing else; and by nobody once something else was begun since.
//   B3. Versions that are not shown, or before the shown one, are gone before a commit: what was
//       reverted, or never shown, can never be what a later Revert goes back to.
//   B4. An undo takes back the commit that it names, while that is what is shown; else it does nothing.
//   B5. From the swap on nothing fails: what is left to do then is install.fs.ts's, and is no part of
//       the change. Who would be told that it failed would leave a version that nobody knows of.

import { rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory } from '../../runtime/durable.fs.js';
import { errorWords, HostError } from '../channel/host-failure.js';
import type { HostedRun } from '../channel/hosted-run.js';
import { copyStaged } from './copy.fs.js';
import type { Exchange } from './exchange.spawn.js';
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
  forgetPrevented,
  loadReceipt,
  NOTHING,
  receiptId,
  saveReceipt,
  type ReceiptKind,
  type StoredReceipt,
} from './receipts.fs.js';
import { removeTree } from './remove-tree.spawn.js';
import { inSlices } from './slices.loop.js';
import {
  prepareVersions,
  pruneVersions,
  show,
  showNothing,
  shownAt,
  shownPath,
  versionsOf,
  type Shown,
} from './swap.fs.js';
import { comparison, type TreeEntry } from './tree.js';
import { openBelow } from './walk.fs.js';

/** What a change needs of the run that makes it. */
export type Changing = Pick<HostedRun, 'runId' | 'epoch' | 'thawed'>;

/** @throws HostError; whatever it is, the root is as it was (B1). */
export async function commitNow(
  run: HostedRun,
  root: string,
  place: Place,
  segments: readonly string[],
  exchange: Exchange,
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
    await removeTree(partial); // B1
    throw error;
  } finally {
    await staged.close();
  }
  return swapTo('commit', version, { run, root, place, exchange, shown, before, after });
}

/** @throws HostError NO_PREVIOUS where no version before is kept. */
export async function revertNow(
  run: HostedRun,
  root: string,
  place: Place,
  exchange: Exchange,
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
  return swapTo('revert', version, { run, root, place, exchange, shown, before, after });
}

/**
 * Takes back a commit (B4). @returns undefined where something else is shown by now.
 * @throws HostError NO_PREVIOUS where what was there before is not kept.
 */
export async function undoNow(
  run: Changing,
  commit: StoredReceipt,
  place: Place,
  exchange: Exchange,
): Promise<StoredReceipt | undefined> {
  const { root, receiptId: commitId } = commit.installed;
  const shown = await shownAt(place);
  if (shown.kind !== 'version' || shown.version !== commit.version) return undefined;
  const versions = await versionsOf(place);
  const version = commit.from ?? versionBefore(versions, shown.version);
  if (version === undefined || (version !== NOTHING && !versions.includes(version))) {
    throw new HostError('NO_PREVIOUS', `what was there before is not kept of ${place.path}`);
  }
  const before = await listShown(place, shown, run);
  const after =
    version === NOTHING
      ? []
      : await listInstalled(join(place.versions, version), () => run.thawed());
  await run.thawed();
  return swapTo('undo', version, { run, root, place, exchange, shown, before, after, commitId });
}

async function swapTo(
  kind: ReceiptKind,
  version: string,
  change: {
    readonly run: Changing;
    readonly root: string;
    readonly place: Place;
    readonly exchange: Exchange;
    readonly shown: Shown;
    readonly before: readonly TreeEntry[];
    readonly after: readonly TreeEntry[];
    /** The commit that is taken back. */
    readonly commitId?: string;
  },
): Promise<StoredReceipt> {
  const { run, root, place, exchange, shown, before, after, commitId } = change;
  const receipt: StoredReceipt = {
    kind,
    runId: run.runId,
    version,
    from: versionShown(shown),
    done: false,
    unheard: { epoch: run.epoch },
    installed: {
      receiptId: receiptId(kind, run.runId, place, commitId),
      root,
      path: place.path,
      ...(await inSlices(comparison(before, after), () => run.thawed())),
      reverted: kind !== 'commit',
    },
  };
  await forgetPrevented(place); // B2
  await saveReceipt(place, receipt);
  return finish(place, receipt, exchange);
}

/** @returns the receipt, which does not say yet that it is done (B5). */
async function finish(
  place: Place,
  receipt: StoredReceipt,
  exchange: Exchange,
): Promise<StoredReceipt> {
  if (receipt.version === NOTHING) await showNothing(place);
  else await show(place, receipt.version, exchange);
  return receipt;
}

/** B2: the first receipt, where there is one; a swap that a crash prevented is made up for. */
export async function keptReceipt(
  kind: 'commit' | 'revert',
  run: HostedRun,
  place: Place,
  exchange: Exchange,
): Promise<StoredReceipt | undefined> {
  const receipt = await loadReceipt(place, receiptId(kind, run.runId, place));
  if (receipt === undefined || receipt.done) return receipt;
  const isThere = (await versionsOf(place)).includes(receipt.version);
  // Without its version it never was shown: as if it had not been.
  return isThere ? finish(place, receipt, exchange) : undefined;
}

/** Files of an adopted version may be open for writing anywhere: they are never used again. */
function reusable(place: Place, shown: Shown, entries: readonly TreeEntry[]) {
  if (shown.kind !== 'version' || shown.version === ADOPTED) return undefined;
  return { path: join(place.versions, shown.version), entries };
}

/** As a receipt names it. */
function versionShown(shown: Shown): string {
  switch (shown.kind) {
    case 'nothing':
      return NOTHING;
    case 'directory':
      return ADOPTED;
    case 'version':
      return shown.version;
  }
}

function listShown(place: Place, shown: Shown, run: Changing): Promise<readonly TreeEntry[]> {
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
