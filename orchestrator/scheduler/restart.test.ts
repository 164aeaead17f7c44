// Restarts: asked for, coalesced, and never taken without an operator or policy.

import { describe, expect, test } from '@jest/globals';
import { readingKey, withReadings, type Signal, type Value } from '../../conditions/reading.js';
import { objections } from '../../conditions/requirement.js';
import type { Fact } from '../journal/fact.js';
import type { Policy } from '../policy/policy.js';
import {
  admitted,
  at,
  awaySince,
  engaged,
  finished,
  found,
  NOW_MS,
  perform,
  started,
  trustingPolicy,
  updateOf,
  UPDATER,
  worldOf,
  type Dated,
} from '../world/history.testing.js';
import { decide } from './decide.js';
import type { HostView } from './host-view.js';
import { hostWith, HOUR_MS, offering, OTHER } from './offering.testing.js';
import type { Plan } from './plan.js';

const allow: Policy = { ...trustingPolicy, restarts: 'allow' };
const a = updateOf('a', { nextAction: 'reboot' });
const b = updateOf('b', { nextAction: 'reboot' });
const demanded: Fact = {
  kind: 'run.demanded',
  updaterId: UPDATER,
  updateId: 'a',
  actor: 'operator',
};
/** Both updates asked for their restart an hour ago. */
const ASKED_MS = NOW_MS - HOUR_MS;

function plan(
  dated: readonly Dated[],
  policy = trustingPolicy,
  host = hostWith(),
  nowMs = NOW_MS,
): Plan {
  return decide(worldOf(dated), host, policy, nowMs);
}

function codesOf({ waiting }: Plan, id = 'a'): string[] {
  const mine = waiting.find(({ subject }) => subject.state?.update.id === id);
  return mine?.reasons.map(({ code }) => code) ?? [];
}

function bootedAt(atMs: number, changes: Partial<Record<Signal, Value>> = {}): HostView {
  return hostWith({ 'boot.at': { kind: 'number', number: atMs }, ...changes });
}

describe('a restart of the machine', () => {
  test('is asked for, and nothing else happens', () => {
    const asked = plan(offering([a, b]));
    expect([codesOf(asked, 'a'), codesOf(asked, 'b')]).toEqual([
      ['NEEDS_OPERATOR'],
      ['NEEDS_OPERATOR'],
    ]);
    expect(asked).toMatchObject({ admit: [], restart: {} });
  });

  test('is ordered once for every update that waits for it, where policy agreed', () => {
    const { restart, admit } = plan(offering([a, b]), allow);
    expect(admit).toEqual([]);
    expect(restart.order).toEqual({
      atMs: NOW_MS + 15 * 60_000,
      updates: [`${UPDATER} a`, `${UPDATER} b`],
    });
  });

  test('is ordered where an operator wants one of them now, for all of them', () => {
    const { restart } = plan(offering([a, b], demanded));
    expect(restart.order?.updates).toEqual([`${UPDATER} a`, `${UPDATER} b`]);
  });

  const against: [string, Partial<Record<Signal, Value>>, string][] = [
    ['somebody is there', { presence: engaged }, 'PERSON_PRESENT'],
    [
      'an SSH session is active',
      { 'session.remote': { kind: 'flag', flag: true } },
      'REMOTE_SESSION',
    ],
    ['a call is on', { 'attention.call': { kind: 'flag', flag: true } }, 'ATTENTION_HELD'],
    ['the machine runs on battery', { 'power.ac': { kind: 'flag', flag: false } }, 'ON_BATTERY'],
  ];
  test.each(against)('is not ordered while %s', (_what, changes, code) => {
    const waits = plan(offering([a]), allow, hostWith(changes));
    expect(waits.restart).toEqual({});
    expect(codesOf(waits)).toContain(code);
  });

  test.each(against)(
    'goes with a guard, by which its host takes it back alone when %s',
    (_what, changes, code) => {
      const { guard = [] } = plan(offering([a, b]), allow).restart;
      expect(objections(guard, hostWith().readings, NOW_MS)).toEqual([]);
      const broken = objections(guard, hostWith(changes).readings, NOW_MS);
      expect(broken.map((reason) => reason.code)).toContain(code);
    },
  );

  test('is taken by policy three times for one version, and then asked for: it may never be enough', () => {
    const asked = (count: number): Fact[] =>
      Array.from({ length: count }, (_, n): Fact[] => [
        admitted(`r${String(n)}`, perform(n === 0 ? updateOf('a', { nextAction: 'install' }) : a)),
        finished(`r${String(n)}`, { kind: 'more_to_do', nextAction: 'reboot' }),
      ]).flat();
    const first = updateOf('a', { nextAction: 'install' });
    expect(plan(offering([first], ...asked(3)), allow).restart.order).toBeDefined();
    const fourth = plan(offering([first], ...asked(4)), allow);
    expect(fourth.restart).toEqual({});
    expect(codesOf(fourth)).toContain('NEEDS_OPERATOR');
    expect(fourth.waiting[0]?.reasons[0]?.message).toContain('and did so 3 times for it');
    expect(plan(offering([first], ...asked(4), demanded), allow).restart.order).toBeDefined();
    const again = updateOf('a', { nextAction: 'reboot' });
    expect(plan(offering([first], ...asked(4), found([again])), allow).restart).toEqual({});
  });

  test('waits for what is under way, and for what could start', () => {
    const other = updateOf('c', { nextAction: 'install' });
    const startable = plan(offering([a, other]), allow);
    expect(startable.admit.map(({ subject }) => subject.key)).toEqual([`${UPDATER} c`]);
    expect(startable.restart).toEqual({});
    const run = [admitted('r', perform(other)), started('r')];
    expect(plan(offering([a, other], ...run), allow).restart).toEqual({});
  });

  describe('that was ordered', () => {
    const ordered: Fact = {
      kind: 'restart.ordered',
      hostId: 'host-1',
      atMs: NOW_MS + 600_000,
      updates: [`${UPDATER} a`],
    };
    const dated = [...offering([a, b]), ...at(NOW_MS - 300_000, ordered)];
    const suspended: Fact = {
      ...{ kind: 'updater.suspended', id: UPDATER, code: 'OPERATOR', why: 'w', actor: 'operator' },
    };

    const veto: Fact = {
      ...{ kind: 'veto.placed', vetoId: 'v', owner: 'o', why: 'w', untilMs: NOW_MS + HOUR_MS },
    };

    test('is not ordered again, and says when it is', () => {
      const waits = plan(dated, allow);
      expect(waits.restart).toEqual({});
      expect(waits.waiting[0]?.reasons).toMatchObject([
        { code: 'RESTART_DUE', sinceMs: NOW_MS - 300_000, untilMs: ordered.atMs },
      ]);
    });

    test.each<[string, Fact[], Policy, string]>([
      ['is suspended', [suspended], allow, 'UPDATER_SUSPENDED'],
      ['is objected to', [veto], allow, 'VETOED'],
      [
        'has a publisher that policy does not trust any more',
        [],
        { ...allow, publishers: [] },
        'PUBLISHER_UNKNOWN',
      ],
    ])('is taken back when whoever wants it %s', (_what, more, policy, code) => {
      const now = [...dated, ...at(NOW_MS - 1, ...more)];
      expect(plan(now, policy).restart).toMatchObject({ cancel: { code } });
    });

    test.each<[string, Partial<Record<Signal, Value>>, string]>([
      ['somebody comes back', { presence: engaged }, 'PERSON_PRESENT'],
      [
        'somebody logs in from afar',
        { 'session.remote': { kind: 'flag', flag: true } },
        'REMOTE_SESSION',
      ],
    ])('is taken back when %s', (_what, changes, code) => {
      expect(plan(dated, allow, hostWith(changes)).restart).toMatchObject({ cancel: { code } });
    });

    test('lets nothing begin that it would cut short', () => {
      const other = updateOf('c', { nextAction: 'install' });
      const both = [...offering([a, other]), ...at(NOW_MS - 300_000, ordered)];
      const waits = plan(both, allow);
      expect([waits.admit, waits.restart]).toEqual([[], {}]);
      expect(codesOf(waits, 'c')).toEqual(['RESTART_DUE']);
      const never = NOW_MS + 600_000 + 600_000;
      expect(plan(both, trustingPolicy, hostWith(), never).admit).toMatchObject([
        { subject: { key: `${UPDATER} c` } },
      ]);
    });

    test('is not taken back for a load that comes and goes', () => {
      const busy = hostWith({ 'cpu.busy': { kind: 'number', number: 99 } });
      expect(plan(dated, allow, busy).restart).toEqual({});
    });

    test('is taken back when policy does not want it any more', () => {
      expect(plan(dated, trustingPolicy).restart).toMatchObject({ cancel: { code: 'OPERATOR' } });
    });

    test('is waited for while the machine takes its time, and not looked at all the while', () => {
      const late = NOW_MS + 600_000 + 600_000;
      for (const nowMs of [NOW_MS + 600_000, NOW_MS + 601_000]) {
        const waits = plan(dated, allow, hostWith(), nowMs);
        expect(waits.restart).toEqual({});
        expect(waits.waiting[0]?.reasons[0]).toMatchObject({ code: 'RESTART_DUE', untilMs: late });
      }
    });

    test('is ordered anew when the machine never restarted, or could not be told to', () => {
      const late = NOW_MS + 600_000 + 600_000;
      expect(plan(dated, allow, hostWith(), late).restart.order).toBeDefined();
      const failed: Fact = { kind: 'restart.failed', message: 'no logind' };
      const told = [...dated, ...at(NOW_MS - 200_000, failed)];
      const waits = plan(told, allow);
      expect(waits.restart).toEqual({});
      expect(waits.waiting[0]?.reasons[0]?.message).toContain('no logind');
      expect(plan(told, allow, hostWith(), late).restart.order).toBeDefined();
    });
  });

  describe('in active hours', () => {
    const berlin = { ...allow, timeZone: 'Europe/Berlin' };
    /** A Monday in winter, local time. */
    const clock = (hour: number, minute = 0): number => Date.UTC(2030, 2, 18, hour - 1, minute);
    const away = (nowMs: number) => hostWith({ presence: awaySince(nowMs - HOUR_MS) });
    /** Both updaters have scanned a moment ago: nothing but the restart waits. */
    const asking = (nowMs: number, ...facts: Fact[]): Dated[] => {
      const scans = [UPDATER, OTHER].flatMap((updaterId) => [
        admitted(`scan of ${updaterId}`, { kind: 'scan' }, { updaterId }),
        finished(`scan of ${updaterId}`, { kind: 'succeeded' }),
      ]);
      return [...offering([a]), ...at(nowMs - 120_000, ...scans, ...facts)];
    };
    const at10 = (policy: Policy, ...facts: Fact[]) =>
      plan(asking(clock(10), ...facts), policy, away(clock(10)), clock(10));

    test.each<[string, Policy['activeHours'], number, boolean]>([
      ['by day', { fromHour: 8, toHour: 17 }, clock(10), false],
      ['so early that it happens at 8', { fromHour: 8, toHour: 17 }, clock(7, 45), false],
      ['so that it happens just before 8', { fromHour: 8, toHour: 17 }, clock(7, 44), true],
      ['so late that it happens at 17', { fromHour: 8, toHour: 17 }, clock(16, 45), true],
      ['a minute earlier', { fromHour: 8, toHour: 17 }, clock(16, 44), false],
      ['at night, where people work at night', { fromHour: 22, toHour: 6 }, clock(3), false],
      ['by day, where people work at night', { fromHour: 22, toHour: 6 }, clock(10), true],
      ['where every hour is active', { fromHour: 0, toHour: 24 }, clock(3), false],
    ])('%s', (_what, activeHours, nowMs, may) => {
      const asked = plan(asking(nowMs), { ...berlin, activeHours }, away(nowMs), nowMs);
      expect(asked.restart.order !== undefined).toBe(may);
      expect(codesOf(asked)).toEqual(may ? ['RESTART_DUE'] : ['ACTIVE_HOURS', 'RESTART_DUE']);
    });

    test('says until when, and looks again then', () => {
      const asked = at10(berlin);
      expect(asked.waiting[0]?.reasons[0]).toMatchObject({ untilMs: clock(16, 45) });
      expect(asked.lookAgainAtMs).toBe(clock(16, 45));
      const early = plan(asking(clock(3)), trustingPolicy, away(clock(3)), clock(3));
      expect(early.lookAgainAtMs).toBe(Date.UTC(2030, 2, 18, 7, 45));
      const never = at10({ ...berlin, activeHours: { fromHour: 0, toHour: 24 } });
      expect(never.waiting[0]?.reasons[0]).not.toHaveProperty('untilMs');
    });

    test('is taken where it is overdue, or wanted now', () => {
      expect(at10(berlin).restart).toEqual({});
      expect(at10(berlin, demanded).restart.order).toBeDefined();
      const others = { deadlineMs: 0, graceMs: 1 };
      const overdue = { ...berlin, deadlines: { ...berlin.deadlines, others } };
      expect(at10(overdue).restart.order).toBeDefined();
    });

    test('that was ordered is taken back when the policy comes to have them', () => {
      const ordered: Fact = {
        ...{ kind: 'restart.ordered', hostId: 'host-1', updates: [] },
        atMs: clock(10, 5),
      };
      const dated = [...offering([a]), ...at(clock(9, 50), ordered)];
      const none = { ...berlin, activeHours: { fromHour: 0, toHour: 1 } };
      expect(plan(dated, none, away(clock(10)), clock(10)).restart).toEqual({});
      expect(plan(dated, berlin, away(clock(10)), clock(10)).restart).toMatchObject({
        cancel: { code: 'ACTIVE_HOURS' },
      });
    });
  });

  test('serves every update that asked before it, whoever took it; later ones ask anew', () => {
    const after = bootedAt(ASKED_MS + 1_000);
    expect(
      plan(offering([a, b]), trustingPolicy, after).admit.map(({ subject }) => subject.key),
    ).toEqual([`${UPDATER} a`]);
    const before = bootedAt(ASKED_MS - 1_000);
    expect(codesOf(plan(offering([a]), trustingPolicy, before))).toEqual(['NEEDS_OPERATOR']);
  });
});

describe('a clock that somebody sets', () => {
  const DAY_MS = 24 * HOUR_MS;
  const boot = (bootId?: string): Fact => ({
    ...{ kind: 'host.attached', hostId: 'host-1', instanceId: 'i' },
    ...(bootId === undefined ? {} : { bootId }),
  });
  const asked = (...boots: (string | undefined)[]): Dated[] => {
    const [first, ...later] = boots.map(boot);
    return [
      ...at(ASKED_MS - 1, ...(first === undefined ? [] : [first])),
      ...offering([a]),
      ...at(ASKED_MS + 1, ...later),
    ];
  };

  test('back by a day makes no restart of the machine undone', () => {
    const back = bootedAt(ASKED_MS - DAY_MS);
    expect(plan(asked('one', 'two'), trustingPolicy, back).admit).toHaveLength(1);
    expect(codesOf(plan(asked('one', 'one'), trustingPolicy, back))).toEqual(['NEEDS_OPERATOR']);
  });

  test('forward by a day makes up none', () => {
    const ahead = bootedAt(ASKED_MS + DAY_MS);
    expect(codesOf(plan(asked('one', 'one'), trustingPolicy, ahead))).toEqual(['NEEDS_OPERATOR']);
  });

  test('is believed where no start of the machine has a name, or not the one it was asked in', () => {
    const [after, before] = [bootedAt(ASKED_MS + 1_000), bootedAt(ASKED_MS - 1_000)];
    for (const boots of [[undefined, 'two'], ['one', undefined], [undefined]]) {
      expect(plan(asked(...boots), trustingPolicy, after).admit).toHaveLength(1);
      expect(plan(asked(...boots), trustingPolicy, before).admit).toEqual([]);
    }
  });

  test('says nothing of a restart that was ordered', () => {
    const ordered: Fact = {
      ...{ kind: 'restart.ordered', hostId: 'host-1', atMs: NOW_MS + 600_000, updates: [] },
    };
    const told = [...asked('one'), ...at(NOW_MS - 1_000, ordered)];
    const ahead = bootedAt(NOW_MS + DAY_MS);
    expect(codesOf(plan(told, allow, ahead))).toEqual(['RESTART_DUE']);
    const restarted = [...told, ...at(NOW_MS - 500, boot('two'))];
    expect(plan(restarted, allow, ahead).admit).toHaveLength(1);
  });

  test('back after the machine was told when to restart: it is told anew', () => {
    const ordered: Fact = {
      ...{ kind: 'restart.ordered', hostId: 'host-1', updates: [] },
      atMs: NOW_MS + DAY_MS + 900_000,
    };
    const told = [...asked('one'), ...at(NOW_MS + DAY_MS, ordered)];
    expect(plan(told, allow).restart).toMatchObject({ cancel: { code: 'RESTART_DUE' } });
    const cancelled: Fact = { kind: 'restart.cancelled', code: 'RESTART_DUE', message: '' };
    const again = plan([...told, ...at(NOW_MS, cancelled)], allow);
    expect(again.restart.order?.atMs).toBe(NOW_MS + 900_000);
  });
});

describe('a restart of a program', () => {
  const app = '/usr/bin/editor';
  const restart = updateOf('a', { nextAction: 'restart_app', closedApps: [app] });

  function hostWithApp(running: boolean | undefined): HostView {
    const host = hostWith();
    if (running === undefined) return host;
    const presence = host.readings.get(readingKey('presence'));
    if (presence === undefined) throw new Error('the quiet machine has a presence');
    const value: Value = { kind: 'flag', flag: running };
    const reading = { ...presence, signal: 'app.running', instance: app, value } as const;
    return { ...host, readings: withReadings(host.readings, [reading]) };
  }

  test('is asked for while the program runs', () => {
    const codes = codesOf(plan(offering([restart]), trustingPolicy, hostWithApp(true)));
    expect(codes).toEqual(['NEEDS_OPERATOR', 'APP_IN_USE']);
  });

  test('is taken by itself once the program is closed, and not when nobody knows', () => {
    expect(plan(offering([restart]), trustingPolicy, hostWithApp(false)).admit).toHaveLength(1);
    expect(codesOf(plan(offering([restart]), trustingPolicy, hostWithApp(undefined)))).toEqual([
      'NEEDS_OPERATOR',
      'APP_UNKNOWN',
    ]);
  });

  test('is asked for as long as one of two programs runs, or none is named', () => {
    const two = { ...restart, closedApps: [...restart.closedApps, '/usr/bin/other'] };
    const host = hostWithApp(false);
    expect(codesOf(plan(offering([two]), trustingPolicy, host))).toContain('NEEDS_OPERATOR');
    const none = { ...restart, closedApps: [] };
    expect(codesOf(plan(offering([none]), trustingPolicy, host))).toEqual(['NEEDS_OPERATOR']);
  });

  test('is taken where an operator wants it now', () => {
    expect(
      plan(offering([restart], demanded), trustingPolicy, hostWithApp(true)).admit,
    ).toHaveLength(1);
  });
});
