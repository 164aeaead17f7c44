// The brake of a control group: the hard limits that slow it down while it must not be frozen; and what
// it may take of disks while it is not braked, where policy says so.
//
// Its weight alone yields only to who wants a processor at the same instant; whoever is back at the
// machine must not even hear the fan.
//
// Invariants:
//   B1. Putting it on and taking it off are single writes to descriptors that are already open.
//   B2. Writes are limited on a disk of the updater's own, and nowhere else: a file system's journal
//       waits for them, and everybody's fsync for the journal. They have the lowest priority all the same.
//   B3. What policy limits stays limited when the brake comes off.

import { closeSync, existsSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { noDiskRates, type DiskRates } from './limits.js';

/** A tenth of one processor, in turns so short that nobody waits for the end of one (ours). */
const PERIOD_US = 20_000;
const QUOTA_US = 2_000;
/** As slow as an old memory card: enough to come to the end of a section (ours). */
const READ_BYTES_PER_S = 4 * 1024 * 1024;

/** As "major:minor". */
export interface Disks {
  /** What it reads from. */
  readonly read: readonly string[];
  /** One that nobody else writes to. */
  readonly own: string | undefined;
  readonly rates: DiskRates;
}

export const noDisks: Disks = { read: [], own: undefined, rates: noDiskRates };

interface Knob {
  readonly file: string;
  readonly on: string;
  readonly off: string;
  /** Of processors, and not of disks. */
  readonly isQuota?: true;
}

export interface Brake {
  /** @returns false where the kernel has no quota of processors here, and disks alone are slower. */
  put(): boolean;
  release(): void;
  close(): void;
}

/** @param dirs of the group, one in each hierarchy. What the kernel lacks there is left out. */
export function openBrake(dirs: readonly string[], disks: Disks): Brake {
  for (const dir of dirs) {
    // v1 keeps the period apart; without a quota it means nothing.
    setOnce(join(dir, 'cpu.cfs_period_us'), String(PERIOD_US));
    for (const [file, value] of standing(disks)) setOnce(join(dir, file), value);
  }
  const opened = dirs.flatMap((dir) =>
    knobs(disks).flatMap(({ file, on, off, isQuota = false }) => {
      const path = join(dir, file);
      if (!existsSync(path)) return [];
      return [{ fd: openSync(path, 'r+'), on: Buffer.from(on), off: Buffer.from(off), isQuota }];
    }),
  );
  const hasQuota = opened.some(({ isQuota }) => isQuota);
  const write = (which: 'on' | 'off'): void => {
    for (const knob of opened) {
      whereItCan(() => writeSync(knob.fd, knob[which])); // B1
    }
  };
  return {
    put: () => {
      write('on');
      return hasQuota;
    },
    release: () => {
      write('off');
    },
    close: () => {
      for (const { fd } of opened.splice(0)) closeSync(fd);
    },
  };
}

function setOnce(path: string, value: string): void {
  if (existsSync(path)) {
    whereItCan(() => {
      writeFileSync(path, value);
    });
  }
}

/** A group that went away has nothing left to slow; a disk without the limit has its weight. */
function whereItCan(write: () => void): void {
  try {
    write();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENODEV' && code !== 'ENOENT' && code !== 'EINVAL') throw error;
  }
}

/** What policy limits, from the start on (B2). */
function standing({ read, own, rates }: Disks): (readonly [file: string, value: string])[] {
  const { readBytesPerSMax: reads, writeBytesPerSMax: writes } = rates;
  return [
    ...(Number.isFinite(reads) ? read.flatMap((disk) => limitOf(disk, 'read', reads)) : []),
    ...(Number.isFinite(writes) && own !== undefined ? limitOf(own, 'write', writes) : []),
  ];
}

function knobs({ read, rates }: Disks): Knob[] {
  const period = String(PERIOD_US);
  const free = rates.readBytesPerSMax;
  const braked = Math.min(free, READ_BYTES_PER_S);
  return [
    {
      ...{ file: 'cpu.max', on: `${String(QUOTA_US)} ${period}`, off: `max ${period}` },
      isQuota: true,
    },
    { file: 'cpu.cfs_quota_us', on: String(QUOTA_US), off: '-1', isQuota: true },
    ...read.flatMap((disk) => {
      const off = limitOf(disk, 'read', free); // B3
      return limitOf(disk, 'read', braked).map(([file, on], at) => ({
        ...{ file, on },
        off: off[at]?.[1] ?? '',
      }));
    }),
  ];
}

/** In the words of v2 and of v1; infinite: none. */
function limitOf(
  disk: string,
  what: 'read' | 'write',
  bytesPerS: number,
): (readonly [file: string, value: string])[] {
  const none = !Number.isFinite(bytesPerS);
  const bytes = String(Math.max(1, Math.round(bytesPerS)));
  return [
    ['io.max', `${disk} ${what === 'read' ? 'rbps' : 'wbps'}=${none ? 'max' : bytes}`],
    [`blkio.throttle.${what}_bps_device`, `${disk} ${none ? '0' : bytes}`],
  ];
}
