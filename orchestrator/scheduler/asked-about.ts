// What has to be asked of the sensors because of what waits: they look at it only while somebody asks.

import { boundRoots } from '../../bundle/grant.js';
import type { UpdaterState, World } from '../world/world.js';

/** Programs that have to be closed for some update, each once, in an order of their own. */
export function appsAskedAbout(world: World): string[] {
  const apps = new Set<string>();
  for (const { update } of world.updates.values()) {
    for (const app of update.closedApps) apps.add(app);
  }
  return [...apps].sort();
}

/**
 * Directories whose file systems take what is downloaded and installed, each once: the first, and then
 * in an order of their own those of every updater that was accepted, so that they are known when one
 * of them finds something.
 */
export function disksAskedAbout(world: World, diskPath: string): string[] {
  const roots = new Set<string>();
  for (const updater of world.updaters.values()) {
    for (const root of installRootsOf(updater)) if (root !== diskPath) roots.add(root);
  }
  return [diskPath, ...[...roots].sort()];
}

/** Where an updater installs to, as an operator has bound it. */
export function installRootsOf({ accepted }: UpdaterState): string[] {
  if (accepted === undefined) return [];
  return boundRoots(accepted.version.manifest, accepted.settings).map(({ path }) => path);
}
