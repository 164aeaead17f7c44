// What is foretold, in situations. That it is what is decided is a property: decide-time.property.test.

import { describe, expect, test } from '@jest/globals';
import type { Fact } from '../journal/fact.js';
import type { Policy } from '../policy/policy.js';
import { localMinute } from '../policy/window.js';
import { actionOf } from '../runs/run.js';
import {
  admitted,
  at,
  awaySince,
  enabled,
  engaged,
  finished,
  found,
  NOW_MS,
  paused,
  perform,
  started,
  submitted,
  trustingPolicy,
  updateOf,
  UPDATER,
  worldOf,
  type Dated,
} from '../world/history.testing.js';
import { scanJitter } from '../world/retry.js';
import type { World } from '../world/world.js';
import { wholeForecast } from './course.testing.js';
import { decide } from './decide.js';
import { foretell, type Forecast } from './forecast.js';
import type { HostView } from './host-view.js';
import { hostWith, HOUR_MS, offering, OTHER } from './offering.testing.js';

const a = updateOf('a');
const MINUTE_MS = 60_000;
const days2 = { nowMs: NOW_MS, fromMs: NOW_MS, toMs: NOW_MS + 48 * HOUR_MS };
/** Otherwise its first scan would come before everything. */
const scanned = [admitted('s9', { kind: 'scan' }), finished('s9', { kind: 'succeeded' })];
const held: Fact = {
  kind: 'hold.placed',
  updaterId: UPDATER,
  updateId: 'a',
  why: 'not now',
  untilMs: NOW_MS + 90 * 24 * HOUR_MS,
  actor: 'operator',
};

function forecastOf(world: World, host: HostView, policy: Policy = trustingPolicy): Forecast {
  return wholeForecast(world, host, policy, days2);
}

/** What runs, and in which minute from now on it begins. */
function runsOf({ chances }: Forecast): string[] {
  return chances.flatMap(({ work, updaterId, atMs }) => {
    if (atMs === undefined) return [];
    const what = work.kind === 'scan' ? updaterId : work.update.id;
    return [`${actionOf({ work })} ${what} ${((atMs - NOW_MS) / MINUTE_MS).toFixed(1)}`];
  });
}

const updatesOnly = (runs: readonly string[]): string[] =>
  runs.filter((run) => !run.startsWith('scan'));

function inBoot(bootId: string): Fact {
  return { kind: 'host.attached', hostId: 'host-1', instanceId: 'i', bootId };
}

describe('a forecast', () => {
  test('says when each thing runs, if nobody uses the machine from now on', () => {
    const busy = { 'cpu.busy': { kind: 'number', number: 99 } } as const;
    const host = hostWith({ presence: engaged, ...busy });
    const { chances } = forecastOf(worldOf(offering([a])), host);
    const of = (key: string) => chances.find((chance) => chance.key === key)?.atMs;
    expect(of(`${UPDATER} a`)).toBe(NOW_MS + trustingPolicy.waiting.awayMs);
    expect(of(UPDATER)).toBe(NOW_MS - HOUR_MS + 22 * HOUR_MS * (1 - scanJitter('host-1', UPDATER)));
  });

  test('does not take a machine that is still being tried for one that nothing ever runs on', () => {
    const trying = { ...hostWith({ presence: awaySince(NOW_MS - HOUR_MS) }), level: undefined };
    expect(updatesOnly(runsOf(forecastOf(worldOf(offering([a])), trying)))).toEqual([
      'download a 0.2',
      'install a 1.2',
      'verify a 2.2',
    ]);
    const [first] = decide(worldOf(offering([a])), trying, trustingPolicy, NOW_MS).waiting;
    expect(first?.reasons).toMatchObject([{ code: 'CONFINEMENT_UNKNOWN' }]);
    expect(first?.reasons[0]?.message).toContain('is being tried');
  });

  test('counts on a machine to attach just after a start, and not on one that stays away', () => {
    const policy = { ...trustingPolicy, waiting: { ...trustingPolicy.waiting, startUpMs: 0 } };
    const since = (servedSinceMs: number): string[] => {
      const away = hostWith({ presence: awaySince(NOW_MS - HOUR_MS) });
      const host = { ...away, attached: false, level: undefined, servedSinceMs };
      return updatesOnly(runsOf(forecastOf(worldOf(offering([a])), host, policy)));
    };
    expect(since(NOW_MS - 1_000)[0]).toBe('download a 0.2');
    expect(since(NOW_MS - MINUTE_MS)).toEqual([]);
  });

  test('names what stands in the way to the end', () => {
    const { chances, computedUntilMs } = forecastOf(worldOf(offering([a], held)), hostWith());
    const mine = chances.find(({ key }) => key === `${UPDATER} a`);
    expect(mine).toMatchObject({ reasons: [{ code: 'HELD' }] });
    expect(mine?.atMs).toBeUndefined();
    expect(computedUntilMs).toBeUndefined();
  });

  test('goes on from a download to what the updater declares to follow it', () => {
    const declares = (actions: string[]) => {
      const facts = [submitted(UPDATER, { actions }), enabled(), ...scanned, found([a])];
      const world = worldOf([...offering([]), ...at(NOW_MS - 1_000, ...facts)]);
      const since = { presence: awaySince(NOW_MS - HOUR_MS) };
      return updatesOnly(runsOf(forecastOf(world, hostWith(since))));
    };
    const [download, install, verify] = declares(['download', 'install', 'verify']);
    // A minute each, and a moment in which the own run is still in the measurements.
    expect(download).toBe('download a 0.0');
    expect(install).toBe('install a 1.0');
    expect(verify).toBe('verify a 2.0');
    expect(declares(['download', 'verify'])).toEqual(['download a 0.0', 'verify a 1.0']);
    expect(declares(['download'])).toEqual(['download a 0.0']);
  });

  test('keeps a slot taken for as long as its run is expected to take', () => {
    const updates = [updateOf('a', { expectedS: 600 }), updateOf('b', { expectedS: 300 })];
    const offered = [submitted(UPDATER, { actions: ['download'] }), enabled()];
    const facts = [...offered, ...scanned, found(updates)];
    const world = worldOf([...offering([]), ...at(NOW_MS - 1_000, ...facts)]);
    const forecast = forecastOf(world, hostWith());
    expect(updatesOnly(runsOf(forecast))).toEqual(['download a 0.0', 'download b 10.0']);
    expect(forecast.chances.slice(0, 2).map(({ doneAtMs = 0 }) => doneAtMs - NOW_MS)).toEqual([
      10 * MINUTE_MS,
      15 * MINUTE_MS,
    ]);
  });

  test('takes of each action what its updater said of it, and not what it said of the one before', () => {
    const download = updateOf('a', { expectedS: 600 });
    const more = finished('d', { kind: 'more_to_do', nextAction: 'install', expectedS: 120 });
    const silent = finished('d', { kind: 'more_to_do', nextAction: 'install' });
    const begun = [admitted('d', perform(download)), started('d')];
    const lastsS = (end: Fact): number => {
      const world = worldOf([...offering([download]), ...at(NOW_MS - 60_000, ...begun, end)]);
      const { chances } = forecastOf(world, hostWith());
      const { atMs = 0, doneAtMs = 0 } =
        chances.find((chance) => actionOf(chance) === 'install') ?? {};
      return (doneAtMs - atMs) / 1_000;
    };
    expect([lastsS(more), lastsS(silent)]).toEqual([120, 60]);
  });

  test('counts on what runs now to end, and starts the next after it', () => {
    const run = [
      admitted('r', perform(updateOf('b', { expectedS: 300 })), { updaterId: OTHER }),
      started('r'),
    ];
    const world = worldOf([...offering([a]), ...at(NOW_MS - MINUTE_MS, ...run)]);
    expect(updatesOnly(runsOf(forecastOf(world, hostWith())))).toEqual([
      'download b -1.0',
      'download a 4.0',
      'install a 5.0',
      'verify a 6.0',
    ]);
  });

  test('has a chance for a run that is paused: when it goes on', () => {
    const run = [admitted('r', perform(a)), started('r'), paused('r', 'PERSON_PRESENT')];
    const world = worldOf(offering([a], ...run));
    const [first] = updatesOnly(runsOf(forecastOf(world, hostWith({ presence: engaged }))));
    expect(first).toBe(
      `download a ${(trustingPolicy.waiting.awayToResumeMs / MINUTE_MS).toFixed(1)}`,
    );
  });

  test('says of what was asked for at an instant what waits then, and why', () => {
    const install = updateOf('b', { nextAction: 'install' });
    const world = worldOf(offering([a, install], held));
    const fromMs = NOW_MS + HOUR_MS;
    const { waiting } = wholeForecast(world, hostWith({ presence: engaged }), trustingPolicy, {
      ...{ nowMs: NOW_MS, fromMs, toMs: fromMs },
    });
    // Nobody has been there for an hour by then: the install is done, and only the rest waits.
    expect(waiting.map(({ key, reasons }) => [key, reasons.map(({ code }) => code)])).toEqual([
      [`${UPDATER} a`, ['HELD']],
      [OTHER, ['SCAN_NOT_DUE']],
      [UPDATER, ['SCAN_NOT_DUE']],
    ]);
  });

  test.each<[string, Dated[]]>([
    ['has a name', at(NOW_MS - 2 * HOUR_MS, inBoot('one'))],
    ['has none', []],
  ])(
    'takes the restart that is agreed to, and goes on after it: a start that %s',
    (_what, boot) => {
      const reboot = updateOf('a', { nextAction: 'reboot' });
      const policy: Policy = { ...trustingPolicy, restarts: 'allow' };
      const runs = updatesOnly(
        runsOf(forecastOf(worldOf([...boot, ...offering([reboot])]), hostWith(), policy)),
      );
      const { restartWarningMs, waiting } = trustingPolicy;
      const startMs = restartWarningMs + Math.max(waiting.bootMs, waiting.startUpMs);
      expect(runs).toEqual([`reboot a ${(startMs / MINUTE_MS).toFixed(1)}`]);
    },
  );

  test('that is not computed to its end says until when it was', () => {
    const course = foretell(worldOf(offering([a])), hostWith(), trustingPolicy, days2);
    expect(course.step()).toBe(true);
    expect(course.told()).toMatchObject({ computedUntilMs: NOW_MS });
    while (course.step());
    expect(course.told().computedUntilMs).toBeUndefined();
  });

  test('has at most two thousand runs, and says that there are more', () => {
    const updaters = ['a', 'b', 'c'].map((name) => `com.acme.${name}`);
    const scan = { sla_h: 1, floor_h: 1 };
    const facts = updaters.flatMap((id) => [submitted(id, { scan }), enabled(id)]);
    const month = { ...days2, toMs: NOW_MS + 31 * 24 * HOUR_MS };
    const told = wholeForecast(worldOf(at(NOW_MS, ...facts)), hostWith(), trustingPolicy, month);
    expect(told.chances.filter(({ atMs }) => atMs !== undefined)).toHaveLength(2_000);
    expect(told.computedUntilMs).toBeLessThan(month.toMs);
  });

  test('does not pass over the hour from which on nobody is expected back soon', () => {
    const timeZone = 'Asia/Kathmandu'; // Its hours begin at a quarter past.
    const policy: Policy = { ...trustingPolicy, timeZone };
    const hourNow = Math.floor(localMinute(timeZone, NOW_MS) / 60);
    const weeks = Array.from({ length: 12 * 168 }, (_, n): Fact => {
      const isNow = n % 168 === hourNow;
      const seen = isNow ? { awayS: 1_800, returns: 60 } : { awayS: 3_600, returns: 0 };
      return { kind: 'rhythm.hour', hourOfWeek: n % 168, ...seen };
    });
    const manifest = { critical_max_s: 300, actions: ['install'] };
    const install = updateOf('a', { nextAction: 'install' });
    const scan = [
      admitted('s', { kind: 'scan' }),
      found([install]),
      finished('s', { kind: 'succeeded' }),
    ];
    const facts = [...weeks, submitted(UPDATER, manifest), enabled(), ...scan];
    const world = worldOf([...offering([]), ...at(NOW_MS - 1_000, ...facts)]);
    const host = hostWith({ presence: awaySince(NOW_MS - 700_000) });
    const toNextHourMs = (60 - (localMinute(timeZone, NOW_MS) % 60)) * MINUTE_MS;
    const nextHourMs = NOW_MS - (NOW_MS % MINUTE_MS) + toNextHourMs;
    const now = decide(world, host, policy, NOW_MS);
    const mine = now.waiting.find(({ subject }) => subject.state !== undefined);
    expect(mine?.reasons).toMatchObject([{ code: 'QUIET_TOO_SHORT' }]);
    expect(mine?.reasons[0]?.untilMs).toBeUndefined();
    const { chances } = wholeForecast(world, host, policy, days2);
    const run = chances.find(({ key }) => key === `${UPDATER} a`);
    // A section that crosses into the next hour counts half of it already.
    expect(run?.atMs).toBeGreaterThan(NOW_MS);
    expect(run?.atMs).toBeLessThanOrEqual(nextHourMs);
    const before = decide(world, host, policy, (run?.atMs ?? 0) - 1);
    expect(before.admit).toEqual([]);
    expect(decide(world, host, policy, run?.atMs ?? 0).admit).toHaveLength(1);
  });

  test('is not touched by what happens while it is computed, and touches nothing (F2)', () => {
    const world = worldOf(offering([a]));
    const before = structuredClone(decide(world, hostWith(), trustingPolicy, NOW_MS));
    const course = foretell(world, hostWith(), trustingPolicy, days2);
    course.step();
    expect(decide(world, hostWith(), trustingPolicy, NOW_MS)).toEqual(before);
    world.updates.clear();
    world.updaters.clear();
    while (course.step());
    expect(updatesOnly(runsOf(course.told()))).toHaveLength(3);
  });
});

describe('a machine of a group that is shared with others', () => {
  const policy: Policy = {
    ...trustingPolicy,
    groups: [{ name: 'tills', hosts: ['*'], atOnceMax: 1 }],
  };
  const install = worldOf([...offering([updateOf('a', { nextAction: 'install' })])]);

  test('gets its place when it needs it, which is not before', () => {
    const alone: HostView = { ...hostWith(), places: new Map() };
    expect(
      decide(install, alone, policy, NOW_MS).waiting.flatMap(({ reasons }) => reasons),
    ).toEqual(expect.arrayContaining([expect.objectContaining({ code: 'GROUP_FULL' })]));
    expect(runsOf(forecastOf(install, alone, policy))[0]).toBe('install a 0.0');
  });

  test('waits for those who are known to have it', () => {
    const full = { kind: 'refused', max: 1, holders: [{ id: 'till-2', sinceMs: NOW_MS }] } as const;
    const behind: HostView = { ...hostWith(), places: new Map([['tills', full]]) };
    expect(runsOf(forecastOf(install, behind, policy)).join()).not.toContain('install');
  });
});
