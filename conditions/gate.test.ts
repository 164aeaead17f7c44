// Every gate in one table: what the sensors say, and what the gate makes of it.

import { describe, expect, test } from '@jest/globals';
import type { GateResult } from './gate.js';
import { readingKey, type Reading, type Readings, type Signal, type Value } from './reading.js';
import { judge, type Requirement } from './requirement.js';

const NOW_MS = 1_000_000_000;

function reading(signal: Signal, value: Value, instance = ''): Reading {
  return { signal, instance, value, observedAtMs: NOW_MS, observedMonotonicNs: 0n, source: 'test' };
}

function readings(...all: Reading[]): Readings {
  return new Map(all.map((each) => [readingKey(each.signal, each.instance), each]));
}

function flag(signal: Signal, value: boolean): Reading {
  return reading(signal, { kind: 'flag', flag: value });
}

function number(signal: Signal, value: number, instance = ''): Reading {
  return reading(signal, { kind: 'number', number: value }, instance);
}

function away(agoMs: number): Reading {
  return reading('presence', {
    kind: 'presence',
    presence: { kind: 'away', sinceMs: NOW_MS - agoMs },
  });
}

const engaged = reading('presence', { kind: 'presence', presence: { kind: 'engaged' } });

function unknown(signal: Signal): Reading {
  return reading(signal, { kind: 'unknown', why: 'the sensor broke' });
}

/** "open", or the kind and code of the refusal. */
function short(result: GateResult): string {
  return result.kind === 'open' ? 'open' : `${result.kind} ${result.reason.code}`;
}

type Case = [situation: string, readings: Readings, answer: string];

function table(requirement: Requirement, cases: Case[]): void {
  test.each(cases)('%s', (_situation, given, answer) => {
    expect(short(judge(requirement, given, NOW_MS))).toBe(answer);
  });
}

describe('nobody there for 4 minutes, or for a minute where the screen is dark', () => {
  const seen = (agoMs: number, screen: { locked?: true; dark?: true }): Reading => ({
    ...away(agoMs),
    value: { kind: 'presence', presence: { kind: 'away', sinceMs: NOW_MS - agoMs, ...screen } },
  });
  table({ kind: 'person-away', forMs: 240_000, lockedForMs: 20_000, darkForMs: 60_000 }, [
    ['dark, a minute ago', readings(seen(60_000, { dark: true })), 'open'],
    ['dark, a moment less', readings(seen(59_999, { dark: true })), 'closed PERSON_JUST_LEFT'],
    ['not dark', readings(seen(60_000, {})), 'closed PERSON_JUST_LEFT'],
    ['dark and locked', readings(seen(20_000, { dark: true, locked: true })), 'open'],
  ]);
  table({ kind: 'person-away', forMs: 240_000, lockedForMs: 20_000 }, [
    [
      'dark, asked by one who does not know of it',
      readings(seen(239_999, { dark: true })),
      'closed PERSON_JUST_LEFT',
    ],
  ]);
});

describe('nobody there for 4 minutes, or for 20 s behind a locked screen', () => {
  const locked = (agoMs: number): Reading => ({
    ...away(agoMs),
    value: { kind: 'presence', presence: { kind: 'away', sinceMs: NOW_MS - agoMs, locked: true } },
  });
  table({ kind: 'person-away', forMs: 240_000, lockedForMs: 20_000 }, [
    ['locked 20 s ago', readings(locked(20_000)), 'open'],
    ['locked a moment ago', readings(locked(19_999)), 'closed PERSON_JUST_LEFT'],
    ['not locked', readings(away(20_000)), 'closed PERSON_JUST_LEFT'],
  ]);
  table({ kind: 'person-away', forMs: 0, lockedForMs: 20_000 }, [
    ['a wait that is shorter without a lock', readings(locked(0)), 'open'],
  ]);
});

describe('nobody there for 4 minutes', () => {
  table({ kind: 'person-away', forMs: 240_000 }, [
    ['a person is there', readings(engaged), 'closed PERSON_PRESENT'],
    ['they left a minute ago', readings(away(60_000)), 'closed PERSON_JUST_LEFT'],
    ['one millisecond is missing', readings(away(239_999)), 'closed PERSON_JUST_LEFT'],
    ['exactly 4 minutes', readings(away(240_000)), 'open'],
    ['the clock was set back since', readings(away(-3_600_000)), 'closed PERSON_JUST_LEFT'],
    ['the sensor does not know', readings(unknown('presence')), 'unknown PRESENCE_UNKNOWN'],
    ['no sensor at all', readings(), 'unknown PRESENCE_UNKNOWN'],
    ['a value of another kind', readings(flag('presence', true)), 'unknown PRESENCE_UNKNOWN'],
    ['away since no instant at all', readings(away(NaN)), 'unknown PRESENCE_UNKNOWN'],
  ]);

  test('says when it will open', () => {
    const result = judge({ kind: 'person-away', forMs: 240_000 }, readings(away(60_000)), NOW_MS);
    expect(result).toMatchObject({
      reason: { untilMs: NOW_MS + 180_000, message: expect.stringContaining('60 s of 4 min') },
    });
  });
});

describe('nobody there, as a guard asks', () => {
  table({ kind: 'person-away', forMs: 0 }, [
    ['the person has just left', readings(away(0)), 'open'],
    ['the person is there', readings(engaged), 'closed PERSON_PRESENT'],
    ['unknown counts as present', readings(unknown('presence')), 'unknown PRESENCE_UNKNOWN'],
    ['the clock was set back by an hour', readings(away(-3_600_000)), 'open'],
  ]);
});

describe('on mains', () => {
  table({ kind: 'on-ac' }, [
    ['plugged in', readings(flag('power.ac', true)), 'open'],
    ['unplugged', readings(flag('power.ac', false)), 'closed ON_BATTERY'],
    ['unknown', readings(unknown('power.ac')), 'unknown AC_UNKNOWN'],
    ['no sensor', readings(), 'unknown AC_UNKNOWN'],
    ['a number instead', readings(number('power.ac', 1)), 'unknown AC_UNKNOWN'],
  ]);
});

describe('battery above 20 %', () => {
  const onBattery = flag('power.ac', false);
  table({ kind: 'battery-above', percent: 20 }, [
    ['nearly empty', readings(onBattery, number('power.battery', 8)), 'closed BATTERY_LOW'],
    ['exactly 20', readings(onBattery, number('power.battery', 20)), 'open'],
    ['not a number', readings(onBattery, number('power.battery', NaN)), 'unknown BATTERY_UNKNOWN'],
    ['unknown', readings(onBattery, unknown('power.battery')), 'unknown BATTERY_UNKNOWN'],
    ['empty, but on mains', readings(flag('power.ac', true), number('power.battery', 1)), 'open'],
    ['no battery at all, on mains', readings(flag('power.ac', true)), 'open'],
    [
      'mains unknown, charge good',
      readings(unknown('power.ac'), number('power.battery', 90)),
      'open',
    ],
    ['nothing known', readings(), 'unknown BATTERY_UNKNOWN'],
  ]);
});

describe('the ends of the scales', () => {
  table({ kind: 'battery-above', percent: 20 }, [
    [
      'a hair below 20',
      readings(flag('power.ac', false), number('power.battery', 19.9)),
      'closed BATTERY_LOW',
    ],
    ['mains unknown, charge low', readings(number('power.battery', 19)), 'closed BATTERY_LOW'],
    ['a charge in words', readings(flag('power.battery', true)), 'unknown BATTERY_UNKNOWN'],
  ]);
  table({ kind: 'battery-above', percent: 0 }, [
    ['an empty battery where none is asked', readings(number('power.battery', 0)), 'open'],
  ]);
  table({ kind: 'person-away', forMs: 600_000, lockedForMs: 900_000 }, [
    ['a lock never makes the wait longer', readings(away(600_000)), 'open'],
  ]);
});

describe('load below a threshold', () => {
  test.each([
    ['cpu.busy', 'CPU_BUSY'],
    ['disk.busy', 'DISK_BUSY'],
    ['memory.used', 'MEMORY_FULL'],
    ['pressure.cpu', 'UNDER_PRESSURE'],
    ['pressure.io', 'UNDER_PRESSURE'],
    ['pressure.memory', 'UNDER_PRESSURE'],
  ] as const)('%s', (signal, code) => {
    const below: Requirement = { kind: 'below', signal, percent: 20 };
    const answer = (given: Readings) => short(judge(below, given, NOW_MS));
    expect(answer(readings(number(signal, 19.9)))).toBe('open');
    expect(answer(readings(number(signal, 20)))).toBe(`closed ${code}`);
    expect(answer(readings(number(signal, NaN)))).toBe('unknown LOAD_UNKNOWN');
    expect(answer(readings(unknown(signal)))).toBe('unknown LOAD_UNKNOWN');
    expect(answer(readings())).toBe('unknown LOAD_UNKNOWN');
  });
});

describe('1 GB free at /opt/tools/bin', () => {
  table({ kind: 'disk-free', path: '/opt/tools/bin', bytes: 1e9 }, [
    ['it has room', readings(number('disk.free', 2e9, '/opt/tools/bin')), 'open'],
    ['exactly enough', readings(number('disk.free', 1e9, '/opt/tools/bin')), 'open'],
    [
      'a byte too little',
      readings(number('disk.free', 1e9 - 1, '/opt/tools/bin')),
      'closed NO_SPACE',
    ],
    ['a full disk', readings(number('disk.free', 0, '/opt/tools/bin')), 'closed NO_SPACE'],
    [
      'room in the directories above, which may be other file systems',
      readings(number('disk.free', 5e9, '/'), number('disk.free', 5e9, '/opt/tools')),
      'unknown SPACE_UNKNOWN',
    ],
    [
      'a full disk above it, and room on its own',
      readings(number('disk.free', 0, '/'), number('disk.free', 5e9, '/opt/tools/bin')),
      'open',
    ],
    ['nobody measured', readings(), 'unknown SPACE_UNKNOWN'],
    [
      'its file system does not answer',
      readings(reading('disk.free', { kind: 'unknown', why: 'slow' }, '/opt/tools/bin')),
      'unknown SPACE_UNKNOWN',
    ],
    ['not a number', readings(number('disk.free', NaN, '/opt/tools/bin')), 'unknown SPACE_UNKNOWN'],
  ]);
});
