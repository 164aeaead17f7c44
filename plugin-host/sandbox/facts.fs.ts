// Looks once at the host for what the file system of a sandbox is made from.

import { existsSync, lstatSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { mountPoints } from './device.fs.js';
import type { GroupFeatures } from './limits.js';
import { hostEtc, type HostFacts, type HostPath } from './rootfs.js';

const TOP_LEVEL = ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'];
const OPEN_FILES_DEFAULT = 1_024;

export function readHostFacts(groups: GroupFeatures): HostFacts {
  return {
    topLevel: TOP_LEVEL.filter((path) => existsSync(path)).map((path) => ({
      path,
      linkTo: linkIntoUsr(path),
    })),
    etc: hostEtc.flatMap(hostPath),
    mountsBelowUsr: mountPoints().filter((path) => path.startsWith('/usr/')),
    node: nodeOutsideUsr(realpathSync(process.execPath)),
    userNamespaces: userNamespaces(),
    openFilesMax: openFilesMax(readFileSync('/proc/self/limits', 'utf8')),
    processors: availableParallelism(),
    groups,
  };
}

/** "usr/bin" for a link that leads below /usr; undefined for a directory, to be shown as it is. */
function linkIntoUsr(path: string): string | undefined {
  if (!lstatSync(path).isSymbolicLink()) return undefined;
  const target = readlinkSync(path);
  return normalize(join('/', target)).startsWith('/usr/') ? target : undefined;
}

function hostPath(path: string): HostPath[] {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? [] : [{ path, directory: found.isDirectory() }];
}

function nodeOutsideUsr(executable: string): HostFacts['node'] {
  if (executable.startsWith('/usr/')) return undefined;
  const npm = join(dirname(dirname(executable)), 'lib/node_modules/npm');
  return { executable, npm: existsSync(npm) ? realpathSync(npm) : undefined };
}

function userNamespaces(): boolean {
  const limit = '/proc/sys/user/max_user_namespaces';
  return existsSync(limit) && Number(readFileSync(limit, 'utf8')) > 0;
}

function openFilesMax(limits: string): number {
  const hard = /^Max open files\s+\S+\s+(\d+)/m.exec(limits)?.[1];
  return hard === undefined ? OPEN_FILES_DEFAULT : Number(hard);
}
