// A server in a rack, through the whole service: whether somebody is there is a matter of its sessions
// alone, and load is measured as anywhere.

import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Reading } from '../../conditions/reading.js';
import { readingFromWire } from '../../proto/wire/reading.js';
import { systemClock } from '../../runtime/clock.js';
import { unary } from '../../runtime/grpc.js';
import { statText } from '../probe/fake-machine.testing.js';
import { defaultAwayAfter } from '../reading/seat.js';
import { utmpRecord, utmpType } from '../reading/utmp-record.testing.js';
import { startSensorUnderTest, type SensorUnderTest } from './sensor-under-test.testing.js';

const MINUTE_MS = 60_000;
const BOOTED_MIN = 300;

let sensor: SensorUnderTest | undefined;

beforeEach(() => start());

async function start(awayAfter = defaultAwayAfter): Promise<void> {
  sensor = await startSensorUnderTest(systemClock, { profile: 'headless', awayAfter });
  const bootAtS = Math.floor((Date.now() - BOOTED_MIN * MINUTE_MS) / 1_000);
  const load = statText({ busy: 1_000, idle: 9_000 });
  sensor.machine.write('proc/stat', `${load}btime ${String(bootAtS)}\n`);
}

afterEach(async () => {
  await sensor?.close();
});

/** Somebody logged in over SSH, and typed last so long ago. */
function logIn(typedMinutesAgo: number): void {
  const { dir } = sensor?.machine ?? { dir: '' };
  const atMs = Date.now() - typedMinutesAgo * MINUTE_MS;
  sensor?.machine.write('dev/pts/0', '');
  utimesSync(join(dir, 'dev/pts/0'), new Date(atMs), new Date(atMs));
  const session = { type: utmpType.session, line: 'pts/0', host: 'far.example', atMs };
  sensor?.machine.write('run/utmp', '');
  const boot = { type: utmpType.boot, atMs: Date.now() - BOOTED_MIN * MINUTE_MS };
  const records = [boot, session].map((record) => utmpRecord(record, process.arch));
  writeFileSync(join(dir, 'run/utmp'), Buffer.concat(records));
}

async function ask(): Promise<Map<string, Reading>> {
  const { client } = sensor ?? {};
  if (client === undefined) throw new Error('there is no sensor');
  const { readings } = await unary(client.getState.bind(client), {}, { deadlineMs: 5_000 });
  return new Map(readings.flatMap((wire) => readingFromWire(wire) ?? []).map((r) => [r.signal, r]));
}

test('somebody who typed a minute ago is there, without any seat', async () => {
  logIn(1);
  const told = await ask();
  expect(told.get('presence')?.value).toEqual({
    kind: 'presence',
    presence: { kind: 'engaged' },
  });
  expect(told.get('presence')?.source).toContain('no seat here');
  expect(told.get('session.remote')?.value).toEqual({ kind: 'flag', flag: true });
});

test('where the machine says that a session counts for longer, who typed a while ago is there', async () => {
  await sensor?.close();
  await start({ ...defaultAwayAfter, terminalMs: 60 * MINUTE_MS });
  logIn(45);
  const told = await ask();
  expect(told.get('session.remote')?.value).toEqual({ kind: 'flag', flag: true });
  expect(told.get('presence')?.value).toMatchObject({ presence: { kind: 'engaged' } });
});

test('a session left open is nobody, since the last key; load is measured', async () => {
  logIn(45);
  const told = await ask();
  const value = told.get('presence')?.value;
  const since = value?.kind === 'presence' && value.presence.kind === 'away';
  expect(since && Date.now() - value.presence.sinceMs).toBeGreaterThan(44 * MINUTE_MS);
  expect(told.get('session.remote')?.value).toEqual({ kind: 'flag', flag: false });
  expect(told.get('memory.used')?.value.kind).toBe('number');
});

test('without a list of sessions nobody can tell, and that is said', async () => {
  const told = await ask();
  expect(told.get('presence')?.value).toMatchObject({
    kind: 'unknown',
    why: expect.stringMatching(/utmp does not exist/) as unknown,
  });
});
