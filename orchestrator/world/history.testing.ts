// Facts and worlds for tests: a journal's worth of history without a journal.

import { readingKey, type Reading, type Readings, type Signal } from '../../conditions/reading.js';
import type { Value } from '../../conditions/reading.js';
import { chainEntry, genesis, type Entry } from '../journal/chain.js';
import type { Fact } from '../journal/fact.js';
import { defaultPolicy, type Policy } from '../policy/policy.js';
import type { Update, Work } from '../runs/update.js';
import { envelopeOf, unsignedAcme } from '../trust/signed-manifest.testing.js';
import { emptyWorld, foldEntry } from './fold.js';
import type { MutableWorld } from './world.js';

export const UPDATER = 'com.acme.tool';
export const NOW_MS = 1_900_000_000_000;
const SHA256 = 'a'.repeat(64);

/** The defaults, and the publisher of what is submitted here. */
export const trustingPolicy: Policy = { ...defaultPolicy, publishers: [unsignedAcme] };

export type Dated = readonly [atMs: number, fact: Fact];

export function entriesOf(dated: readonly Dated[]): Entry[] {
  let head = genesis;
  return dated.map(([atMs, fact]) => {
    const entry = chainEntry(head, atMs, fact);
    head = { sequence: entry.sequence, hash: entry.hash };
    return entry;
  });
}

export function worldOf(dated: readonly Dated[], retry = defaultPolicy.retry): MutableWorld {
  const world = emptyWorld();
  for (const entry of entriesOf(dated)) foldEntry(world, entry, retry);
  return world;
}

/** Facts that all happened at one instant. */
export function at(atMs: number, ...facts: Fact[]): Dated[] {
  return facts.map((fact) => [atMs, fact]);
}

export function submitted(id = UPDATER, changes: Readonly<Record<string, unknown>> = {}): Fact {
  return {
    kind: 'updater.submitted',
    id,
    version: '1.0.0',
    publisher: 'acme',
    bundleSha256: SHA256,
    envelope: envelopeOf({ id, ...changes }).toString('base64'),
    keyIds: [],
  };
}

export function enabled(id = UPDATER, bundleSha256 = SHA256, version = '1.0.0'): Fact {
  return {
    kind: 'updater.enabled',
    id,
    version,
    bundleSha256,
    settings: [],
    attestation: 'test',
    actor: 'operator',
  };
}

export function updateOf(id: string, changes: Partial<Update> = {}): Update {
  return {
    id,
    title: `Program ${id}`,
    fromVersion: '1.0.0',
    toVersion: '2.0.0',
    security: false,
    releaseNotesUrl: '',
    closedApps: [],
    exclusive: false,
    conflictKeys: [],
    nextAction: 'download',
    ...changes,
  };
}

export function perform(update: Update): Work {
  return { kind: 'perform', update };
}

export function found(updates: readonly Update[], updaterId = UPDATER): Fact {
  return { kind: 'scan.found', runId: 'run-0', updaterId, updates };
}

export function admitted(
  runId: string,
  work: Work,
  changes: Partial<Extract<Fact, { kind: 'run.admitted' }>> = {},
): Fact {
  return {
    kind: 'run.admitted',
    runId,
    epoch: 1,
    attempt: 1,
    hostId: 'host-1',
    updaterId: UPDATER,
    updaterVersion: '1.0.0',
    work,
    ...changes,
  };
}

export function started(runId: string): Fact {
  return { kind: 'run.started', runId, sandboxSha256: '', launchMs: 1 };
}

export function paused(runId: string, ...reasons: string[]): Fact {
  return { kind: 'run.paused', runId, reasons, cpuUs: 0 };
}

export function thawed(runId: string): Fact {
  return { kind: 'run.thawed', runId, frozenMs: 1, cpuUsWhileFrozen: 0 };
}

export function interrupted(runId: string): Fact {
  return { kind: 'run.interrupted', runId, code: 'HOST_LOST', message: 'it went away' };
}

type Outcome = Extract<Fact, { kind: 'run.finished' }>['outcome'];

export function finished(runId: string, outcome: Outcome): Fact {
  return { kind: 'run.finished', runId, outcome, stderrTail: '' };
}

export function failure(code: Extract<Outcome, { kind: 'failed' }>['code'], retry = true): Outcome {
  return { kind: 'failed', code, message: 'it said why', retry };
}

export function reading(signal: Signal, value: Value, instance = ''): Reading {
  const source = 'test';
  return { signal, instance, value, observedAtMs: NOW_MS, observedMonotonicNs: 0n, source };
}

/** A quiet machine on mains that a person left an hour ago. */
export function quietReadings(changes: Partial<Record<Signal, Value>> = {}): Readings {
  const quiet: Partial<Record<Signal, Value>> = {
    presence: { kind: 'presence', presence: { kind: 'away', sinceMs: NOW_MS - 3_600_000 } },
    'power.ac': { kind: 'flag', flag: true },
    'power.battery': { kind: 'number', number: 80 },
    'cpu.busy': { kind: 'number', number: 1 },
    'disk.busy': { kind: 'number', number: 1 },
    'pressure.cpu': { kind: 'number', number: 1 },
    'pressure.io': { kind: 'number', number: 1 },
    'pressure.memory': { kind: 'number', number: 1 },
    'memory.used': { kind: 'number', number: 50 },
    'session.remote': { kind: 'flag', flag: false },
    ...changes,
  };
  const all = (Object.entries(quiet) as [Signal, Value][]).map(([signal, value]) =>
    reading(signal, value),
  );
  all.push(reading('disk.free', changes['disk.free'] ?? { kind: 'number', number: 1e12 }, '/'));
  return new Map(all.map((each) => [readingKey(each.signal, each.instance), each]));
}

export const engaged: Value = { kind: 'presence', presence: { kind: 'engaged' } };

export function awaySince(sinceMs: number): Value {
  return { kind: 'presence', presence: { kind: 'away', sinceMs } };
}

/** A run has committed a tree of this digest, or has put one back, at `path`. */
export function installed(
  runId: string,
  changes: Partial<Extract<Fact, { kind: 'content.installed' }>> = {},
): Fact {
  return {
    kind: 'content.installed',
    runId,
    receiptId: `receipt-${runId}`,
    root: 'apps',
    path: '/opt/apps',
    treeBeforeSha256: 'b'.repeat(64),
    treeAfterSha256: 'a'.repeat(64),
    fileCount: 1,
    sizeBytes: 1,
    changes: [],
    truncated: false,
    reverted: false,
    ...changes,
  };
}
