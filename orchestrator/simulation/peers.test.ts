// Others' rules, in days of which each looks at something else.

import { describe, expect, test } from '@jest/globals';
import type { Signal, Value } from '../../conditions/reading.js';
import { calmReadings, readingOf } from './calm.js';
import type { Errand } from './errand.js';
import { peers } from './peers.js';
import { merged, lengthMs, within } from './span.js';
import { syntheticTraces } from './synthetic.js';
import { finished, type Trace } from './trace.js';

const START_MS = Date.UTC(2030, 0, 7);
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const WORK_MS = 600_000;

type Row = readonly [hour: number, signal: Signal, value: Value];
const flag = (value: boolean): Value => ({ kind: 'flag', flag: value });
const number = (value: number): Value => ({ kind: 'number', number: value });
const word = (value: string): Value => ({ kind: 'word', word: value });
const here: Value = { kind: 'presence', presence: { kind: 'engaged' } };
const gone = (hour: number): Value => ({
  kind: 'presence',
  presence: { kind: 'away', sinceMs: START_MS + hour * HOUR_MS },
});

/** Three days in which somebody is there, on mains, but for what `rows` say. */
function days(...rows: Row[]): Trace {
  const all: Row[] = [[0, 'presence', here], [0, 'power.ac', flag(true)], ...rows];
  const readings = [
    ...calmReadings(START_MS),
    ...all.map(([hour, signal, value]) => readingOf(signal, value, START_MS + hour * HOUR_MS)),
  ].sort((a, b) => a.observedAtMs - b.observedAtMs);
  const endMs = START_MS + 3 * DAY_MS;
  return finished({ device: 'd', startMs: START_MS, endMs, readings, tells: new Set() });
}

/** When it ran, in hours. */
function hoursOf(name: string, trace: Trace, stepMs = 0): number[][] {
  const peer = peers.find((each) => each.name === name);
  if (peer === undefined) throw new Error(`no ${name}`);
  const deadlineMs = trace.endMs;
  const errand: Errand = { trace, arrivalMs: START_MS, deadlineMs, workMs: WORK_MS, stepMs };
  return peer
    .run(errand)
    .ran.map(({ fromMs, toMs }) => [fromMs, toMs].map((atMs) => (atMs - START_MS) / HOUR_MS));
}

const startOf = (name: string, trace: Trace): number => hoursOf(name, trace)[0]?.[0] ?? NaN;

describe("others' rules", () => {
  test('cron looks at nothing but the clock', () => {
    expect(startOf('cron 04:00', days([0, 'power.ac', flag(false)]))).toBe(4);
  });

  test.each<[string, Row]>([
    ['a metered network', [0, 'network.metered', word('yes')]],
    ['a portal', [0, 'network.connectivity', word('portal')]],
    ['others on the line', [0, 'network.others', number(800_000)]],
    ['full memory', [0, 'memory.used', number(95)]],
  ])('uupd starts in the quarter of an hour after four, and not with %s', (_what, row) => {
    const at = startOf('uupd', days());
    expect(at).toBeGreaterThanOrEqual(4);
    expect(at).toBeLessThan(4.25);
    expect(hoursOf('uupd', days(row))).toEqual([]);
  });

  test('uupd runs on battery unless it is low, looks for ten minutes, then tomorrow', () => {
    const off: Row = [0, 'power.ac', flag(false)];
    expect(startOf('uupd', days(off))).toBeLessThan(4.25);
    const low: Row = [0, 'power.battery', number(10)];
    expect(hoursOf('uupd', days(off, low))).toEqual([]);
    const later = days(off, low, [5, 'power.battery', number(50)]);
    expect(Math.floor(startOf('uupd', later))).toBe(28);
  });

  test('unattended-upgrades stops when mains are lost, and goes on the next day', () => {
    const start = startOf('unattended-upgrades', days());
    expect(start).toBeGreaterThanOrEqual(6);
    expect(start).toBeLessThan(7);
    const cut = start + 0.05;
    const trace = days([cut, 'power.ac', flag(false)], [20, 'power.ac', flag(true)]);
    const ran = hoursOf('unattended-upgrades', trace);
    expect(ran).toHaveLength(2);
    expect(ran[0]?.[1]).toBeCloseTo(cut, 3);
    expect(ran[1]?.[0]).toBeGreaterThan(30);
  });

  test('GNOME Software looks again every hour, and is cancelled by a power saver', () => {
    const start = startOf('GNOME Software', days());
    const gaming = days(
      [0, 'attention.game', flag(true)],
      [start + 2.5, 'attention.game', flag(false)],
    );
    expect(startOf('GNOME Software', gaming)).toBeCloseTo(start + 3, 3);
    const saver = days(
      [start + 0.05, 'power.saver', flag(true)],
      [start + 0.5, 'power.saver', flag(false)],
    );
    expect(hoursOf('GNOME Software', saver).map(([from]) => from)).toHaveLength(2);
  });

  test('snapd takes the first of its four times a day', () => {
    expect(startOf('snapd', days())).toBeLessThan(6);
  });

  test('Zincati waits ten minutes of its window for sessions, and starts at once without', () => {
    expect(startOf('Zincati, 02-06', days())).toBeCloseTo(2 + 1 / 6, 6);
    expect(startOf('Zincati, 02-06', days([1, 'presence', gone(1)]))).toBe(2);
    expect(startOf('Zincati, 02-06', days([2.05, 'presence', gone(2.05)]))).toBeCloseTo(2.05, 6);
  });

  test("Chromium's updater is done within four and a half hours, whoever is there", () => {
    expect(startOf("Chromium's updater", days())).toBeLessThan(4.5);
  });

  test('a Windows idle task waits for four minutes and an idle processor; input ends it', () => {
    const trace = days(
      [5, 'presence', gone(5)],
      [5, 'cpu.busy', number(40)],
      [6, 'cpu.busy', number(2)],
      [6.1, 'presence', here],
      [8, 'presence', gone(8)],
    );
    const ran = hoursOf('Windows idle task', trace).flat();
    expect(ran.map((hour) => Number(hour.toFixed(4)))).toEqual([6, 6.1, 8.0667, 8.1333]);
  });

  test('an Android idle job waits for half an hour of a dark screen on mains, and its deadline forces it', () => {
    expect(startOf('Android idle job', days([5, 'presence', gone(5)]))).toBeCloseTo(5 + 31 / 60, 6);
    const battery = days([5, 'presence', gone(5)], [0, 'power.ac', flag(false)]);
    expect(startOf('Android idle job', battery)).toBeCloseTo(72 - 1 / 6, 6);
    const short = days([5, 'presence', gone(5)], [5 + 36 / 60, 'presence', here]);
    const ran = hoursOf('Android idle job', short)
      .flat()
      .map((hour) => hour.toFixed(3));
    expect(ran).toEqual(['5.517', '5.600', '71.833', '71.917']);
  });

  test('whatever the trace, none runs twice at once, nor longer than the work, nor before its time', () => {
    for (const trace of syntheticTraces(5, 20, 4)) {
      for (const stepMs of [0, 60_000]) {
        const arrivalMs = trace.startMs + HOUR_MS;
        const errand: Errand = {
          trace,
          arrivalMs,
          deadlineMs: trace.endMs,
          workMs: WORK_MS,
          stepMs,
        };
        for (const peer of peers) {
          const { name } = peer;
          const { ran, finishedAtMs } = peer.run(errand);
          const whole = [name, trace.device, lengthMs(ran)];
          expect([name, merged(ran)]).toEqual([name, merged(within(ran, arrivalMs, trace.endMs))]);
          expect(lengthMs(merged(ran))).toBe(lengthMs(ran));
          if (finishedAtMs !== undefined) expect(whole[2]).toBe(WORK_MS);
          else expect(whole[2]).toBeLessThanOrEqual(WORK_MS);
        }
      }
    }
  });
});
