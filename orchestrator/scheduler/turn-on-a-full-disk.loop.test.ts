// The trip switch while the disk of the journal is full and a turn waits for room on it (T19).

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { AttachResponse } from '../../proto/gen/lull/link/v1/link.js';
import { createLog } from '../../runtime/log.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import { JournalError, type Journal } from '../journal/journal.js';
import { openSqliteJournal } from '../journal/sqlite.js';
import {
  enabled,
  NOW_MS,
  quietReadings,
  started,
  submitted,
  trustingPolicy,
  UPDATER,
} from '../world/history.testing.js';
import { openLedger } from '../world/ledger.loop.js';
import { startTurns } from './turn.loop.js';
import { until } from '../../runtime/until.testing.js';

const HOUR_MS = 3_600_000;
const OTHER = 'com.acme.other';
const log = createLog('test', 'silent');

test('what runs is stopped at once, and what that turn wanted to start is not sent', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'lull-t-'));
  const clock = new VirtualClock(NOW_MS);
  const disk = await openSqliteJournal(join(directory, 'journal.db'));
  let isFull = false;
  let refused = 0;
  const journal: Journal = {
    ...disk,
    append: (entries) => {
      if (!isFull) return disk.append(entries);
      refused += 1;
      return Promise.reject(new JournalError('NO_SPACE', 'full'));
    },
  };
  const ledger = await openLedger({ journal, clock, retry: () => trustingPolicy.retry, log });
  const sent: NonNullable<AttachResponse['kind']>[] = [];
  const host = {
    hostId: 'host-1',
    instanceId: 'i',
    bootId: undefined,
    confinement: undefined,
    held: new Map(),
    diskPath: '',
    send: (command: NonNullable<AttachResponse['kind']>) => void sent.push(command),
  };
  const readings = quietReadings({
    'cpu.cores': { kind: 'number', number: 8 },
    'disk.rotating': { kind: 'flag', flag: false },
  });
  const view = { id: 'host-1', attached: true, level: 'confined', readings } as const;
  const turns = startTurns({
    ...{ ledger, clock, log, policy: () => trustingPolicy, host: () => host },
    hostView: () => ({ ...view, diskPath: '/', servedSinceMs: NOW_MS - HOUR_MS }),
    onWanted: () => undefined,
    soon: setImmediate,
    upMs: () => clock.now().monotonicMs,
    mayStart: () => true,
  });
  await ledger.append([submitted(), enabled()]);
  turns.wake();
  await until('the grant', () => sent.some(({ $case }) => $case === 'grant'));
  await ledger.append([started('run-1'), submitted(OTHER), enabled(OTHER)]);
  sent.length = 0;

  isFull = true;
  turns.wake();
  await until('the full disk', () => refused > 0);
  const untilMs = NOW_MS + HOUR_MS;
  const recorded = ledger.impose({ kind: 'switch.tripped', why: 'x', untilMs, actor: 'operator' });
  turns.wake();
  await until('the stop', () => sent.some(({ $case }) => $case === 'stop'));
  expect(sent.find(({ $case }) => $case === 'stop')).toMatchObject({
    value: { runId: 'run-1', reason: 'TRIPPED' },
  });
  expect(ledger.world.tripped).toBeUndefined();

  isFull = false;
  clock.advance(2_000);
  await recorded;
  await until('the end of what was not sent', () => ledger.world.history.length === 1);
  expect(ledger.world.history[0]).toMatchObject({
    updaterId: OTHER,
    phase: { outcome: { kind: 'cancelled', code: 'TRIPPED' } },
  });
  expect(sent.map(({ $case }) => $case)).not.toContain('grant');
  expect(ledger.world.runs.get('run-1')?.updaterId).toBe(UPDATER);
  await turns.close();
  await disk.close();
  rmSync(directory, { recursive: true });
});
