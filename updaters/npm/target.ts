// Which version to go to: pure choice over what the registry says of a package.
//
// The target is what `latest` names, if that is newer and runs on this Node.js; else the greatest
// stable version below it that does. A version that its author deprecated is taken only as `latest`.

import semver from 'semver';

export interface Offer {
  readonly latest: string;
  readonly versions: readonly OfferedVersion[];
}

export interface OfferedVersion {
  readonly version: string;
  /** The range of Node.js versions that it needs. */
  readonly nodeRange: string | undefined;
  readonly deprecated: boolean;
  readonly unpackedBytes: number | undefined;
}

/** Undefined when nothing newer fits. */
export function chooseTarget(
  installed: string,
  offer: Offer,
  nodeVersion: string,
): OfferedVersion | undefined {
  if (semver.valid(installed) === null || semver.valid(offer.latest) === null) return undefined;
  const fits = (each: OfferedVersion): boolean =>
    semver.valid(each.version) !== null &&
    semver.gt(each.version, installed) &&
    semver.lte(each.version, offer.latest) &&
    runsOn(each, nodeVersion);
  const latest = offer.versions.find((each) => each.version === offer.latest);
  if (latest !== undefined && fits(latest)) return latest;
  return offer.versions
    .filter((each) => fits(each) && !each.deprecated && semver.prerelease(each.version) === null)
    .reduce<OfferedVersion | undefined>(
      (best, each) => (best === undefined || semver.gt(each.version, best.version) ? each : best),
      undefined,
    );
}

/** A range that nobody can read is no reason to stay behind: npm installs such a package too. */
function runsOn({ nodeRange }: OfferedVersion, nodeVersion: string): boolean {
  if (nodeRange === undefined || semver.validRange(nodeRange) === null) return true;
  return semver.satisfies(nodeVersion, nodeRange, { includePrerelease: true });
}
