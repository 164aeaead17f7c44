// Accepting an updater: exactly this digest, with these settings.

import { rootsShared, settingProblems, settingsTaken } from '../../bundle/grant.js';
import { widening } from '../../bundle/widening.js';
import type { Manifest } from '../../bundle/manifest.js';
import { displayText } from '../../conditions/words.js';
import type { Fact } from '../journal/fact.js';
import type { Attribution } from '../journal/order-fact.js';
import type { Publisher } from '../trust/publisher.js';
import { manifestDigest } from '../world/manifest-digest.js';
import type { UpdaterState, UpdaterVersion, Withdrawn } from '../world/world.js';

export type Acceptance =
  | { readonly kind: 'accepted'; readonly fact: Fact }
  | { readonly kind: 'refused'; readonly code: 'SETTING_MISSING'; readonly message: string };

/** The fact that enables a version, or why it cannot be enabled with these settings. */
export function accept(options: {
  id: string;
  version: UpdaterVersion;
  settings: ReadonlyMap<string, string>;
  /** As rootHolders lists them; what was accepted of them has its roots, also while it is suspended. */
  updaters: Iterable<UpdaterState>;
  attestation: string;
  /** Absent: without an end. */
  untilMs?: number | undefined;
  attribution: Attribution;
}): Acceptance {
  const { id, version, settings, attestation, untilMs, attribution } = options;
  const problems = settingProblems(version.manifest, settings);
  const declared = new Set(version.manifest.settings.map(({ name }) => name));
  for (const name of settings.keys()) {
    if (!declared.has(name)) problems.push(`${name}: the manifest declares no such setting`);
  }
  if (problems.length > 0) {
    const message = `${id} cannot be enabled: ${problems.join('; ')}. ${settingsTaken(version.manifest)}`;
    return { kind: 'refused', code: 'SETTING_MISSING', message };
  }
  const all = [...options.updaters].flatMap((other) => sharedWith(other, id, version, settings));
  const shared = [...new Set(all)];
  if (shared.length > 0) {
    const message = `${id} cannot be enabled: ${shared.join('; ')}. One directory has one updater: bind another one with --set, or "lull updaters remove" the other`;
    return { kind: 'refused', code: 'SETTING_MISSING', message };
  }
  return {
    kind: 'accepted',
    fact: {
      kind: 'updater.enabled',
      id,
      version: version.version,
      bundleSha256: version.bundleSha256,
      manifestSha256: manifestDigest(version),
      settings: [...settings],
      attestation,
      ...(untilMs === undefined ? {} : { untilMs }),
      ...attribution,
    },
  };
}

/** Why what is registered is not what was looked at, and may ask for more; undefined: it is that. */
export function notLookedAt(
  meant: { readonly id: string; readonly version: string; readonly manifestSha256: string },
  current: UpdaterVersion,
): string | undefined {
  const { id, version, manifestSha256 } = meant;
  const isVersion = version === '' || version === current.version;
  const digest = manifestDigest(current);
  const isManifest = manifestSha256 === '' || manifestSha256 === digest;
  if (isVersion && isManifest) return undefined;
  const [its, other] = isVersion
    ? [`${current.version} with the manifest ${digest}`, displayText(manifestSha256, 64)]
    : [current.version, displayText(version, 64)];
  return `it is ${id} ${its} that is registered now, not ${other}: "lull updaters" shows what it asks for`;
}

function sharedWith(
  { id: otherId, accepted }: UpdaterState,
  id: string,
  { manifest }: { readonly manifest: Manifest },
  settings: ReadonlyMap<string, string>,
): string[] {
  if (otherId === id || accepted === undefined) return [];
  const other = { manifest: accepted.version.manifest, settings: accepted.settings };
  // What an older version of Lull accepted may not be bound any more.
  if (settingProblems(other.manifest, other.settings).length > 0) return [];
  return rootsShared({ manifest, settings }, other);
}

/** Settings of a new version: those of the accepted one, with what is newly given over them. */
export function carriedSettings(
  updater: UpdaterState | undefined,
  given: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  return new Map([...(updater?.accepted?.settings ?? []), ...given]);
}

/**
 * What policy accepts without an operator: as far as the publisher's rule goes, no setting is open, no
 * root is another updater's, it asks for no more than what was accepted before, and nobody has suspended it.
 * @param accepted what was accepted last, also where its vendor has withdrawn it since.
 */
export function autoAccepted(
  { name, auto }: Publisher,
  before: UpdaterState | undefined,
  accepted: Pick<Withdrawn['accepted'], 'version' | 'untilMs'> | undefined,
  version: UpdaterVersion,
  updaters: Iterable<UpdaterState>,
): readonly Fact[] {
  const first = before?.accepted === undefined;
  if (auto === 'never' || (auto === 'same-grants' && first)) return [];
  if (before?.state === 'suspended') return [];
  if (accepted !== undefined && widening(accepted.version.manifest, version.manifest).length > 0)
    return [];
  const acceptance = accept({
    id: version.manifest.id,
    version,
    settings: carriedSettings(before, new Map()),
    updaters,
    attestation:
      accepted === undefined
        ? `policy accepts what ${name} publishes`
        : `policy accepts what ${name} publishes, and it asks for no more than version ${accepted.version.version}`,
    untilMs: accepted?.untilMs, // No version prolongs what a person has limited.
    attribution: { actor: 'policy' },
  });
  return acceptance.kind === 'accepted' ? [acceptance.fact] : [];
}
