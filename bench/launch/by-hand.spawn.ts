// The same bundle launched by hand: `runc run` with the very configuration that Lull wrote, in
// directories of its own, and the clock runs until the updater serves.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { within } from '../../runtime/deadline.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { removeOwnGroup } from '../own.cgroup.js';
import { untilServing } from './serving.grpc.js';

const run = promisify(execFile);
const ROOT = '/sys/fs/cgroup';
const END_MS_MAX = 20_000;
/** As Lull gives it. */
const POLITELY = ['-n', '19', 'ionice', '-c', '3'];

interface Config {
  readonly process: { readonly user: { readonly uid: number } };
  readonly linux: { cgroupsPath: string };
}

export interface ByHand extends Closeable {
  /** @returns from the start of runc to the answer SERVING, ms. */
  launch(): Promise<number>;
}

/**
 * Takes a launch of Lull's while it is there.
 * @param launchDir with config.json and rootfs.
 * @param dir made here, short: a socket lies below it.
 */
export function takeLaunch(launchDir: string, dir: string): ByHand {
  const filter = (path: string): boolean => !path.endsWith('.sock');
  cpSync(launchDir, dir, { recursive: true, verbatimSymlinks: true, filter });
  const text = readFileSync(join(launchDir, 'config.json'), 'utf8').replaceAll(launchDir, dir);
  const config = JSON.parse(text) as Config;
  const { uid } = config.process.user;
  // As Lull's: alone among its siblings, and at the top like any program.
  const parent = `bench-launch-${String(process.pid)}`;
  let launches = 0;
  return {
    close: async () => {
      for (const hierarchy of [ROOT, ...readdirSync(ROOT).map((name) => join(ROOT, name))]) {
        await removeOwnGroup(join(hierarchy, parent));
      }
    },
    launch: async () => {
      launches += 1;
      const id = `${parent}-${String(launches)}`;
      config.linux.cgroupsPath = `/${parent}/${id}`;
      writeFileSync(join(dir, 'config.json'), JSON.stringify(config));
      const channelDir = join(dir, 'channel');
      rmSync(channelDir, { recursive: true, force: true });
      mkdirSync(channelDir, { mode: 0o700 });
      chownSync(channelDir, uid, uid);
      const startMs = performance.now();
      const args = [...POLITELY, 'runc', 'run', '--bundle', dir, id];
      const child = spawn('nice', args, { stdio: 'ignore', cwd: '/' });
      const ended = once(child, 'exit');
      try {
        await untilServing(join(channelDir, 'updater.sock'));
        return performance.now() - startMs;
      } finally {
        await run('runc', ['delete', '--force', id], { timeout: END_MS_MAX });
        await within(ended, END_MS_MAX, 'runc');
      }
    },
  };
}
