// A machine that says more than its journal takes, and what is recorded of it all the same (T23).

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Level } from '../../conditions/confinement.js';
import { createLog } from '../../runtime/log.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import type { Fact } from '../journal/fact.js';
import type { HostConnection } from '../link/host-session.loop.js';
import { OverQuotaError } from '../link/over-quota.js';
import {
  admitted,
  enabled,
  found,
  NOW_MS,
  paused,
  perform,
  started,
  submitted,
  UPDATER,
  updateOf,
} from '../world/history.testing.js';
import { openLedgerUnderTest, type LedgerUnderTest } from '../world/ledger.testing.js';
import { hostEdges, type HostPresence } from './edges.loop.js';
import type { Quotas } from '../journal/fact-quota.js';
import { QuotaOfHost } from './quota.loop.js';

const HOUR_MS = 3_600_000;
const quotas: Quotas = {
  host: { entries: 400, bytes: 400_000 },
  updater: { entries: 200, bytes: 200_000 },
  reserve: { entries: 20, bytes: 2_000 },
};
const log = createLog('test', 'silent');

let rig: LedgerUnderTest;
let clock: VirtualClock;
let edges: HostPresence;
let sequence: number;
let wakes: number;

beforeEach(async () => {
  clock = new VirtualClock(NOW_MS);
  rig = await openLedgerUnderTest(clock);
  [sequence, wakes] = [0, 0];
  const wake = (): void => void (wakes += 1);
  edges = hostEdges({ ledger: rig.ledger, clock, log, wake, onProgress: () => undefined, quotas });
  await rig.ledger.append([
    ...[submitted(), enabled(), found([updateOf('a')])],
    ...[admitted('r', perform(updateOf('a'))), started('r')],
  ]);
});

afterEach(() => rig.close());

function host(level: Level = 'sealed', instanceId = 'i', holding = ['r']): HostConnection {
  return {
    ...{ hostId: 'h', instanceId, bootId: undefined, diskPath: '', send: () => undefined },
    confinement: { level, runtime: 'runc', cgroups: 'v2', trials: [] },
    held: new Map(holding.map((id) => [id, 1])),
  };
}

async function tell(fact: Fact, runId = 'r'): Promise<void> {
  sequence += 1;
  await edges.event(host(), { sequence, runId, epoch: 1, body: { kind: 'fact', fact } });
}

const notice: Fact = { kind: 'run.notice', runId: 'r', message: 'x'.repeat(4_096) };
const rootChanged: Fact = {
  ...{ kind: 'root.changed', runId: 'of another', root: 'root', path: '/srv' },
  ...{ treeBeforeSha256: 'b', treeAfterSha256: 'a', fileCount: 1, sizeBytes: 1, truncated: false },
  changes: Array.from({ length: 50 }, (_, index) => ({
    ...{ path: `${'x'.repeat(300)}${String(index)}`, beforeSha256: '', afterSha256: 'a' },
    mode: 0o644,
  })),
};

/** What a machine of no good says until nothing more of it is taken. */
async function useUp(): Promise<void> {
  for (let told = 0; told < 1_000 && edges.overQuota()?.untilMs === undefined; told += 1) {
    await tell(rootChanged, 'of another');
  }
}

async function since(start: number): Promise<readonly Fact[]> {
  return (await rig.facts()).slice(start);
}

test('an updater that says too much is stopped before its machine is not heard any more', async () => {
  for (let at = 0; at * 4_096 < quotas.updater.bytes; at += 1) await tell(notice);
  const over = edges.overQuota();
  expect(over).toEqual({ updaters: new Map([[UPDATER, expect.any(Number)]]) });
  expect(over?.updaters.get(UPDATER)).toBeGreaterThan(NOW_MS + 6 * HOUR_MS);
  const { length } = await rig.facts();
  await tell(notice);
  expect((await since(length)).map(({ kind }) => kind)).toEqual(['run.notice']);
});

test('what is said beyond the quota is left out, and that is told once', async () => {
  await useUp();
  const { length } = await rig.facts();
  for (let at = 0; at < 50; at += 1) await tell(notice);
  expect(await since(length)).toEqual([
    { kind: 'facts.refused', code: 'JOURNAL_QUOTA', count: 1, sizeBytes: expect.any(Number) },
  ]);
});

test('when there is room again, the journal says how much was left out', async () => {
  await useUp();
  for (let at = 0; at < 50; at += 1) await tell(notice);
  clock.advance((edges.overQuota()?.untilMs ?? 0) - clock.now().wallMs);
  expect(edges.overQuota()).toBeUndefined();
  const { length } = await rig.facts();
  await tell(notice);
  await tell(notice);
  expect(await since(length)).toMatchObject([
    { kind: 'facts.refused', count: 50 },
    { kind: 'run.notice' },
    { kind: 'run.notice' },
  ]);
});

test('that a person is back is recorded all the same, and once', async () => {
  await useUp();
  const { length } = await rig.facts();
  for (let at = 0; at < 20; at += 1) await tell(paused('r'));
  await tell({ kind: 'run.thawed', runId: 'r', frozenMs: 1, cpuUsWhileFrozen: 0 });
  await tell({ kind: 'run.throttled', runId: 'r', reasons: ['PERSON_PRESENT'], cpuUs: 1 });
  const kinds = (await since(length)).map(({ kind }) => kind);
  expect(kinds).toEqual(['run.paused', 'facts.refused']);
  expect(rig.ledger.world.runs.get('r')?.phase.kind).toBe('paused');
});

test('that a run failed is recorded all the same', async () => {
  await useUp();
  const outcome = { kind: 'failed', code: 'APPLY_FAILED', message: 'no', retry: false } as const;
  const body = { kind: 'finished', outcome, stderrTail: '' } as const;
  await edges.event(host(), { sequence: sequence + 1, runId: 'r', epoch: 1, body });
  expect((await rig.facts()).at(-1)).toMatchObject({ kind: 'run.finished', outcome });
});

test('a scan that ends beyond the quota found nothing, and is done again', async () => {
  await rig.ledger.append([admitted('s', { kind: 'scan' })]);
  await tell(started('s'), 's');
  await useUp();
  const update = updateOf('new');
  const found = { kind: 'found', received: { kind: 'ok', update } } as const;
  const ended = { kind: 'finished', outcome: { kind: 'succeeded' }, stderrTail: '' } as const;
  for (const body of [found, ended]) {
    sequence += 1;
    await edges.event(host(), { sequence, runId: 's', epoch: 1, body });
  }
  expect((await rig.facts()).at(-1)).toMatchObject({
    kind: 'run.finished',
    outcome: { kind: 'failed', code: 'JOURNAL_QUOTA', retry: true },
  });
});

test('that updaters are confined less strongly counts at once, and that they are more strongly does not', async () => {
  await edges.confined(host('confined'));
  await useUp();
  for (let at = 0; at < 100; at += 1) await tell(rootChanged, 'of another');
  const { length } = await rig.facts();
  await expect(edges.confined(host('sealed'))).rejects.toThrow(OverQuotaError);
  await edges.confined(host('none'));
  for (const level of ['none', 'sealed', 'none'] as const) {
    await expect(edges.confined(host(level))).rejects.toThrow(OverQuotaError);
  }
  expect(await since(length)).toMatchObject([{ kind: 'host.confined', level: 'none' }]);
});

test('of what it changed the digests stay, without the list, and no more of it than the reserve', async () => {
  await useUp();
  const { length } = await rig.facts();
  for (let at = 0; at < 100; at += 1) await tell(rootChanged, 'of another');
  const kept = await since(length);
  expect(kept[0]).toMatchObject({ treeAfterSha256: 'a', changes: [], truncated: true });
  expect(kept.filter(({ kind }) => kind === 'root.changed').length).toBeLessThan(20);
});

test('one that says hello without end is not attached any more', async () => {
  await useUp();
  const { length } = await rig.facts();
  let attached = 0;
  for (let at = 0; at < 100; at += 1) {
    await edges.attached(host('sealed', `i-${String(at)}`)).then(
      () => (attached += 1),
      () => undefined,
    );
  }
  expect(attached).toBeGreaterThan(0);
  expect((await since(length)).length).toBeLessThan(50);
  expect(edges.current()).toBeUndefined();
  clock.advance(24 * HOUR_MS);
  await edges.attached(host());
  expect(edges.current()).toBeDefined();
});

test('whoever decides is woken when something is used up', async () => {
  const before = wakes;
  await useUp();
  expect(wakes).toBe(before + 1);
});

test('what could not be written is not counted, and tried again', async () => {
  let fails = true;
  const ledger = {
    append: (facts: readonly Fact[]) =>
      fails ? Promise.reject(new Error('busy')) : rig.ledger.append(facts),
  };
  const quota = new QuotaOfHost({ ledger, clock, log, quotas, onUsedUp: () => undefined });
  const many = Array.from({ length: quotas.host.entries }, () => paused('r'));
  await expect(quota.append(many, 'any')).rejects.toThrow('busy');
  expect(quota.over()).toBeUndefined();
  fails = false;
  await quota.append(many, 'any');
  fails = true;
  await expect(quota.append([notice], 'any')).rejects.toThrow('busy');
  fails = false;
  expect(await quota.append([notice], 'any')).toBe(false);
  expect((await rig.ledger.read(rig.ledger.head.sequence, 1))[0]?.body).toContain('facts.refused');
});
