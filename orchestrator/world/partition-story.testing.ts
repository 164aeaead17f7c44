// Facts of every kind, for journals of many machines that tests make up: a few names only, so that
// whatever order they come in, they are about each other.

import type { Action } from '../../bundle/manifest.js';
import { chainEntry, genesis, type Entry, type Head } from '../journal/chain.js';
import type { Fact } from '../journal/fact.js';
import type { Outcome } from '../runs/run.js';
import type { Work } from '../runs/update.js';
import {
  admitted,
  enabled,
  failure,
  finished,
  found,
  installed,
  interrupted,
  NOW_MS,
  paused,
  perform,
  started,
  submitted,
  thawed,
  updateOf,
  UPDATER,
} from './history.testing.js';

const OTHER = 'com.acme.other';
const later = NOW_MS + 86_400_000;
const rolledOut = { updaterId: UPDATER, updateId: 'a', toVersion: '2.0.0' };
const operator = { actor: 'operator' } as const;
const ofA = { updaterId: UPDATER, updateId: 'a' };

function step(nextAction: Action): Work {
  return perform(updateOf('a', { nextAction, digest: 'sha256:d', severity: 'important' }));
}

function ends(...outcomes: Outcome[]): Fact[] {
  return ['r', 's'].flatMap((runId) => outcomes.map((outcome) => finished(runId, outcome)));
}

/** By kind, so that a kind without one does not compile. */
const facts: Readonly<Record<Fact['kind'], readonly Fact[]>> = {
  'orchestrator.started': [{ kind: 'orchestrator.started', version: '1', policySha256: 'p' }],
  'policy.changed': [{ kind: 'policy.changed', policySha256: 'q' }],
  'snapshot.taken': [{ kind: 'snapshot.taken', sequence: 1, sha256: 's', sizeBytes: 1 }],
  'updater.submitted': [
    submitted(UPDATER, { actions: ['download', 'install', 'verify', 'rollback'] }),
    submitted(OTHER),
    submitted(OTHER, { version: '1.1.0' }),
  ],
  'updater.refused': [
    { kind: 'updater.refused', id: OTHER, version: '1', code: 'ID_TAKEN', message: 'no' },
  ],
  'updater.enabled': [
    { ...enabled(), settings: [['prefix', '/opt']] } as Fact,
    { ...enabled(OTHER), untilMs: later } as Fact,
  ],
  'updater.suspended': [
    { kind: 'updater.suspended', id: OTHER, code: 'OPERATOR', why: 'no', ...operator },
  ],
  'updater.withdrawn': [{ kind: 'updater.withdrawn', id: OTHER, actor: 'vendor' }],
  'host.attached': [
    { kind: 'host.attached', hostId: 'h', instanceId: 'i1', bootId: 'boot-1' },
    {
      ...{ kind: 'host.attached', hostId: 'h', instanceId: 'i2' },
      heard: { hostId: 'h', instanceId: 'i2', sequence: 3 },
    },
  ],
  'host.confined': [
    {
      ...{ kind: 'host.confined', hostId: 'h', level: 'confined', runtime: 'runc' },
      ...{ cgroups: 'v2', trials: [] },
    },
  ],
  'run.admitted': [
    admitted('r', { kind: 'scan' }),
    ...(['download', 'install', 'verify', 'rollback'] as const).map((action, at) =>
      admitted(at % 2 === 0 ? 'r' : 's', step(action), { epoch: at + 2, intrusion: 'gentle' }),
    ),
    admitted('s', { kind: 'revert', update: updateOf('a'), roots: [] }, { epoch: 9 }),
  ],
  'run.started': [started('r'), started('s')],
  'run.paused': [paused('r', 'PERSON_PRESENT'), paused('s')],
  'run.resumed': [{ kind: 'run.resumed', runId: 'r' }],
  'run.thawed': [thawed('r')],
  'run.throttled': [{ kind: 'run.throttled', runId: 's', reasons: [], cpuUs: 1 }],
  'run.unthrottled': [
    { kind: 'run.unthrottled', runId: 's', throttledMs: 1, cpuUsWhileThrottled: 1 },
  ],
  'run.interrupted': [interrupted('r'), interrupted('s')],
  'run.finished': ends(
    { kind: 'succeeded' },
    { kind: 'more_to_do', nextAction: 'verify', expectedS: 9 },
    failure('UPDATER_CRASHED'),
    failure('VERIFY_FAILED', false),
    failure('DIGEST_MISMATCH'),
    { ...failure('UPSTREAM_DOWN'), retryAfterMs: 60_000 } as Outcome,
    { kind: 'gone' },
    { kind: 'cancelled', code: 'SHUTTING_DOWN' },
  ),
  'scan.found': [
    found([updateOf('a'), updateOf('b', { expectedS: 60, conflictKeys: ['dpkg'] })]),
    found([updateOf('a', { nextAction: 'install', digest: 'sha256:d' })]),
    found([]),
  ],
  'content.downloaded': [
    {
      ...{ kind: 'content.downloaded', runId: 'r', url: 'https://example.com/a', redirects: [] },
      ...{ remoteAddress: '::1', sizeBytes: 1, sha256: 'a', resumedCount: 0, cached: false },
    },
  ],
  'content.installed': [
    installed('r'),
    installed('s'),
    installed('s', { receiptId: 'undo', reverted: true }),
  ],
  'root.changed': [
    {
      ...{ kind: 'root.changed', runId: 'r', root: 'apps', path: '/opt/apps', fileCount: 1 },
      ...{ treeBeforeSha256: 'a', treeAfterSha256: 'b', sizeBytes: 1, changes: [] },
      truncated: false,
    },
  ],
  'egress.seen': [
    {
      ...{ kind: 'egress.seen', runId: 'r', host: 'example.com', port: 443, allowed: true },
      ...{ sentBytes: 1, receivedBytes: 1 },
    },
  ],
  'critical.changed': [
    { kind: 'critical.changed', runId: 'r', entered: true, why: 'dpkg' },
    { kind: 'critical.changed', runId: 'r', entered: false, why: 'dpkg', lastedMs: 1 },
  ],
  'facts.refused': [{ kind: 'facts.refused', code: 'JOURNAL_QUOTA', count: 3, sizeBytes: 900 }],
  'run.notice': [{ kind: 'run.notice', runId: 'r', message: 'hello' }],
  'hold.placed': [{ kind: 'hold.placed', ...ofA, why: 'no', untilMs: later, ...operator }],
  'hold.lifted': [{ kind: 'hold.lifted', ...ofA, ...operator }],
  'veto.placed': [
    { kind: 'veto.placed', vetoId: 'v', owner: 'backup', why: 'it runs', untilMs: later },
  ],
  'veto.lifted': [{ kind: 'veto.lifted', vetoId: 'v', ...operator }],
  'switch.tripped': [{ kind: 'switch.tripped', why: 'stop', untilMs: later, ...operator }],
  'switch.released': [{ kind: 'switch.released', ...operator }],
  'run.demanded': [{ kind: 'run.demanded', ...ofA, ...operator }],
  'rollout.started': [{ kind: 'rollout.started', ...rolledOut }],
  'rollout.failed': [
    { kind: 'rollout.failed', ...rolledOut, hostId: 'm1', ring: 'first', why: 'no' },
  ],
  'rollout.stopped': [{ kind: 'rollout.stopped', ...rolledOut, why: 'no', ...operator }],
  'rollout.resumed': [{ kind: 'rollout.resumed', ...rolledOut, ...operator }],
  'restart.ordered': [{ kind: 'restart.ordered', hostId: 'h', atMs: later, updates: ['a'] }],
  'restart.cancelled': [{ kind: 'restart.cancelled', code: 'PERSON_PRESENT', message: 'here' }],
  'restart.failed': [{ kind: 'restart.failed', message: 'no logind' }],
  'clock.set': [
    { kind: 'clock.set', byMs: 86_400_000 },
    { kind: 'clock.set', byMs: -86_400_000 },
  ],
  'rhythm.hour': [
    { kind: 'rhythm.hour', hourOfWeek: 9, awayS: 1_801, returns: 3, ages: [[60, 900, 2]] },
    { kind: 'rhythm.hour', hourOfWeek: 10, awayS: 3_600, returns: 0 },
  ],
};

export const everyFact: readonly Fact[] = Object.values(facts).flat();

/** What the fleet says of all machines; of anything else a machine speaks. */
const ofAll =
  /^(?:updater|hold|veto|switch|rollout)\.|^(?:orchestrator\.started|policy\.changed|snapshot\.taken)$/;

/** One fact of a journal that is made up: which one, and of which machine. */
export type Pick = readonly [factIndex: number, machine: string];

export function journalOf(picks: readonly Pick[]): Entry[] {
  let head: Head = genesis;
  let fleet = 0;
  return picks.map(([factIndex, machine], at) => {
    const fact = everyFact[factIndex % everyFact.length];
    if (fact === undefined) throw new Error('there are no facts');
    if (ofAll.test(fact.kind)) fleet += 1;
    const told = ofAll.test(fact.kind) ? { ...fact, fleet } : { ...fact, machine };
    const entry = chainEntry(head, NOW_MS + at * 1_000, told);
    head = { sequence: entry.sequence, hash: entry.hash };
    return entry;
  });
}

/** So many facts in no order, always the same. */
export function storyOf(length: number, machines: readonly string[]): Entry[] {
  let random = 1;
  const below = (max: number): number => {
    random = (random * 48_271) % 0x7fff_ffff;
    return random % max;
  };
  return journalOf(
    Array.from({ length }, () => [
      below(everyFact.length),
      machines[below(machines.length)] ?? 'm1',
    ]),
  );
}
