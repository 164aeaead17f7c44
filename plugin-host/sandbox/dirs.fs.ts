// The directories of launches: <runDir>/s/<id>/{channel,host,roots,rootfs}.
//
// Invariants:
//   D1. Nobody but root gets past <runDir>/s on the host; inside, a sandbox has only its own.
//   D2. Nothing is removed below which something is mounted: removing through a mount that was left
//       behind would remove the host's own files.

import { existsSync, readdirSync } from 'node:fs';
import { chmod, chown, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { mountPoints } from './device.fs.js';
import { releaseChannel } from './channel-disk.spawn.js';
import { removeTree } from './remove-tree.spawn.js';
import type { Rootfs } from './rootfs.js';
import type { LaunchDirs } from './sandbox.js';
import { closeShowcase, type Showcase } from './shown-roots.spawn.js';

/** What a Unix socket's path may have; Node cuts longer ones without a word. */
const SOCKET_PATH_BYTES_MAX = 100;
/** Names that are made in these directories are no longer than this. */
const SOCKET_NAME_BYTES_MAX = 16;

/** [a-z0-9-], as SandboxSpec says; T7: it becomes a path. */
const idPattern = /^[a-z0-9][a-z0-9-]{0,63}$/;

interface LaunchPlace {
  readonly bundleDir: string;
  readonly dirs: LaunchDirs;
  readonly showcase: Showcase;
}

export function launchPlace(runDir: string, id: string): LaunchPlace {
  if (!idPattern.test(id)) throw new Error(`"${id}" cannot be the id of a sandbox`);
  const bundleDir = join(launchesDir(runDir), id);
  return {
    bundleDir,
    dirs: {
      channelDir: join(bundleDir, 'channel'),
      hostDir: join(bundleDir, 'host'),
      rootDir: join(bundleDir, 'rootfs'),
    },
    showcase: { dir: join(bundleDir, 'roots'), aside: join(bundleDir, 'aside') },
  };
}

export async function makeLaunchDirs(runDir: string, id: string, uid: number): Promise<LaunchDirs> {
  const { bundleDir, dirs } = launchPlace(runDir, id);
  const longest = Buffer.byteLength(dirs.channelDir) + 1 + SOCKET_NAME_BYTES_MAX;
  if (longest > SOCKET_PATH_BYTES_MAX) {
    throw new Error(
      `sockets in ${dirs.channelDir} would have paths over ${String(SOCKET_PATH_BYTES_MAX)} bytes. Choose a shorter --run directory.`,
    );
  }
  await mkdir(launchesDir(runDir), { recursive: true, mode: 0o700 });
  await mkdir(bundleDir, { mode: 0o700 });
  await mkdir(dirs.channelDir, { mode: 0o700 });
  await chown(dirs.channelDir, uid, uid);
  await mkdir(dirs.hostDir);
  await chown(dirs.hostDir, 0, uid);
  // After chown and apart from mkdir, so that no umask has a say.
  await chmod(dirs.hostDir, 0o750);
  return dirs;
}

/** Builds what the sandbox has as its root directory. */
export async function makeRootfs(root: string, plan: Rootfs): Promise<void> {
  const makeDirectory = async (path: string): Promise<void> => {
    if (existsSync(path)) return;
    await makeDirectory(dirname(path));
    await mkdir(path);
    await chmod(path, 0o755);
  };
  for (const path of plan.directories) await makeDirectory(join(root, path));
  // A runtime gives a tmpfs the mode of the directory that it covers; /tmp is there to be covered
  // only where something of the host's that is shown lies below it, Node.js for example.
  const tmp = join(root, 'tmp');
  if (existsSync(tmp)) await chmod(tmp, 0o1777);
  for (const { path, target } of plan.links) await symlink(target, join(root, path));
  for (const { path, text } of plan.files) {
    await writeFile(join(root, path), text);
    await chmod(join(root, path), 0o644);
  }
}

export async function removeLaunchDirs(runDir: string, id: string): Promise<void> {
  const { bundleDir, dirs, showcase } = launchPlace(runDir, id);
  if (existsSync(dirs.channelDir)) await releaseChannel(dirs.channelDir);
  if (existsSync(showcase.dir)) await closeShowcase(showcase);
  await removeUnmounted(bundleDir);
}

/** Ids of launches whose directories exist. */
export function listLaunches(runDir: string): string[] {
  const dir = launchesDir(runDir);
  return existsSync(dir) ? readdirSync(dir).filter((name) => idPattern.test(name)) : [];
}

export async function removeLaunchesDir(runDir: string): Promise<void> {
  await removeUnmounted(launchesDir(runDir));
}

function launchesDir(runDir: string): string {
  return join(runDir, 's');
}

async function removeUnmounted(dir: string): Promise<void> {
  const mounted = mountPoints().find((path) => path === dir || path.startsWith(`${dir}/`));
  // D2.
  if (mounted !== undefined) throw new Error(`${mounted} is still mounted: unmount it`);
  await removeTree(dir);
}
