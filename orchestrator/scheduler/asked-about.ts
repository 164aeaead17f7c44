// What has to be asked of the sensors because of what waits: they look at it only while somebody asks.
//
// Invariant: A1. Sensors look at so many names and no more. Updaters take turns in what is asked, so that
// one which names thousands pushes out none of what another one named.

import { boundRoots } from '../../bundle/grant.js';
import type { UpdaterState, World } from '../world/world.js';

/** Programs that have to be closed for some update, each once. */
export function appsAskedAbout(world: World): string[] {
  const byUpdater = new Map<string, string[]>();
  for (const { updaterId, update } of world.updates.values()) {
    const apps = byUpdater.get(updaterId) ?? [];
    if (apps.length === 0) byUpdater.set(updaterId, apps);
    apps.push(...update.closedApps);
  }
  return inTurn([...byUpdater.values()]);
}

/**
 * Directories whose file systems take what is downloaded and installed, each once: the first, and then
 * those of every updater that was accepted, so that they are known when one of them finds something.
 */
export function disksAskedAbout(world: World, diskPath: string): string[] {
  const roots = inTurn([...world.updaters.values()].map(installRootsOf));
  return [diskPath, ...roots.filter((root) => root !== diskPath)];
}

/** Each name once: the first of every list, then the second of every list, and so on (A1). */
function inTurn(lists: readonly (readonly string[])[]): string[] {
  const sorted = lists.map((list) => [...new Set(list)].sort());
  const longest = Math.max(0, ...sorted.map(({ length }) => length));
  const names = new Set<string>();
  for (let turn = 0; turn < longest; turn += 1) {
    for (const list of sorted) {
      const name = list[turn];
      if (name !== undefined) names.add(name);
    }
  }
  return [...names];
}

/** Where an updater installs to, as an operator has bound it. */
export function installRootsOf({ accepted }: UpdaterState): string[] {
  if (accepted === undefined) return [];
  return boundRoots(accepted.version.manifest, accepted.settings).map(({ path }) => path);
}
