// Turns over a real ledger, with a clock that the test moves and a host that writes down what it is
// sent.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Readings } from '../../conditions/reading.js';
import type { AttachResponse } from '../../proto/gen/lull/link/v1/link.js';
import { createLog } from '../../runtime/log.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import type { Journal } from '../journal/journal.js';
import { openSqliteJournal } from '../journal/sqlite.js';
import type { HostConnection } from '../link/host-session.loop.js';
import type { Policy } from '../policy/policy.js';
import {
  admitted,
  awaySince,
  enabled,
  engaged,
  finished,
  found,
  NOW_MS,
  paused,
  quietReadings,
  started,
  submitted,
  thawed,
  trustingPolicy,
  updateOf,
  UPDATER,
} from '../world/history.testing.js';
import { openLedger, type Ledger } from '../world/ledger.loop.js';
import { startTurns, type Turns } from './turn.loop.js';
import { until } from '../../runtime/until.testing.js';

const HOUR_MS = 3_600_000;
const log = createLog('test', 'silent');
const policy: Policy = trustingPolicy;

type Command = NonNullable<AttachResponse['kind']>;

let directory: string;
let clock: VirtualClock;
let disk: Journal;
let ledger: Ledger;
let turns: Turns;
let readings: Readings;
let sent: Command[];
let host: HostConnection | undefined;
/** How many entries were durable when each command was sent. */
let durableAtSend: number[];
let beforeAppend: () => Promise<void>;
let appending: number;
let appendingMost: number;
let asked: readonly string[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'lull-t-'));
  clock = new VirtualClock(NOW_MS);
  readings = quietReadings();
  [sent, durableAtSend, appending, appendingMost] = [[], [], 0, 0];
  beforeAppend = () => Promise.resolve();
  disk = await openSqliteJournal(join(directory, 'journal.db'));
  const journal: Journal = {
    append: async (entries) => {
      appending += 1;
      appendingMost = Math.max(appendingMost, appending);
      await beforeAppend();
      await disk.append(entries);
      appending -= 1;
    },
    read: (from, count) => disk.read(from, count),
    head: () => disk.head(),
    close: () => disk.close(),
  };
  ledger = await openLedger({ journal, clock, retry: () => policy.retry, log });
  host = {
    ...{ hostId: 'host-1', instanceId: 'i', bootId: undefined, confinement: undefined },
    ...{ held: new Map(), diskPath: '' },
    send: (command) => {
      sent.push(command);
      durableAtSend.push(ledger.head.sequence);
    },
  };
  turns = startTurns({
    ...{ ledger, clock, log, soon: setImmediate, mayStart: () => true },
    upMs: () => clock.now().monotonicMs,
    policy: () => policy,
    host: () => host,
    hostView: () => ({
      ...{ id: 'host-1', attached: host !== undefined, readings, diskPath: '/' },
      ...{ servedSinceMs: NOW_MS - HOUR_MS, level: 'confined' },
    }),
    onWanted: (wanted) => {
      asked = wanted.apps;
    },
  });
});

afterEach(async () => {
  await turns.close();
  await disk.close();
  rmSync(directory, { recursive: true });
});

async function settle(): Promise<void> {
  for (let turn = 0; turn < 30; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** After an edge. */
async function turnIsOver(): Promise<void> {
  turns.wake();
  await settle();
}

function kinds(): string[] {
  return sent.map(({ $case }) => $case);
}

/** An updater whose scan is due: the next turn admits it. */
async function dueScan(): Promise<void> {
  await ledger.append([submitted(), enabled()]);
}

async function runningScan(): Promise<void> {
  await dueScan();
  turns.wake();
  await until('the grant', () => sent.length === 2);
  await ledger.append([started('run-1')]);
  sent.length = 0;
}

describe('what lets something run', () => {
  test('is durable before it is sent (T2)', async () => {
    await dueScan();
    let release: () => void = () => undefined;
    beforeAppend = () => new Promise((resolve) => (release = resolve));
    turns.wake();
    await until('the append', () => appending === 1);
    await settle();
    expect(sent).toEqual([]);
    expect(ledger.world.runs.size).toBe(0);
    release();
    await until('the grant', () => sent.length > 0);
    expect(sent[0]).toMatchObject({
      $case: 'grant',
      value: {
        runId: 'run-1',
        epoch: 1n,
        attempt: 1,
        leaseMs: policy.leaseMs,
        work: { $case: 'scan' },
      },
    });
    expect(durableAtSend[0]).toBe(3);
    expect(ledger.world.runs.get('run-1')).toMatchObject({ hostId: 'host-1', updaterId: UPDATER });
  });

  test('a host that comes back while it is written is not thought to have heard it (T4)', async () => {
    await dueScan();
    let release: () => void = () => undefined;
    beforeAppend = () => new Promise((resolve) => (release = resolve));
    turns.wake();
    await until('the append', () => appending === 1);
    beforeAppend = () => Promise.resolve();
    if (host !== undefined) host = { ...host, instanceId: 'again' };
    release();
    await until('the next attempt', () => sent.length > 0);
    expect(sent[0]).toMatchObject({ $case: 'grant', value: { runId: 'run-1', attempt: 2 } });
    const entries = await ledger.read(3, 10);
    const written = entries.map(({ body }) => (JSON.parse(body) as { kind: string }).kind);
    expect(written).toEqual(['run.admitted', 'run.interrupted', 'run.admitted']);
  });

  test('two at once are written at once: nobody decides in between (T4)', async () => {
    readings = quietReadings({
      'cpu.cores': { kind: 'number', number: 8 },
      'disk.rotating': { kind: 'flag', flag: false },
    });
    const other = 'com.acme.other';
    await ledger.append([submitted(), enabled(), submitted(other), enabled(other)]);
    let appends = 0;
    beforeAppend = () => {
      appends += 1;
      return Promise.resolve();
    };
    turns.wake();
    await until('both grants', () => kinds().filter((kind) => kind === 'grant').length === 2);
    expect(appends).toBe(1);
  });

  test('is taken up again once the person has been away for long enough, by time alone', async () => {
    await runningScan();
    readings = quietReadings({ presence: awaySince(NOW_MS) });
    await ledger.append([paused('run-1', 'PERSON_PRESENT')]);
    await turnIsOver();
    // Looked at again every 30 s at the latest: the last look is at the instant itself.
    for (let look = 0; look < 8; look += 1) {
      expect(kinds()).not.toContain('resume');
      clock.advance(30_000);
      await settle();
    }
    await until('the permission', () => kinds().includes('resume'));
    const page = await ledger.read(1, 100);
    expect(page.map(({ body }) => body).join()).toContain('run.resumed');
  });
});

test('programs that updates want closed are asked about, each once, and no longer than they wait', async () => {
  const [a, b] = ['a', 'b'].map((id) => updateOf(id, { closedApps: ['/bin/x', `/bin/${id}`] }));
  if (a === undefined || b === undefined) throw new Error('there are two');
  readings = quietReadings({ presence: engaged });
  await ledger.append([submitted(), enabled(), found([a, b])]);
  turns.wake();
  await until('the question', () => asked.length === 3);
  expect(asked).toEqual(['/bin/a', '/bin/b', '/bin/x']);
  await ledger.append([found([])]);
  turns.wake();
  await until('the end of it', () => asked.length === 0);
});

describe('a restart of the machine', () => {
  const reboot = updateOf('a', { nextAction: 'reboot' });
  const wanted = {
    kind: 'run.demanded',
    updaterId: UPDATER,
    updateId: 'a',
    actor: 'operator',
  } as const;

  async function ordered(): Promise<void> {
    const actions = ['download', 'install', 'verify', 'reboot'];
    const scanned = [admitted('s', { kind: 'scan' }), finished('s', { kind: 'succeeded' })];
    const known = [submitted(UPDATER, { actions }), enabled(), found([reboot]), ...scanned];
    await ledger.append([...known, wanted]);
    turns.wake();
    await until('the order', () => kinds().includes('restart'));
  }

  test('is in the journal before the host is told', async () => {
    await ordered();
    const [entry] = (await ledger.read(1, 100)).filter(({ body }) =>
      body.includes('restart.ordered'),
    );
    const sentAt = durableAtSend[kinds().indexOf('restart')];
    expect(entry?.sequence).toBeLessThanOrEqual(sentAt ?? 0);
  });

  test('is taken back at once when an SSH session becomes active, and that is recorded', async () => {
    await ordered();
    readings = quietReadings({ 'session.remote': { kind: 'flag', flag: true } });
    turns.wake();
    await until('the way back', () => kinds().includes('cancelRestart'));
    await settle();
    const bodies = (await ledger.read(1, 100)).map(({ body }) => body).join();
    expect(bodies).toContain('restart.cancelled');
    expect(kinds().filter((kind) => kind === 'restart')).toHaveLength(1);
  });
});

describe('what holds something back', () => {
  test('is sent at once, while the journal is stuck', async () => {
    await runningScan();
    await ledger.append([found([updateOf('a')])]);
    beforeAppend = () => new Promise(() => undefined);
    void ledger.append([thawed('run-1')]);
    readings = quietReadings({ presence: engaged });
    turns.wake();
    await until('the pause', () => kinds().includes('pause'));
    expect(sent.find(({ $case }) => $case === 'pause')).toMatchObject({
      value: { runId: 'run-1', epoch: 1n, reasons: ['PERSON_PRESENT'] },
    });
  });

  test('a suspended updater is stopped', async () => {
    await runningScan();
    await ledger.append([
      { kind: 'updater.suspended', id: UPDATER, code: 'OPERATOR', why: 'x', actor: 'operator' },
    ]);
    turns.wake();
    await until('the stop', () => kinds().includes('stop'));
    expect(kinds()[0]).toBe('stop');
  });
});

describe('turns', () => {
  test('a thousand edges at once are one admission, and one append at a time (T1)', async () => {
    await dueScan();
    for (let edge = 0; edge < 1_000; edge += 1) turns.wake();
    await until('the grant', () => kinds().includes('grant'));
    for (let edge = 0; edge < 1_000; edge += 1) await turnIsOver();
    expect(kinds().filter((kind) => kind === 'grant')).toHaveLength(1);
    expect(appendingMost).toBe(1);
  });

  test('an edge that comes in the middle of a turn is not lost', async () => {
    let release: () => void = () => undefined;
    await ledger.append([submitted(), enabled()]);
    beforeAppend = () => new Promise((resolve) => (release = resolve));
    turns.wake();
    await until('the append', () => appending === 1);
    readings = quietReadings({ presence: engaged });
    turns.wake();
    release();
    await until('the pause of the second turn', () => kinds().includes('pause'));
  });

  test('one that fails is followed by another when its time has come (T3)', async () => {
    await dueScan();
    const working = host;
    if (working === undefined) throw new Error('there is no host');
    host = {
      ...working,
      send: () => {
        throw new Error('the host is gone');
      },
    };
    turns.wake();
    await until('the admission', () => ledger.world.runs.size === 1);
    await settle();
    host = working;
    clock.advance(30_000);
    await until('the renewal', () => kinds().includes('renew'));
  });

  test('what is planned now is what would be done now', async () => {
    await dueScan();
    expect(turns.planNow().admit).toMatchObject([{ runId: 'run-1' }]);
    readings = quietReadings({ presence: engaged });
    expect(turns.planNow().waiting).toMatchObject([{ reasons: [{ code: 'PERSON_PRESENT' }] }]);
  });

  test('after closing nothing is sent any more', async () => {
    await dueScan();
    await turns.close();
    turns.wake();
    clock.advance(60_000);
    await settle();
    expect(sent).toEqual([]);
  });
});

describe('a lease', () => {
  test('is renewed four times while it lasts, as long as the run holds its slot', async () => {
    await runningScan();
    for (let quarter = 0; quarter < 4; quarter += 1) {
      clock.advance(policy.leaseMs / 4);
      await settle();
    }
    const value = { runId: 'run-1', epoch: 1n, leaseMs: policy.leaseMs };
    expect(sent).toEqual(Array(4).fill({ $case: 'renew', value }));
  });

  test('is not renewed by every turn, but at once to a host that has come back', async () => {
    await runningScan();
    for (let edge = 0; edge < 5; edge += 1) await turnIsOver();
    expect(kinds()).toEqual([]);
    if (host !== undefined) host = { ...host, instanceId: 'again' };
    await turnIsOver();
    expect(kinds()).toEqual(['renew']);
  });

  test('is renewed while the journal is stuck: what runs did so with a durable entry', async () => {
    await runningScan();
    beforeAppend = () => new Promise(() => undefined);
    void ledger.append([thawed('run-1')]);
    await turnIsOver();
    sent.length = 0;
    clock.advance(policy.leaseMs);
    expect(kinds().filter((kind) => kind === 'renew').length).toBeGreaterThanOrEqual(4);
  });

  test('of a run whose host has told the next leader nothing yet is neither renewed nor cut short (T5)', async () => {
    await runningScan();
    if (host !== undefined) host = { ...host, instanceId: 'again' };
    for (const [told, sentSince] of [
      [new Map(), []],
      [quietReadings(), ['renew']],
      [quietReadings({ presence: engaged }), ['renew', 'pause']],
    ] as const) {
      readings = told;
      await turnIsOver();
      expect(kinds()).toEqual(sentSince);
    }
  });

  test('of a run that is over is not renewed', async () => {
    await runningScan();
    const outcome = { kind: 'cancelled', code: 'OPERATOR' } as const;
    await ledger.append([
      { kind: 'run.finished', runId: 'run-1', outcome, stderrTail: '' },
      { kind: 'updater.withdrawn', id: UPDATER, actor: 'operator' },
    ]);
    clock.advance(policy.leaseMs * 3);
    await settle();
    expect(sent).toEqual([]);
  });
});
