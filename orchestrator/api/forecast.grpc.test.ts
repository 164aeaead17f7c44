// The forecast over the operator's socket, and that it agrees with explain.

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { unary } from '../../runtime/grpc.js';
import { reasonOf } from '../../runtime/reason.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import {
  admitted,
  enabled,
  engaged,
  finished,
  found,
  NOW_MS,
  paused,
  perform,
  quietReadings,
  started,
  submitted,
  trustingPolicy,
  updateOf,
  UPDATER,
} from '../world/history.testing.js';
import { forecastOf } from './forecast.loop.js';
import { openOperator, type OperatorUnderTest } from './operator.testing.js';

const options = { deadlineMs: 30_000 };
const HOUR_MS = 3_600_000;
const actions = ['download', 'install', 'verify'];
let operator: OperatorUnderTest;

beforeEach(async () => {
  operator = await openOperator();
  const { ledger } = operator.rig;
  await ledger.append([submitted(UPDATER, { actions }), enabled(), found([updateOf('a')])]);
  operator.machine.readings = quietReadings({ presence: engaged });
});

afterEach(() => operator.close());

/** Otherwise the first scan would come before everything. */
async function hasScanned(): Promise<void> {
  const run = admitted('s', { kind: 'scan' });
  await operator.rig.ledger.append([run, finished('s', { kind: 'succeeded' })]);
}

function forecast(fromUnixMs = 0, forMs = 0) {
  const { client } = operator;
  const request = { fromUnixMs: BigInt(fromUnixMs), forMs: BigInt(forMs) };
  return unary(client.forecast.bind(client), request, options);
}

async function explain(subject: string) {
  const { client } = operator;
  const { subjects } = await unary(client.explain.bind(client), { subject }, options);
  return subjects[0];
}

type Told = Awaited<ReturnType<typeof forecast>>;

function runsOf({ chances }: Told): string[] {
  return chances
    .filter(({ atUnixMs }) => atUnixMs !== undefined)
    .map(({ subject }) => `${subject?.action ?? ''} ${subject?.updateId ?? ''}`.trim());
}

test('nobody uses the machine from now on, so that at 03:00 the night has done its work', async () => {
  await hasScanned();
  const fromMs = NOW_MS + 5 * HOUR_MS;
  const { chances, waiting, computedUntilUnixMs } = await forecast(fromMs, HOUR_MS);
  expect(computedUntilUnixMs).toBeUndefined();
  const done = chances.filter(({ doneAtUnixMs }) => Number(doneAtUnixMs ?? Infinity) <= fromMs);
  expect(runsOf({ chances: done } as Told)).toEqual(['download a', 'install a', 'verify a']);
  // Whoever left at 03:00 only would have kept the install waiting until ten past.
  expect(waiting.map(({ reasons }) => reasons.map(({ code }) => code))).toEqual([['SCAN_NOT_DUE']]);
});

test('the first chance is the one that explain names', async () => {
  await hasScanned();
  const { chances } = await forecast();
  const first = chances.find(({ subject }) => subject?.updateId === 'a');
  expect(first?.atUnixMs).toBe(BigInt(NOW_MS + trustingPolicy.waiting.awayMs));
  expect((await explain('a'))?.outlook?.atUnixMs).toBe(first?.atUnixMs);
});

test('a run that is paused has a next chance, in explain as in the forecast', async () => {
  const run = admitted('r', perform(updateOf('a')));
  await operator.rig.ledger.append([run, started('r'), paused('r', 'PERSON_PRESENT')]);
  const goesOnMs = NOW_MS + trustingPolicy.waiting.awayToResumeMs;
  const subject = await explain('a');
  expect(subject?.reasons.map(({ code }) => code)).toEqual(['PERSON_PRESENT']);
  expect(Number(subject?.outlook?.atUnixMs)).toBe(goesOnMs);
});

test('a reason comes with what was measured, the limit, the unit and what it is about', async () => {
  operator.machine.readings = quietReadings({
    'pressure.io': { kind: 'number', number: 61.5 },
    'memory.used': { kind: 'number', number: 99 },
  });
  const subject = await explain('a');
  expect(subject?.reasons).toMatchObject([
    { code: 'UNDER_PRESSURE', about: 'pressure.io', measured: '61.5', unit: '%' },
    { code: 'MEMORY_FULL', about: 'memory.used', measured: '99', unit: '%' },
  ]);
  expect(subject?.reasons.map(({ limit }) => Number(limit) > 0)).toEqual([true, true]);
});

describe('what is asked for', () => {
  test.each<[string, number, number]>([
    ['an instant that has passed', NOW_MS - HOUR_MS, 0],
    ['one that is two months ahead', NOW_MS + 60 * 24 * HOUR_MS, 0],
    ['more than a month', 0, 32 * 24 * HOUR_MS],
  ])('%s is refused', async (_what, fromMs, forMs) => {
    const refusal = forecast(fromMs, forMs).then(
      () => 'none',
      (error: unknown) => reasonOf(error),
    );
    expect(await refusal).toBe('FIELD_INVALID');
  });

  test('no further than asked: what comes later is not in this time', async () => {
    const { chances } = await forecast(0, 60_000);
    expect(chances.map(({ atUnixMs }) => atUnixMs)).toEqual([undefined, undefined]);
  });
});

test('whoever has computed for two seconds stops, and says how far', async () => {
  const { ledger } = operator.rig;
  class Hurried extends VirtualClock {
    override now() {
      this.advance(1_000);
      return super.now();
    }
  }
  const { computedUntilMs } = await forecastOf(
    {
      ledger,
      policy: () => trustingPolicy,
      clock: new Hurried(NOW_MS),
      hostView: () => ({
        ...{ id: 'host-1', attached: true, level: 'confined', diskPath: '/', servedSinceMs: 0 },
        readings: quietReadings(),
      }),
    },
    { forMs: 48 * HOUR_MS },
  );
  expect(computedUntilMs).toBeDefined();
});

test('what somebody has just said no to is held, durable or not', async () => {
  const { ledger } = operator.rig;
  await hasScanned();
  const untilMs = NOW_MS + 365 * 24 * HOUR_MS;
  const hold = {
    kind: 'hold.placed',
    updaterId: UPDATER,
    updateId: 'a',
    why: 'w',
    untilMs,
  } as const;
  const recorded = ledger.impose({ ...hold, actor: 'operator' });
  expect(ledger.world.holds.size).toBe(0);
  const { chances } = await forecastOf(
    {
      ledger,
      policy: () => trustingPolicy,
      clock: new VirtualClock(NOW_MS),
      hostView: () => ({
        ...{ id: 'host-1', attached: true, level: 'confined', diskPath: '/', servedSinceMs: 0 },
        readings: quietReadings(),
      }),
    },
    { forMs: HOUR_MS },
  );
  await recorded;
  const mine = chances.filter(({ work }) => work.kind === 'perform');
  expect(mine.map(({ atMs, reasons }) => [atMs, reasons.map(({ code }) => code)])).toEqual([
    [undefined, ['HELD']],
  ]);
});

test('what happens while it is computed is not mixed in (F2)', async () => {
  const { ledger } = operator.rig;
  const told = forecast();
  const facts = Array.from({ length: 200 }, (_, n) => found([updateOf(`new${String(n)}`)]));
  for (const fact of facts) await ledger.append([fact]);
  const names = new Set((await told).chances.map(({ subject }) => subject?.updateId));
  // All of one world, whichever it was when the question came in.
  expect(names.size).toBe(2);
});
