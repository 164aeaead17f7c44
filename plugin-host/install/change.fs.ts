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
import { HostError } from '../channel/host-failure.js';
import type { HostedRun } from '../channel/hosted-run.js';
import type { ReplaceOrder } from '../trees/replace.fs.js';
import type { Comparison } from '../trees/tree.js';
import type { Trees } from '../trees/trees.loop.js';
import type { Exchange } from './exchange.spawn.js';
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

/** What a change needs of the run that makes it. */
export type Changing = Pick<HostedRun, 'runId' | 'epoch' | 'thawed' | 'pass'>;

/** What an updater asks to be committed. */
export interface StagedChange {
  /** Relative to the work directory. */
  readonly stagedPath: string;
  /** What of the root it replaces; absent or empty: all of it. */
  readonly replacedPaths?: readonly string[];
}

/** What changes are made with. */
export interface Means {
  readonly exchange: Exchange;
  readonly trees: Trees;
}

/** @throws HostError; whatever it is, the root is as it was (B1). */
export async function commitNow(
  run: HostedRun,
  root: string,
  place: Place,
  { stagedPath, replacedPaths = [] }: StagedChange,
  means: Means,
): Promise<StoredReceipt> {
  await prepareVersions(place);
  await pruneVersions(place, run.limits.previousVersions); // B3
  const shown = await shownAt(place);
  const isThere = shown.kind !== 'nothing';
  const { uid, gid, mode } = await stat(isThere ? place.path : place.parent);
  const version = versionName(nextNumber(await versionsOf(place)), run.runId);
  const partial = join(place.versions, `${version}${PARTIAL_SUFFIX}`);
  const order: ReplaceOrder = {
    ...(isThere ? { shown: { path: shownPath(place, shown), isOurs: isOurs(shown) } } : {}),
    staged: { workDir: run.workDir, path: stagedPath },
    replacedPaths,
    into: partial,
    owner: { uid, gid },
    topMode: isThere ? mode & 0o755 : 0o755,
    ...{ uid: run.uid, bytesMax: run.limits.diskBytesMax },
  };
  let found: Comparison;
  try {
    found = await means.trees.carryOut('replace', order, run.pass);
    await run.thawed();
    await rename(partial, join(place.versions, version));
    await syncDirectory(place.versions);
  } catch (error) {
    await removeTree(partial); // B1
    throw error;
  }
  return swapTo('commit', version, { run, root, place, means, shown, found });
}

/** @throws HostError NO_PREVIOUS where no version before is kept. */
export async function revertNow(
  run: HostedRun,
  root: string,
  place: Place,
  means: Means,
): Promise<StoredReceipt> {
  const shown = await shownAt(place);
  const version =
    shown.kind === 'version' ? versionBefore(await versionsOf(place), shown.version) : undefined;
  if (version === undefined) {
    throw new HostError('NO_PREVIOUS', `no version before is kept of ${place.path}`);
  }
  const found = await compareWith(version, shown, { run, place, means });
  return swapTo('revert', version, { run, root, place, means, shown, found });
}

/**
 * Takes back a commit (B4). @returns undefined where something else is shown by now.
 * @throws HostError NO_PREVIOUS where what was there before is not kept.
 */
export async function undoNow(
  run: Changing,
  commit: StoredReceipt,
  place: Place,
  means: Means,
): Promise<StoredReceipt | undefined> {
  const { root, receiptId: commitId } = commit.installed;
  const shown = await shownAt(place);
  if (shown.kind !== 'version' || shown.version !== commit.version) return undefined;
  const versions = await versionsOf(place);
  const version = commit.from ?? versionBefore(versions, shown.version);
  if (version === undefined || (version !== NOTHING && !versions.includes(version))) {
    throw new HostError('NO_PREVIOUS', `what was there before is not kept of ${place.path}`);
  }
  const found = await compareWith(version, shown, { run, place, means });
  return swapTo('undo', version, { run, root, place, means, shown, found, commitId });
}

/** What is shown, with a version that is kept. */
async function compareWith(
  version: string,
  shown: Shown,
  { run, place, means }: { readonly run: Changing; readonly place: Place; readonly means: Means },
): Promise<Comparison> {
  const order = {
    ...(shown.kind === 'nothing' ? {} : { before: shownPath(place, shown) }),
    ...(version === NOTHING ? {} : { after: join(place.versions, version) }),
  };
  const found = await means.trees.carryOut('compare', order, run.pass);
  await run.thawed();
  return found;
}

async function swapTo(
  kind: ReceiptKind,
  version: string,
  change: {
    readonly run: Changing;
    readonly root: string;
    readonly place: Place;
    readonly means: Means;
    readonly shown: Shown;
    readonly found: Comparison;
    /** The commit that is taken back. */
    readonly commitId?: string;
  },
): Promise<StoredReceipt> {
  const { run, root, place, means, shown, found, commitId } = change;
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
      ...found,
      reverted: kind !== 'commit',
    },
  };
  await forgetPrevented(place); // B2
  await saveReceipt(place, receipt);
  return finish(place, receipt, means);
}

/** @returns the receipt, which does not say yet that it is done (B5). */
async function finish(
  place: Place,
  receipt: StoredReceipt,
  { exchange }: Means,
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
  means: Means,
): Promise<StoredReceipt | undefined> {
  const receipt = await loadReceipt(place, receiptId(kind, run.runId, place));
  if (receipt === undefined || receipt.done) return receipt;
  const isThere = (await versionsOf(place)).includes(receipt.version);
  // Without its version it never was shown: as if it had not been.
  return isThere ? finish(place, receipt, means) : undefined;
}

/** Whether nobody else can write its files: those of an adopted version may be open for writing anywhere. */
function isOurs(shown: Shown): boolean {
  return shown.kind === 'version' && shown.version !== ADOPTED;
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
