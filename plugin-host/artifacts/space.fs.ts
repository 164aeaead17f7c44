// Room for downloads: on the disk, and in their updater's share of the store. Where there is none, what
// nobody needs any more gives way: of the updater's own beginnings, then of everybody's.
//
// Invariant: E1. What a run has that is not over is never let go of (uses.ts).

import { formatBytes } from '../../conditions/words.js';
import type { Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import { HostError } from '../channel/host-failure.js';
import type { HostedRun } from '../channel/hosted-run.js';
import { forgetOldest, forgetOne, sweepBegun } from './begun.fs.js';
import type { PartialFile } from './partial.fs.js';
import { Room } from './room.js';
import { Shares } from './shares.fs.js';
import { sweep } from './sweep.fs.js';
import type { Uses } from './uses.js';

export interface SpaceDeps {
  /** Of the store. */
  readonly dir: string;
  /** Where downloads lie that are not whole. */
  readonly begunDir: string;
  readonly uses: Uses;
  readonly log: Log;
  readonly clock: Clock;
  /** Every directory that content was ever shown in. */
  readonly shownIn: () => readonly string[];
  /** Of the store, for each updater. */
  readonly shareBytesMin?: number;
}

/** A download is called by the name of what was begun of it. */
export class Space {
  private readonly room = new Room();
  private readonly shares: Shares;

  constructor(private readonly deps: SpaceDeps) {
    this.shares = new Shares(deps.begunDir, deps.shareBytesMin);
  }

  /** Lets go of what nobody uses, and of more where `neededBytes` are not free. */
  async tidy(neededBytes = 0): Promise<void> {
    const { dir, begunDir, uses, log, clock, shownIn } = this.deps;
    const options = { uses, shownIn: shownIn(), neededBytes, nowMs: clock.now().wallMs };
    const gone = await sweep(dir, options);
    const begun = await sweepBegun(begunDir, options);
    if (gone.length + begun.length > 0) log.info({ gone, begun }, 'let go of what nobody uses');
  }

  /** Makes place for the beginning of one more download of this updater. */
  async beginOne({ uid }: HostedRun): Promise<void> {
    await forgetOldest(this.deps.begunDir, uid, this.deps.uses);
  }

  /**
   * Speaks for `bytes` more than are in the partial file.
   * @returns false when the disk has no room for them.
   * @throws HostError NO_SPACE where its updater's share has none.
   */
  async reserve(
    name: string,
    run: HostedRun,
    partial: PartialFile,
    bytes: number,
  ): Promise<boolean> {
    const { begunDir, uses, clock } = this.deps;
    const all = partial.sizeBytes + bytes;
    while (!(await this.shares.reserve(run, name, all, clock.now().wallMs))) {
      if (await forgetOne(begunDir, run.uid, uses)) continue;
      const share = formatBytes(this.shares.bytesOf(run));
      const words = `with ${formatBytes(all)} more it would be above the ${share} that are kept for one updater within a day`;
      throw new HostError('NO_SPACE', words);
    }
    if (this.room.reserve(name, bytes, await partial.spareBytes())) return true;
    await this.tidy(bytes);
    return this.room.reserve(name, bytes, await partial.spareBytes());
  }

  /** So much of it has been written. */
  used(name: string, bytes: number): void {
    this.room.used(name, bytes);
  }

  /** It is whole, or was given up: the disk itself knows how much of it there is. */
  written(name: string): void {
    this.room.release(name);
  }

  /** It was downloaded, and is kept. */
  took(run: HostedRun, bytes: number): void {
    this.shares.took(run, bytes);
  }

  /** Nobody is at it any more. */
  release(name: string, run: HostedRun): void {
    this.shares.release(run, name);
  }
}
