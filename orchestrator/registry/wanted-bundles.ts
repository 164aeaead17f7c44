// Which bundles somebody may still be given.

import type { World } from '../world/world.js';

/** Of every version that was submitted last, or accepted. */
export function wantedBundles({ updaters }: Pick<World, 'updaters'>): ReadonlySet<string> {
  const versions = [...updaters.values()].flatMap(({ current, accepted }) =>
    accepted === undefined ? [current] : [current, accepted.version],
  );
  return new Set(versions.map(({ bundleSha256 }) => bundleSha256));
}
