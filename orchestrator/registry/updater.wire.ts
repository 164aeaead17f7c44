// Updaters as others see them. Generated types stop here.

import { asked } from '../../bundle/asked.js';
import { settingProblems } from '../../bundle/grant.js';
import { widening } from '../../bundle/widening.js';
import {
  TrustState as WireTrustState,
  type Updater,
} from '../../proto/gen/lull/registry/v1/registry.js';
import type { Policy } from '../policy/policy.js';
import { distrust } from '../trust/vouched.js';
import { manifestDigest } from '../world/manifest-digest.js';
import type { TrustState, UpdaterState, World } from '../world/world.js';

const trustStates: Record<TrustState, WireTrustState> = {
  verified: WireTrustState.VERIFIED,
  enabled: WireTrustState.ENABLED,
  suspended: WireTrustState.SUSPENDED,
};

export function updaterToWire(
  updater: UpdaterState,
  world: World,
  policy: Pick<Policy, 'publishers'>,
): Updater {
  const { current, accepted } = updater;
  const updates = [...world.updates.values()].filter((each) => each.updaterId === updater.id);
  return {
    id: updater.id,
    version: current.version,
    publisher: current.publisher,
    bundleSha256: current.bundleSha256,
    state: trustStates[updater.state],
    why: updater.why,
    settingsMissing: settingProblems(current.manifest, accepted?.settings ?? new Map()),
    lastScanUnixMs: updater.lastScanAtMs === undefined ? undefined : BigInt(updater.lastScanAtMs),
    updateCount: updates.length,
    acceptedVersion: accepted?.version.version ?? '',
    acceptedUntilUnixMs: accepted?.untilMs === undefined ? undefined : BigInt(accepted.untilMs),
    asks:
      accepted === undefined
        ? asked(current.manifest)
        : widening(accepted.version.manifest, current.manifest),
    manifestSha256: manifestDigest(current),
    distrusted: distrust(accepted?.version ?? current, policy) ?? '',
  };
}
