// A disk with the journal on it, in memory: slow at times, full at times, and torn by a crash.

import type { Head, StoredEntry } from '../../orchestrator/journal/chain.js';
import { genesis } from '../../orchestrator/journal/chain.js';
import { JournalError, type Journal } from '../../orchestrator/journal/journal.js';
import type { Chance } from '../../orchestrator/simulation/seeded.js';
import type { Lifetime, VirtualTime } from './virtual-time.js';

const SYNC_MS = 4;
const SLOW_SYNC_MS = 1_500;

export class Disk {
  readonly entries: StoredEntry[] = [];
  /** Whether it may be slow or full. */
  faults = true;
  private writing: readonly StoredEntry[] | undefined;

  constructor(
    private readonly time: VirtualTime,
    private readonly chance: Chance,
  ) {}

  /** The journal as a process opens it. */
  open(lifetime: Lifetime): Journal {
    return {
      append: (entries) => this.append(entries, lifetime),
      read: (fromSequence, count) =>
        Promise.resolve(this.entries.slice(fromSequence - 1, fromSequence - 1 + count)),
      head: () => Promise.resolve(this.head()),
      close: () => Promise.resolve(),
    };
  }

  /** Whoever was writing is gone; what was on its way is there as a whole, or not at all. */
  crash(): void {
    if (this.writing !== undefined && this.chance.below(2) === 0)
      this.entries.push(...this.writing);
    this.writing = undefined;
  }

  private head(): Head {
    const last = this.entries.at(-1);
    return last === undefined ? genesis : { sequence: last.sequence, hash: last.hash };
  }

  private append(entries: readonly StoredEntry[], lifetime: Lifetime): Promise<void> {
    const full = this.faults && this.chance.below(300) === 0;
    const slow = this.faults && this.chance.below(40) === 0;
    const syncMs = this.chance.waiting(slow ? SLOW_SYNC_MS : SYNC_MS);
    if (!full) this.writing = entries;
    return new Promise((resolve, reject) => {
      this.time.after(syncMs, lifetime, () => {
        if (full) {
          reject(new JournalError('NO_SPACE', 'the disk is full'));
          return;
        }
        this.writing = undefined;
        const sequence = entries[0]?.sequence;
        if (sequence !== undefined && sequence !== this.entries.length + 1) {
          reject(new JournalError('SEQUENCE_TAKEN', 'somebody else wrote'));
          return;
        }
        this.entries.push(...entries);
        resolve();
      });
    });
  }
}
