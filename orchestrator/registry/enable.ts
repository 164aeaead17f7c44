// Accepting an updater: exactly this digest, with these settings.

import { settingProblems } from '../../bundle/grant.js';
import { widening } from '../../bundle/widening.js';
import type { Manifest } from '../../bundle/manifest.js';
import type { Fact } from '../journal/fact.js';
import type { Attribution } from '../journal/order-fact.js';
import type { Publisher } from '../trust/publisher.js';
import type { UpdaterState, UpdaterVersion } from '../world/world.js';

export type Acceptance =
  | { readonly kind: 'accepted'; readonly fact: Fact }
  | { readonly kind: 'refused'; readonly code: 'SETTING_MISSING'; readonly message: string };

/** The fact that enables a version, or why it cannot be enabled with these settings. */
export function accept(options: {
  id: string;
  version: Pick<UpdaterVersion, 'version' | 'bundleSha256'> & { readonly manifest: Manifest };
  settings: ReadonlyMap<string, string>;
  attestation: string;
  attribution: Attribution;
}): Acceptance {
  const { id, version, settings, attestation, attribution } = options;
  const problems = settingProblems(version.manifest, settings);
  const declared = new Set(version.manifest.settings.map(({ name }) => name));
  for (const name of settings.keys()) {
    if (!declared.has(name)) problems.push(`${name}: the manifest declares no such setting`);
  }
  if (problems.length > 0) {
    const message = `${id} cannot be enabled: ${problems.join('; ')}. Give each with --set NAME=VALUE`;
    return { kind: 'refused', code: 'SETTING_MISSING', message };
  }
  return {
    kind: 'accepted',
    fact: {
      kind: 'updater.enabled',
      id,
      version: version.version,
      bundleSha256: version.bundleSha256,
      settings: [...settings],
      attestation,
      ...attribution,
    },
  };
}

/** Settings of a new version: those of the accepted one, with what is newly given over them. */
export function carriedSettings(
  updater: UpdaterState | undefined,
  given: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  return new Map([...(updater?.accepted?.settings ?? []), ...given]);
}

/**
 * What policy accepts without an operator: as far as the publisher's rule goes, no setting is open, and
 * it asks for no more than what was accepted before.
 */
export function autoAccepted(
  { name, auto }: Publisher,
  before: UpdaterState | undefined,
  version: UpdaterVersion,
): readonly Fact[] {
  const accepted = before?.accepted?.version.manifest;
  const first = accepted === undefined;
  if (auto === 'never' || (auto === 'same-grants' && first)) return [];
  if (!first && widening(accepted, version.manifest).length > 0) return [];
  const acceptance = accept({
    id: version.manifest.id,
    version,
    settings: carriedSettings(before, new Map()),
    attestation: first
      ? `policy accepts what ${name} publishes`
      : `policy accepts what ${name} publishes, and it asks for no more than version ${accepted.version}`,
    attribution: { actor: 'policy' },
  });
  return acceptance.kind === 'accepted' ? [acceptance.fact] : [];
}
