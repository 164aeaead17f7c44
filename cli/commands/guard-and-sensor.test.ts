// A person comes back: from the report to the real sensor-service to the frozen sandbox, in one
// process as `lull up` starts them.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Requirement } from '../../conditions/requirement.js';
import { openGuard, type Guard } from '../../plugin-host/guard/guard.loop.js';
import type { RunEvent } from '../../plugin-host/runs/event.js';
import { Pauses } from '../../plugin-host/runs/pauses.loop.js';
import {
  recordingSandbox,
  type RecordingSandbox,
} from '../../plugin-host/runs/recording-sandbox.testing.js';
import { Section } from '../../plugin-host/runs/section.loop.js';
import { systemClock } from '../../runtime/clock.js';
import { createLog } from '../../runtime/log.js';
import { startSensorService, type SensorService } from '../../sensor-service/main.js';
import { reportPresence } from './ask.js';
import { until } from '../../runtime/until.testing.js';

const away: Requirement = { kind: 'person-away', forMs: 0 };

let runDir: string;
let sensor: SensorService;
let guard: Guard;
let sandbox: RecordingSandbox;
let pauses: Pauses;
let events: RunEvent[];
let unprotect: () => void;

beforeEach(async () => {
  runDir = mkdtempSync(join(tmpdir(), 'lull-s-'));
  sensor = await startSensorService(
    { runDir, diskPaths: ['/'] },
    { clock: systemClock, log: createLog('test', 'silent') },
  );
  guard = openGuard({ runDir, clock: systemClock });
  await reportPresence(runDir, 'away', 0);
  await until('the person to be away', () => guard.objections([away]).length === 0);
  events = [];
  sandbox = recordingSandbox(systemClock);
  const emit = (event: RunEvent) => events.push(event);
  pauses = new Pauses({
    clock: systemClock,
    section: new Section({ clock: systemClock, emit, onOverrun: () => undefined }),
    runMsMax: 600_000,
    emit,
    onStep: () => undefined,
    onTimeLimit: () => undefined,
    onGoesOn: () => undefined,
  });
  pauses.attach(sandbox);
  unprotect = guard.protect({
    requirements: [away],
    onBroken: (reasons, edgeNs) => {
      pauses.hold(
        'guard',
        reasons.map(({ code }) => code),
        edgeNs,
      );
    },
  });
});

afterEach(async () => {
  unprotect();
  pauses.close();
  await guard.close();
  await sensor.close();
  rmSync(runDir, { recursive: true });
});

test('the return freezes the run, with the time from the edge to the freeze', async () => {
  await reportPresence(runDir, 'engaged', 0);
  await until('the freeze', () => sandbox.isFrozen());
  expect(events).toMatchObject([{ kind: 'frozen', reasons: ['PERSON_PRESENT'] }]);
  const [event] = events;
  expect(event?.kind === 'frozen' ? event.reactionNs : undefined).toBeGreaterThan(0n);
});

test('leaving again lets go of nothing by itself; a permission does', async () => {
  await reportPresence(runDir, 'engaged', 0);
  await until('the freeze', () => sandbox.isFrozen());
  pauses.permit(guard.objections([away]).map(({ code }) => code));
  expect(sandbox.calls).toEqual(['freeze']);
  await reportPresence(runDir, 'away', 0);
  await until('the reading', () => guard.objections([away]).length === 0);
  expect(sandbox.isFrozen()).toBe(true);
  pauses.permit(guard.objections([away]).map(({ code }) => code));
  expect(sandbox.calls).toEqual(['freeze', 'thaw']);
});

test('a sensor-service that ends freezes the run: silence counts as present', async () => {
  await sensor.close();
  await until('the freeze', () => sandbox.isFrozen());
  expect(events[0]).toMatchObject({ kind: 'frozen', reasons: ['PRESENCE_UNKNOWN'] });
});
