// Sleeps, and clocks that somebody set, by three clocks that drift apart.

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createLog } from '../../runtime/log.js';
import type { ClockShift } from '../reading/clock-shift.js';
import type { Instant } from '../reading/measurement.js';
import { clockProbes } from './clock.js';
import { createFakeMachine, type FakeMachine } from './fake-machine.testing.js';
import type { Probe } from './probe.js';

const NOW = 1_900_000_000_000;
const at = (ms: number, wallMs = NOW + ms): Instant => ({ wallMs, monotonicMs: ms });

let machine: FakeMachine;

beforeEach(() => {
  machine = createFakeMachine();
});

afterEach(() => {
  machine.close();
});

describe('clocks', () => {
  const shifts: ClockShift[] = [];
  const sleeps: number[] = [];
  const uptime = (ms: number): void => {
    machine.write('proc/uptime', `${(ms / 1_000).toFixed(2)} 1.00\n`);
  };
  /** What notices, and what tells. */
  const open = (): readonly [Probe, Probe] => {
    shifts.length = 0;
    sleeps.length = 0;
    const onShift = (shift: ClockShift, sleptMs: number): void => {
      shifts.push(shift);
      sleeps.push(sleptMs);
    };
    return clockProbes({ procRoot: machine.procRoot, log: createLog('sensor', 'silent'), onShift });
  };

  test('a night asleep is a waking, and a shift by the night', async () => {
    const [notices, tells] = open();
    uptime(1_000);
    await notices.measure(at(0));
    uptime(1_000 + 1_000 + 28_800_000);
    const wokeAt = NOW + 1_000 + 28_800_000;
    await notices.measure(at(1_000, wokeAt));
    const [resume] = await tells.measure(at(1_000, wokeAt));
    expect(resume?.value).toEqual({ kind: 'number', number: wokeAt });
    expect(shifts).toEqual([{ atMs: NOW + 1_000, byMs: 28_800_000 }]);
    expect(sleeps).toEqual([28_800_000]);
  });

  test('the first sleep is one also where the kernel did not say at first how long it is up', async () => {
    const [notices, tells] = open();
    await notices.measure(at(0));
    uptime(1_000);
    await notices.measure(at(1_000));
    uptime(2_000);
    await notices.measure(at(2_000));
    // The clock is set back by half of it in the meantime.
    const wokeAt = NOW + 3_000 + 14_400_000;
    uptime(3_000 + 28_800_000);
    await notices.measure(at(3_000, wokeAt));
    const [resume] = await tells.measure(at(3_000, wokeAt));
    expect(resume?.value).toEqual({ kind: 'number', number: wokeAt });
    expect(shifts).toEqual([{ atMs: NOW + 3_000, byMs: 14_400_000 }]);
    expect(sleeps).toEqual([28_800_000]);
  });

  test.each([undefined, 'soon\n', '12'])(
    'where the kernel says %j of how long it is up, a jump ahead is a sleep and one back is none',
    async (text) => {
      const [notices, tells] = open();
      if (text !== undefined) machine.write('proc/uptime', text);
      await notices.measure(at(0));
      await notices.measure(at(1_000, NOW + 1_000 - 3_600_000));
      const [none] = await tells.measure(at(1_000));
      expect(none?.value.kind).toBe('unknown');
      await notices.measure(at(2_000, NOW + 2_000));
      const [resume] = await tells.measure(at(2_000));
      expect(resume?.value).toEqual({ kind: 'number', number: NOW + 2_000 });
      expect(shifts).toEqual([
        { atMs: NOW + 1_000, byMs: -3_600_000 },
        { atMs: NOW + 2_000 - 3_600_000, byMs: 3_600_000 },
      ]);
      expect(sleeps).toEqual([0, 3_600_000]);
    },
  );

  test('a clock set a day ahead is a shift and no waking, of a second and of no less', async () => {
    const [notices, tells] = open();
    uptime(1_000);
    await notices.measure(at(0));
    await notices.measure(at(1_000, NOW + 1_999));
    expect(shifts).toEqual([]);
    uptime(3_000);
    await notices.measure(at(2_000, NOW + 3_999));
    expect(shifts).toEqual([{ atMs: NOW + 2_999, byMs: 1_000 }]);
    uptime(4_000);
    await notices.measure(at(3_000, NOW + 4_999 + 86_400_000));
    expect(shifts.at(-1)).toEqual({ atMs: NOW + 4_999, byMs: 86_400_000 });
    const [resume] = await tells.measure(at(3_000));
    expect(resume?.value.kind).toBe('unknown');
    expect(sleeps).toEqual([0, 0]);
  });

  test('a clock set a day back is a shift and no waking; a clock that drifts is neither', async () => {
    const [notices, tells] = open();
    uptime(1_000);
    await notices.measure(at(0));
    await notices.measure(at(1_000, NOW + 1_100));
    expect(shifts).toEqual([]);
    uptime(3_000);
    await notices.measure(at(2_000, NOW + 2_100 - 86_400_000));
    const [resume] = await tells.measure(at(2_000, NOW + 2_100 - 86_400_000));
    expect(resume?.value.kind).toBe('unknown');
    expect(shifts).toEqual([{ atMs: NOW + 2_100, byMs: -86_400_000 }]);
    expect(sleeps).toEqual([0]);
  });
});
