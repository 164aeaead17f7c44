// Telling the audit what was changed in install roots, until the journal has it.
//
// Invariants:
//   T1. A change is told until it is known to be in the journal: its receipt says on the disk for as long
//       that nobody has heard of it, whatever ends the run, its updater or the host meanwhile.
//   T2. Each process tells it once: at the next call of its run, or at its own start.
//   T3. Of what a crash prevented nothing is told: such a receipt is not done.

import type { HostEvent } from '../channel/hosted-run.js';
import type { Place } from './layout.js';
import { loadReceipt, receiptsIn, saveReceipt, type StoredReceipt } from './receipts.fs.js';

/** Receipts that this process has told of; the oldest are forgotten. */
const TOLD_MAX = 1_024;

export type Installed = Extract<HostEvent, { kind: 'installed' }>;
export type TellChange = (run: { runId: string; epoch: number }, change: Installed) => void;

export interface Telling {
  /** Told unless it was (T2). */
  tell(receipt: StoredReceipt, tell: TellChange): void;
  /** All that the journal may not have of a root that is whole. */
  tellUnheard(place: Place, tell: TellChange): Promise<void>;
  /** The journal has it. */
  heard(place: Place, receiptId: string): Promise<void>;
}

export function createTelling(): Telling {
  const told = new Set<string>();

  function tell({ runId, unheard, installed }: StoredReceipt, how: TellChange): void {
    if (unheard === undefined || told.has(installed.receiptId)) return;
    const oldest = told.size < TOLD_MAX ? undefined : told.values().next().value;
    if (oldest !== undefined) told.delete(oldest);
    told.add(installed.receiptId);
    how({ runId, epoch: unheard.epoch }, { kind: 'installed', ...installed });
  }

  return {
    tell,
    tellUnheard: async (place, how) => {
      for (const receipt of await receiptsIn(place)) if (receipt.done) tell(receipt, how); // T3
    },
    heard: async (place, receiptId) => {
      const receipt = await loadReceipt(place, receiptId);
      if (receipt?.unheard !== undefined) await saveReceipt(place, asHeard(receipt));
    },
  };
}

function asHeard({ unheard: _before, ...receipt }: StoredReceipt): StoredReceipt {
  return receipt;
}
