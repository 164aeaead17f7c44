// What a "no" carries besides its words: what was measured, the limit, the unit, what it is about.

import { describe, expect, test } from '@jest/globals';
import type { Reason } from './reason.js';
import { readingKey, type Readings, type Signal, type Value } from './reading.js';
import { judge, type Requirement } from './requirement.js';

const NOW_MS = 1_000_000_000;
const SEEN_MS = NOW_MS - 5_000;

function seeing(signal: Signal, value: Value, instance = ''): Readings {
  const reading = { signal, instance, value, observedAtMs: SEEN_MS, source: 'test' };
  return new Map([[readingKey(signal, instance), { ...reading, observedMonotonicNs: 0n }]]);
}

const number = (n: number): Value => ({ kind: 'number', number: n });
const word = (text: string): Value => ({ kind: 'word', word: text });
const flag = (is: boolean): Value => ({ kind: 'flag', flag: is });
const off: Value = { kind: 'unknown', why: 'the sensor broke' };
const away: Value = { kind: 'presence', presence: { kind: 'away', sinceMs: NOW_MS - 60_000 } };
const engaged: Value = { kind: 'presence', presence: { kind: 'engaged' } };

const unmetered: Requirement = { kind: 'unmetered', bytes: 9e6, bytesMax: 5e6 };
const below: Requirement = { kind: 'below', signal: 'pressure.io', percent: 10 };
const battery: Requirement = { kind: 'battery-above', percent: 30 };
const app = '/usr/bin/editor';

test.each<[Requirement, Readings, Partial<Reason>]>([
  [
    { kind: 'person-away', forMs: 240_000 },
    seeing('presence', away),
    { about: 'presence', measured: 60_000, limit: 240_000, unit: 'ms', sinceMs: NOW_MS - 60_000 },
  ],
  [
    { kind: 'person-away', forMs: 240_000 },
    seeing('presence', engaged),
    { measured: 'engaged', limit: 'away', sinceMs: SEEN_MS },
  ],
  [
    { kind: 'person-away', forMs: 0 },
    seeing('presence', off),
    { about: 'presence', limit: 'away', sinceMs: SEEN_MS },
  ],
  [
    below,
    seeing('pressure.io', number(61.5)),
    { about: 'pressure.io', measured: 61.5, limit: 10, unit: '%' },
  ],
  [below, seeing('pressure.io', off), { about: 'pressure.io', limit: 10, unit: '%' }],
  [
    battery,
    seeing('power.battery', number(12)),
    { about: 'power.battery', measured: 12, limit: 30, unit: '%' },
  ],
  [battery, seeing('power.battery', off), { about: 'power.battery', limit: 30, unit: '%' }],
  [
    { kind: 'on-ac' },
    seeing('power.ac', flag(false)),
    { measured: 'battery', limit: 'mains', sinceMs: SEEN_MS },
  ],
  [
    { kind: 'disk-free', path: '/srv', bytes: 500 },
    seeing('disk.free', number(100), '/srv'),
    { about: 'disk.free:/srv', measured: 100, limit: 500, unit: 'B' },
  ],
  [
    unmetered,
    seeing('network.metered', word('yes')),
    { about: 'network.metered', measured: 9e6, limit: 5e6, unit: 'B', sinceMs: SEEN_MS },
  ],
  [unmetered, seeing('network.tethered', flag(true)), { about: 'network.tethered', limit: 5e6 }],
  [
    { kind: 'unmetered', bytes: 6e7 },
    seeing('network.metered', off),
    { about: 'network.metered', measured: 6e7, limit: 5e7, unit: 'B', sinceMs: SEEN_MS },
  ],
  [
    { kind: 'connected' },
    seeing('network.connectivity', word('portal')),
    { measured: 'portal', limit: 'full', sinceMs: SEEN_MS },
  ],
  [
    { kind: 'network-quiet', bytesPerS: 1_000 },
    seeing('network.others', number(2_000)),
    { about: 'network.others', measured: 2_000, limit: 1_000, unit: 'B/s' },
  ],
  [
    { kind: 'cool', hottest: 'moderate' },
    seeing('thermal', word('serious')),
    { measured: 'serious', limit: 'moderate', sinceMs: SEEN_MS },
  ],
  [
    { kind: 'app-closed', path: app },
    seeing('app.running', flag(true), app),
    { about: `app.running:${app}`, measured: 'running', limit: 'closed', sinceMs: SEEN_MS },
  ],
  [
    { kind: 'lock-free', name: 'dpkg' },
    seeing('lock.held', flag(true), 'dpkg'),
    { about: 'lock.held:dpkg', measured: 'held', limit: 'free' },
  ],
  [
    { kind: 'undisturbed' },
    seeing('attention.call', flag(true)),
    { about: 'attention.call', measured: 'yes', limit: 'no' },
  ],
  [
    { kind: 'no-power-saver' },
    seeing('power.saver', flag(true)),
    { about: 'power.saver', measured: 'on', limit: 'off', sinceMs: SEEN_MS },
  ],
  [{ kind: 'on-ac' }, seeing('power.ac', off), { about: 'power.ac', limit: 'mains' }],
  [
    { kind: 'disk-free', path: '/srv', bytes: 500 },
    seeing('disk.free', off, '/srv'),
    { about: 'disk.free:/srv', limit: 500, unit: 'B' },
  ],
  [
    { kind: 'app-closed', path: app },
    seeing('app.running', off, app),
    { about: `app.running:${app}`, limit: 'closed' },
  ],
  [
    { kind: 'no-remote-session' },
    seeing('session.remote', off),
    { about: 'session.remote', limit: 'none' },
  ],
  [
    { kind: 'no-remote-session' },
    seeing('session.remote', flag(true)),
    { about: 'session.remote', measured: 'active', limit: 'none' },
  ],
  [
    { kind: 'settled', setUpMs: 1, bootMs: 300_000, resumeMs: 1, loginMs: 1 },
    seeing('boot.at', number(NOW_MS - 60_000)),
    { about: 'boot.at', measured: 60_000, limit: 300_000, unit: 'ms', sinceMs: NOW_MS - 60_000 },
  ],
])('%j', (requirement, readings, evidence) => {
  const result = judge(requirement, readings, NOW_MS);
  expect(result).toMatchObject({ reason: evidence });
});

test('what must not be disturbed has been so since the first of it began', () => {
  const earlier = seeing('attention.call', flag(true));
  const later = [...seeing('attention.game', flag(true))].map(
    ([key, reading]) => [key, { ...reading, observedAtMs: SEEN_MS + 1_000 }] as const,
  );
  const result = judge({ kind: 'undisturbed' }, new Map([...later, ...earlier]), NOW_MS);
  expect(result).toMatchObject({ reason: { sinceMs: SEEN_MS } });
});

test('what is paid for is what policy says, and no less', () => {
  const metered = seeing('network.metered', word('yes'));
  const wants = (bytes: number, bytesMax: number): string =>
    judge({ kind: 'unmetered', bytes, bytesMax }, metered, NOW_MS).kind;
  expect(wants(500_000, 100_000)).toBe('closed');
  expect(wants(4e6, 5e6)).toBe('open');
});

test.each<[Requirement, Signal, instance: string]>([
  [{ kind: 'person-away', forMs: 0 }, 'presence', ''],
  [below, 'pressure.io', ''],
  [battery, 'power.battery', ''],
  [{ kind: 'on-ac' }, 'power.ac', ''],
  [{ kind: 'disk-free', path: '/srv', bytes: 500 }, 'disk.free', '/srv'],
  [{ kind: 'unmetered', bytes: 6e7 }, 'network.metered', ''],
  [{ kind: 'app-closed', path: app }, 'app.running', app],
  [{ kind: 'no-remote-session' }, 'session.remote', ''],
])(
  '%j, where nobody knows, says in the words of the sensor why',
  (requirement, signal, instance) => {
    const message = (value: Value) => {
      const result = judge(requirement, seeing(signal, value, instance), NOW_MS);
      return result.kind === 'unknown' ? result.reason.message : result.kind;
    };
    expect(message(off)).toContain('(the sensor broke)');
    const odd: Value = signal === 'network.metered' ? flag(true) : word('odd');
    expect(message(odd)).toMatch(/\((?:\S+ is an? \w+.*|not a number)\)/);
  },
);

describe('in words', () => {
  const mostlyBusy: Value = { kind: 'number', number: 4, held: 25 };
  test.each<[Requirement, Readings, message: string]>([
    [
      below,
      seeing('pressure.io', mostlyBusy),
      'pressure.io is 4 %, and was 25 % a while ago; the limit is 10 %',
    ],
    [below, seeing('pressure.io', number(10)), 'pressure.io is 10 %; the limit is 10 %'],
    [
      unmetered,
      seeing('network.metered', word('yes')),
      'the network is metered; 9.0 MB would be sent over it, the limit is 5.0 MB',
    ],
    [
      { ...unmetered, bytes: Infinity },
      seeing('network.metered', word('guess-yes')),
      'the network seems to be metered; size unknown, the limit is 5.0 MB',
    ],
    [
      { kind: 'connected' },
      seeing('network.connectivity', word('portal')),
      'the network asks for a login first',
    ],
    [
      { kind: 'connected' },
      seeing('network.connectivity', word('limited')),
      "the network's connectivity is limited",
    ],
    [
      { kind: 'person-away', forMs: 240_000 },
      seeing('presence', engaged),
      'a person is using the machine; 4 min of absence are wanted',
    ],
    [
      { kind: 'person-away', forMs: 0 },
      seeing('presence', engaged),
      'a person is using the machine',
    ],
    [
      { kind: 'settled', setUpMs: 1, bootMs: 1, resumeMs: 60_000, loginMs: 1 },
      seeing('resume.at', number(NOW_MS - 5_000)),
      'the machine woke up 5 s ago, 60 s are waited',
    ],
  ])('%j', (requirement, readings, message) => {
    expect(judge(requirement, readings, NOW_MS)).toMatchObject({ reason: { message } });
  });

  test('a download whose size nobody knows measures nothing', () => {
    const result = judge({ ...unmetered, bytes: Infinity }, seeing('network.metered', off), NOW_MS);
    expect(result).toMatchObject({ kind: 'unknown', reason: { limit: 5e7 } });
    expect(result).not.toHaveProperty('reason.measured');
  });
});
