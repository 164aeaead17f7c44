// The bound of the directory that an updater puts its socket into (T20): a tiny file system in memory,
// mounted by the host, which has to find the socket there too. Without it the directory would lie where
// Lull's own sockets do, which is mostly memory, and could be filled with whatever an updater likes.
//
// What is in it counts as the sandbox's memory, and is gone when it is unmounted, however deep or wide.

import { realpathSync } from 'node:fs';
import type { Log } from '../../runtime/log.js';
import { mountPoints } from './device.fs.js';
import { SandboxError } from './sandbox-error.js';
import { systemTools, type Tools } from './tool.spawn.js';

const COMMAND_MS_MAX = 10_000;

/** A socket takes none of its bytes, and libraries put a lock or a second one beside it. */
const how = 'nosuid,nodev,size=64k,nr_inodes=16,mode=700';

/**
 * Mounts it. Where it was never to be had here, the log says so once, and the self-test what follows.
 * @throws SandboxError LAUNCH_FAILED where it was: the level that the host reports rests on it.
 */
export function channelBinder(
  log: Log,
  tools: Tools = systemTools(),
): (dir: string, uid: number) => Promise<void> {
  let reached = false;
  let told = false;
  return async (dir, uid) => {
    const owner = `uid=${String(uid)},gid=${String(uid)}`;
    const args = ['-t', 'tmpfs', '-o', `${how},${owner}`, 'lull-channel', dir];
    try {
      await tools.light('mount', args, COMMAND_MS_MAX);
      reached = true;
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      if (reached) {
        const what = `the directory of the updater's socket got no bound: ${words}`;
        throw new SandboxError('LAUNCH_FAILED', what, { cause: error });
      }
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
  await systemTools().light('umount', ['--lazy', path], COMMAND_MS_MAX);
}
