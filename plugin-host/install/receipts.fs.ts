// What was done to an install root, and for which run: durable, so that a repeated call is answered
// with the first receipt, also after a crash.
//
// Invariant:
//   R1. A receipt is on the disk before its version is swapped in, as `done: false`, and says
//       `done: true` before the next change. What a crash leaves in between can be told apart.

import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDurably } from '../../runtime/durable.fs.js';
import { errorCode } from '../channel/host-failure.js';
import type { HostEvent } from '../channel/hosted-run.js';
import type { Place } from './layout.js';

/** Runs repeat within hours; receipts of this many are more than enough. */
const KEPT_MAX = 64;

/** `undo`: a commit that the host itself took back. */
export type ReceiptKind = 'commit' | 'revert' | 'undo';

/** In place of a version: the root is not there. */
export const NOTHING = '';

export interface StoredReceipt {
  readonly kind: ReceiptKind;
  readonly runId: string;
  readonly version: string;
  /** What was shown before. Receipts of before there was an undo lack it. */
  readonly from?: string;
  readonly done: boolean;
  /** Of the grant that it was made under, until the journal has it (telling.fs.ts). Absent: it has. */
  readonly unheard?: { readonly epoch: number };
  /** What the audit is told. */
  readonly installed: Omit<Extract<HostEvent, { kind: 'installed' }>, 'kind'>;
}

/** What its updater is answered. */
export interface Receipt {
  readonly id: string;
  /** Name of the install root. */
  readonly root: string;
  readonly treeBeforeSha256: string;
  readonly treeAfterSha256: string;
  readonly fileCount: number;
  readonly sizeBytes: number;
}

export function toReceipt({ installed }: StoredReceipt): Receipt {
  const { receiptId: id, root, treeBeforeSha256, treeAfterSha256 } = installed;
  const { fileCount, sizeBytes } = installed;
  return { id, root, treeBeforeSha256, treeAfterSha256, fileCount, sizeBytes };
}

export function receiptId(
  kind: ReceiptKind,
  runId: string,
  place: Place,
  commitId?: string,
): string {
  const of = commitId === undefined ? '' : `\0${commitId}`;
  const whole = `${kind}\0${runId}\0${place.path}${of}`;
  return createHash('sha256').update(whole).digest('hex').slice(0, 32);
}

export function isReceiptId(text: string): boolean {
  return /^[0-9a-f]{32}$/.test(text);
}

export async function saveReceipt(place: Place, receipt: StoredReceipt): Promise<void> {
  await mkdir(place.receipts, { recursive: true, mode: 0o700 });
  await writeDurably(fileOf(place, receipt.installed.receiptId), JSON.stringify(receipt));
}

export async function loadReceipt(place: Place, id: string): Promise<StoredReceipt | undefined> {
  try {
    return JSON.parse(await readFile(fileOf(place, id), 'utf8')) as StoredReceipt;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Says `done` of every receipt whose version is the current one (R1). */
export async function settleReceipts(place: Place, current: string | undefined): Promise<void> {
  for (const receipt of await receiptsIn(place)) {
    if (receipt.done || receipt.version !== current) continue;
    await saveReceipt(place, { ...receipt, done: true });
  }
}

/** Another change begins: what a crash prevented before it is not made up for any more. */
export async function forgetPrevented(place: Place): Promise<void> {
  for (const { done, installed } of await receiptsIn(place)) {
    if (!done) await rm(fileOf(place, installed.receiptId), { force: true });
  }
}

/** The undo that has led to what is shown, if nothing was committed since. */
export async function lastUndo(
  place: Place,
  current: string | undefined,
): Promise<StoredReceipt | undefined> {
  const receipts = await receiptsIn(place);
  return receipts.find(({ kind, done, version }) => kind === 'undo' && done && version === current);
}

/** Something was committed: what a Revert goes back to is no matter of an undo any more. */
export async function forgetUndos(place: Place): Promise<void> {
  for (const { kind, installed } of await receiptsIn(place)) {
    if (kind === 'undo') await rm(fileOf(place, installed.receiptId), { force: true });
  }
}

export async function receiptsIn(place: Place): Promise<StoredReceipt[]> {
  const receipts: StoredReceipt[] = [];
  for (const id of await idsIn(place)) {
    const receipt = await loadReceipt(place, id);
    if (receipt !== undefined) receipts.push(receipt);
  }
  return receipts;
}

/**
 * Keeps the newest. What seems to be written after `latest`, which was written just now, was so before the
 * clock was set back.
 */
export async function forgetOldReceipts(place: Place, latest: string): Promise<void> {
  const ids = await idsIn(place);
  if (ids.length <= KEPT_MAX) return;
  const writtenAtMs = async (id: string) => (await stat(fileOf(place, id))).mtimeMs;
  const nowMs = await writtenAtMs(latest);
  const aged = await Promise.all(
    ids.map(async (id) => {
      const agoMs = nowMs - (await writtenAtMs(id));
      return { id, agoMs: agoMs < 0 ? Number.MAX_VALUE : agoMs };
    }),
  );
  aged.sort((a, b) => a.agoMs - b.agoMs);
  for (const { id } of aged.slice(KEPT_MAX)) await rm(fileOf(place, id), { force: true });
}

async function idsIn(place: Place): Promise<string[]> {
  try {
    const names = await readdir(place.receipts);
    return names.flatMap((name) => /^([0-9a-f]{32})\.json$/.exec(name)?.[1] ?? []);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

function fileOf(place: Place, id: string): string {
  return join(place.receipts, `${id}.json`);
}
