// The bound of the directory that an updater puts its socket into (T20): a tiny file system in memory,
// mounted by the host, which has to find the socket there too. Without it the directory would lie where
// Lull's own sockets do, which is mostly memory, and could be filled with whatever an updater likes.
//
// What is in it counts as the sandbox's memory, and is gone when it is unmounted, however deep or wide.

import { execFile } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Log } from '../../runtime/log.js';
import { mountPoints } from './device.fs.js';

const run = promisify(execFile);
const COMMAND_MS_MAX = 10_000;
const options = {
  timeout: COMMAND_MS_MAX,
  env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
  cwd: '/',
};

/** A socket takes none of its bytes, and libraries put a lock or a second one beside it. */
const how = 'nosuid,nodev,size=64k,nr_inodes=16,mode=700';

/** Mounts it. Where that is not to be had, the log says so once, and the self-test what follows. */
export function channelBinder(log: Log): (dir: string, uid: number) => Promise<void> {
  let told = false;
  return async (dir, uid) => {
    const owner = `uid=${String(uid)},gid=${String(uid)}`;
    try {
      await run('mount', ['-t', 'tmpfs', '-o', `${how},${owner}`, 'lull-channel', dir], options);
    } catch (error) {
      log[told ? 'debug' : 'warn']({ err: error, dir }, 'where an updater serves has no bound');
      told = true;
    }
  };
}

/** Unmounts what is mounted there, also by an instance that was killed. */
export async function releaseChannel(dir: string): Promise<void> {
  const path = realpathSync(dir);
  if (!mountPoints().includes(path)) return;
  // Lazily: a socket that is still pinned must not keep it.
  await run('umount', ['--lazy', path], options);
}
