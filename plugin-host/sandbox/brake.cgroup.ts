// The brake of a control group: the hard limits that slow it down while it must not be frozen.
//
// Its weight alone yields only to who wants a processor at the same instant; whoever is back at the
// machine must not even hear the fan.
//
// Invariants:
//   B1. Putting it on and taking it off are single writes to descriptors that are already open.
//   B2. Writes to disks are never limited: the file system's journal waits for them, and everybody's
//       fsync for the journal. They have the lowest priority all the same.

import { closeSync, existsSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** A tenth of one processor, in turns so short that nobody waits for the end of one (ours). */
const PERIOD_US = 20_000;
const QUOTA_US = 2_000;
/** As slow as an old memory card: enough to come to the end of a section (ours). */
const READ_BYTES_PER_S = 4 * 1024 * 1024;

interface Knob {
  readonly file: string;
  readonly on: string;
  readonly off: string;
}

export interface Brake {
  put(): void;
  release(): void;
  close(): void;
}

/**
 * @param dirs of the group, one in each hierarchy. What the kernel lacks there is left out.
 * @param disk "major:minor" of the disk that the updater writes to, where it is one.
 */
export function openBrake(dirs: readonly string[], disk: string | undefined): Brake {
  for (const dir of dirs) {
    // v1 keeps the period apart; without a quota it means nothing.
    const period = join(dir, 'cpu.cfs_period_us');
    if (existsSync(period)) writeFileSync(period, String(PERIOD_US));
  }
  const opened = dirs.flatMap((dir) =>
    knobs(disk).flatMap(({ file, on, off }) => {
      const path = join(dir, file);
      if (!existsSync(path)) return [];
      return [{ fd: openSync(path, 'r+'), on: Buffer.from(on), off: Buffer.from(off) }];
    }),
  );
  const write = (which: 'on' | 'off'): void => {
    for (const knob of opened) {
      try {
        writeSync(knob.fd, knob[which]); // B1
      } catch (error) {
        // A group that went away has nothing left to slow; a disk without the limit has its weight.
        const { code } = error as NodeJS.ErrnoException;
        if (code !== 'ENODEV' && code !== 'ENOENT' && code !== 'EINVAL') throw error;
      }
    }
  };
  return {
    put: () => {
      write('on');
    },
    release: () => {
      write('off');
    },
    close: () => {
      for (const { fd } of opened.splice(0)) closeSync(fd);
    },
  };
}

function knobs(disk: string | undefined): Knob[] {
  const period = String(PERIOD_US);
  const reads = String(READ_BYTES_PER_S);
  return [
    { file: 'cpu.max', on: `${String(QUOTA_US)} ${period}`, off: `max ${period}` },
    { file: 'cpu.cfs_quota_us', on: String(QUOTA_US), off: '-1' },
    ...(disk === undefined
      ? []
      : [
          { file: 'io.max', on: `${disk} rbps=${reads}`, off: `${disk} rbps=max` },
          { file: 'blkio.throttle.read_bps_device', on: `${disk} ${reads}`, off: `${disk} 0` },
        ]),
  ];
}
