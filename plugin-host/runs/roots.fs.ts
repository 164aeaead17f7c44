// The roots that a run is shown, as they are when it begins.

import type { BoundGrants } from '../../bundle/grant.js';
import { requireDirect } from '../install/ground.fs.js';
import type { Installer } from '../install/install.fs.js';
import type { Pass } from '../trees/pass.js';
import type { Trees } from '../trees/trees.loop.js';
import { changesRoots, type Grant } from './grant.js';
import type { Prepared } from './launch.grpc.js';

/** Roots that the updater's own tools write, for what changes the machine; read-only otherwise. */
export async function writableRoots(
  { work }: Grant,
  { roots = [] }: BoundGrants,
  uid: number,
  trees: Trees,
  pass: Pass,
): Promise<{ name: string; path: string; writable: boolean }[]> {
  const writable = changesRoots(work);
  const there: { name: string; path: string; writable: boolean }[] = [];
  for (const { name, path } of roots) {
    await requireDirect(path);
    if (writable) await trees.carryOut('handOver', { path, uid }, pass);
    there.push({ name, path, writable });
  }
  return there;
}

/** Install roots, each as the version that is current. One that is not there yet is left out. */
export async function rootsAsTheyAre(
  { installRoots }: BoundGrants,
  installer: Installer,
): Promise<Prepared['roots']> {
  const roots: { name: string; path: string }[] = [];
  for (const { name, path } of installRoots) {
    await installer.recover(path);
    const current = await installer.resolve(path);
    if (current !== undefined) roots.push({ name, path: current });
  }
  return roots;
}
