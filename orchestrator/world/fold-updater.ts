// Updaters in the world: submitted, accepted.

import { parseEnvelope } from '../../bundle/envelope.js';
import { parseManifest } from '../../bundle/manifest.js';
import type { Fact } from '../journal/fact.js';
import { noTrials, type MutableWorld, type UpdaterState } from './world.js';

type Of<K extends Fact['kind']> = Extract<Fact, { kind: K }>;

export function submitted(world: MutableWorld, fact: Of<'updater.submitted'>, atMs: number): void {
  const bytes = Buffer.from(fact.envelope, 'base64');
  const envelope = parseEnvelope(bytes);
  const parsed = envelope === undefined ? undefined : parseManifest(envelope.payload);
  // A manifest that an older version accepted and this one cannot read stays out of the world: it
  // could not be run.
  if (parsed?.kind !== 'ok') return;
  const current = {
    version: fact.version,
    publisher: fact.publisher,
    bundleSha256: fact.bundleSha256,
    envelope: fact.envelope,
    manifest: parsed.manifest,
  };
  const before = world.updaters.get(fact.id);
  world.updaters.set(
    fact.id,
    before === undefined
      ? {
          id: fact.id,
          state: 'verified',
          sinceMs: atMs,
          why: '',
          current,
          scanJitter: 0,
          scanTrials: noTrials,
          crashes: [],
          admissionsAtMs: [],
        }
      : { ...before, current },
  );
}

export function enabled(world: MutableWorld, fact: Of<'updater.enabled'>, atMs: number): void {
  change(world, fact.id, (updater) =>
    updater.current.bundleSha256 === fact.bundleSha256
      ? {
          // Without its last scan: what was just accepted looks for updates at once.
          id: updater.id,
          state: 'enabled',
          sinceMs: atMs,
          why: '',
          current: updater.current,
          accepted: { version: updater.current, settings: new Map(fact.settings) },
          scanJitter: 0,
          scanTrials: noTrials,
          crashes: [],
          admissionsAtMs: updater.admissionsAtMs,
        }
      : updater,
  );
}

export function change(
  world: MutableWorld,
  id: string,
  fn: (updater: UpdaterState) => UpdaterState,
): void {
  const updater = world.updaters.get(id);
  if (updater !== undefined) world.updaters.set(id, fn(updater));
}
