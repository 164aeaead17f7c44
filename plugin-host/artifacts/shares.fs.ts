// How much of the store one updater may fill within a day. What is older is let go of as soon as somebody
// needs the room (keeping.ts); what is newer is not, so that without a bound one updater could leave no
// room to the others (T20).
//
// Invariants:
//   H1. What is being downloaded counts as a whole until it is kept, or is given up.
//   H2. What was given up counts with what is there of it: it may be let go of, and until then lies there.

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../channel/host-failure.js';
import type { HostedRun } from '../channel/hosted-run.js';
import { begunBy } from './begun.fs.js';
import { RECENT_MS } from './keeping.js';
import { Room } from './room.js';

/** Half of what the store keeps of all (ours); an updater of large things has two of the largest. */
const SHARE_BYTES_MIN = 2_000_000_000;
const LARGEST_COUNT = 2;

type Holder = Pick<HostedRun, 'uid' | 'artifactsDir' | 'limits'>;

export class Shares {
  private readonly begun = new Map<number, Room>();
  /** By uid. Grows until it is too much: then the disk is asked what of it is a day old by now. */
  private readonly kept = new Map<number, number>();
  /** Ever, by uid: what comes while the disk is asked is not in its answer. */
  private readonly taken = new Map<number, number>();

  /** @param begunDir where downloads lie that are not whole. */
  constructor(
    private readonly begunDir: string,
    private readonly bytesMin = SHARE_BYTES_MIN,
  ) {}

  bytesOf({ limits }: Holder): number {
    return Math.max(this.bytesMin, LARGEST_COUNT * limits.diskBytesMax);
  }

  /** Speaks for all `bytes` of a download (H1); false where that is more than its share. */
  async reserve(run: Holder, name: string, bytes: number, nowMs: number): Promise<boolean> {
    const { uid } = run;
    const begun = this.begun.get(uid) ?? new Room();
    this.begun.set(uid, begun);
    const partials = await begunBy(this.begunDir, uid);
    const fits = (keptBytes: number): boolean => {
      // H2. Asked in one step with the rest: what was being downloaded a moment ago may be given up.
      const idle = partials.filter((each) => each.name !== name && !begun.has(each.name));
      const idleBytes = idle.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      return begun.reserve(name, bytes, this.bytesOf(run) - keptBytes - idleBytes);
    };
    const known = this.kept.get(uid);
    if (known !== undefined && fits(known)) return true;
    const before = this.taken.get(uid) ?? 0;
    const found = await recentBytes(run.artifactsDir, nowMs);
    const measured = found + (this.taken.get(uid) ?? 0) - before;
    this.kept.set(uid, measured);
    return fits(measured);
  }

  /** What was downloaded is kept. */
  took({ uid }: Holder, bytes: number): void {
    this.taken.set(uid, (this.taken.get(uid) ?? 0) + bytes);
    const known = this.kept.get(uid);
    if (known !== undefined) this.kept.set(uid, known + bytes);
  }

  release({ uid }: Holder, name: string): void {
    this.begun.get(uid)?.release(name);
  }
}

async function recentBytes(artifactsDir: string, nowMs: number): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(artifactsDir)) {
    const found = await stat(join(artifactsDir, name)).catch((error: unknown) => {
      if (errorCode(error) !== 'ENOENT') throw error;
      return undefined; // Let go of meanwhile.
    });
    if (found !== undefined && nowMs - found.mtimeMs < RECENT_MS) bytes += found.size;
  }
  return bytes;
}
