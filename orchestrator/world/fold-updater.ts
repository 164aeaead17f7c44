// What becomes of an updater: submitted, accepted, withdrawn.

import { parseEnvelope } from '../../bundle/envelope.js';
import { parseManifest, type Manifest } from '../../bundle/manifest.js';
import type { Fact } from '../journal/fact.js';
import { holdsSlot } from '../runs/run.js';
import { forgetOrders } from './fold-order.js';
import { manifestDigest } from './manifest-digest.js';
import {
  noTrials,
  type MutableWorld,
  type UpdateState,
  type UpdaterState,
  type UpdaterVersion,
} from './world.js';

type Of<K extends Fact['kind']> = Extract<Fact, { kind: K }>;

/** A version was submitted, and verified. */
export function foldSubmitted(
  world: MutableWorld,
  fact: Of<'updater.submitted'>,
  atMs: number,
): void {
  const before = world.updaters.get(fact.id);
  const current = versionIn(fact);
  if (current === undefined) return;
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

/** One for all worlds that a fact is folded into: ten thousand machines share what is true of each. */
const versions = new WeakMap<Of<'updater.submitted'>, UpdaterVersion>();

function versionIn(fact: Of<'updater.submitted'>): UpdaterVersion | undefined {
  const known = versions.get(fact);
  if (known !== undefined) return known;
  const made = versionFrom(fact);
  if (made !== undefined) versions.set(fact, made);
  return made;
}

/** @returns undefined where this version of Lull cannot read its manifest. */
export function versionFrom(
  submitted: Omit<UpdaterVersion, 'manifest'>,
): UpdaterVersion | undefined {
  const { version, publisher, bundleSha256, envelope } = submitted;
  const manifest = manifestIn(envelope);
  return manifest === undefined
    ? undefined
    : { version, publisher, bundleSha256, envelope, manifest };
}

const settings = new WeakMap<Of<'updater.enabled'>, ReadonlyMap<string, string>>();

function settingsIn(fact: Of<'updater.enabled'>): ReadonlyMap<string, string> {
  const known = settings.get(fact);
  if (known !== undefined) return known;
  const made = new Map(fact.settings);
  settings.set(fact, made);
  return made;
}

/**
 * @returns undefined for one that an older version accepted and this one cannot read: it stays out of
 * the world, because it could not be run.
 */
function manifestIn(envelopeBase64: string): Manifest | undefined {
  const envelope = parseEnvelope(Buffer.from(envelopeBase64, 'base64'));
  const parsed = envelope === undefined ? undefined : parseManifest(envelope.payload);
  return parsed?.kind === 'ok' ? parsed.manifest : undefined;
}

/**
 * An operator accepted the version that was submitted last, or policy did: which takes up nothing that is
 * suspended, also where one machine of a fleet has suspended it. A person has to look.
 */
export function foldEnabled(world: MutableWorld, fact: Of<'updater.enabled'>, atMs: number): void {
  // T11: nobody else turns time back. Who accepts something looks at a clock that is right by now.
  if (fact.actor === 'operator') world.latestMs = atMs;
  changeUpdater(world, fact.id, (updater) =>
    updater.current.bundleSha256 === fact.bundleSha256 &&
    updater.current.version === fact.version &&
    isThatManifest(updater.current, fact.manifestSha256) &&
    !(fact.actor === 'policy' && updater.state === 'suspended')
      ? {
          // Without its last scan: what was just accepted looks for updates at once.
          id: updater.id,
          state: 'enabled',
          sinceMs: atMs,
          why: '',
          current: updater.current,
          accepted: {
            version: updater.current,
            settings: settingsIn(fact),
            ...(fact.untilMs === undefined ? {} : { untilMs: fact.untilMs }),
          },
          scanJitter: 0,
          scanTrials: noTrials,
          crashes: [],
          admissionsAtMs: updater.admissionsAtMs,
        }
      : updater,
  );
}

function isThatManifest(version: UpdaterVersion, sha256: string | undefined): boolean {
  return sha256 === undefined || manifestDigest(version) === sha256;
}

export function changeUpdater(
  world: MutableWorld,
  id: string,
  fn: (updater: UpdaterState) => UpdaterState,
): void {
  const updater = world.updaters.get(id);
  if (updater !== undefined) world.updaters.set(id, fn(updater));
}

/**
 * It goes, and with it what was known and said of it, and what it offered. Where its vendor withdrew it a hold
 * stays, and what had been accepted is remembered: who could come back without a hold would have lifted it,
 * and with an older version would have gone back to that.
 */
export function foldWithdrawn(
  world: MutableWorld,
  { id, actor }: Pick<Of<'updater.withdrawn'>, 'id' | 'actor'>,
): void {
  const { current, accepted } = world.updaters.get(id) ?? {};
  world.updaters.delete(id);
  forgetOrders(world.demands, id);
  if (actor !== 'vendor') {
    world.withdrawn.delete(id);
    forgetOrders(world.holds, id);
  } else if (current !== undefined && accepted !== undefined) {
    world.withdrawn.set(id, { current, accepted });
  }
  forgetInterrupted(world, id);
  dropUpdates(world, id, () => true);
}

/** Nobody will take them up again. What still has a slot is stopped, and ends by itself. */
function forgetInterrupted(world: MutableWorld, updaterId: string): void {
  for (const run of world.runs.values()) {
    if (run.updaterId === updaterId && !holdsSlot(run)) world.runs.delete(run.id);
  }
}

export function dropUpdates(
  world: MutableWorld,
  updaterId: string,
  drop: (state: UpdateState) => boolean,
): void {
  for (const [key, state] of world.updates) {
    if (state.updaterId === updaterId && drop(state)) world.updates.delete(key);
  }
}
