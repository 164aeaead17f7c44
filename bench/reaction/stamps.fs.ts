// The shared page that the updater's children stamp, as the host reads it.

import { closeSync, existsSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { pause } from '../../runtime/deadline.js';

const PAGE_BYTES = 4_096;
const SLOT_BYTES = 64;
/** At the lowest priority on a busy machine an updater may wait for long. */
const MOVE_MS_MAX = 60_000;
const LOOK_EVERY_MS = 2;

export interface Stamps {
  readonly file: string;
  /** The newest stamp of any child, on CLOCK_MONOTONIC. */
  newestNs(): bigint;
  /** Resolves when a child has stamped after `sinceNs`. */
  moved(sinceNs: bigint): Promise<void>;
  close(): void;
}

export function openStamps(file: string): Stamps {
  const fd = openSync(file, 'r');
  const page = Buffer.alloc(PAGE_BYTES);
  const newestNs = (): bigint => {
    readSync(fd, page, 0, PAGE_BYTES, 0);
    let newest = 0n;
    for (let at = 0; at < PAGE_BYTES; at += SLOT_BYTES) {
      const stamp = page.readBigUInt64LE(at);
      if (stamp > newest) newest = stamp;
    }
    return newest;
  };
  return {
    file,
    newestNs,
    moved: async (sinceNs) => {
      const untilMs = performance.now() + MOVE_MS_MAX;
      while (newestNs() <= sinceNs) {
        if (performance.now() > untilMs) throw new Error('the updater does not run');
        await pause(LOOK_EVERY_MS);
      }
    },
    close: () => {
      closeSync(fd);
    },
  };
}

/** Where the one updater of a Lull has its work directory on the host. */
export async function findStamps(stateDir: string, name: string): Promise<Stamps> {
  const updaters = join(stateDir, 'plugin-host/updaters');
  const untilMs = performance.now() + MOVE_MS_MAX;
  for (;;) {
    const homes = existsSync(updaters) ? readdirSync(updaters) : [];
    const file = homes.map((home) => join(updaters, home, 'work', name)).find(existsSync);
    if (file !== undefined) return openStamps(file);
    if (performance.now() > untilMs) throw new Error(`the updater never made ${name}`);
    await pause(LOOK_EVERY_MS);
  }
}
