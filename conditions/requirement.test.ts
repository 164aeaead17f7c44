// What holds of every requirement, whatever the sensors say.

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  attentionSignals,
  percentSignals,
  readingKey,
  sameValue,
  signalNamed,
  signals,
  silenced,
  thermalWords,
  withReadings,
  type Reading,
  type Readings,
  type Signal,
  type Value,
} from './reading.js';
import { BULK_BYTES, METERED_BYTES_MAX } from './network.js';
import { isReasonCode, plainReason, reasons } from './reason.js';
import { judge, objections, type Requirement } from './requirement.js';

const instant = fc.integer({ min: 0, max: 4e12 });
const measured = fc.oneof(fc.double(), fc.constantFrom(NaN, Infinity, -Infinity, -0));

const anyValue: fc.Arbitrary<Value> = fc.oneof(
  fc.record({ kind: fc.constant('unknown' as const), why: fc.string() }),
  fc.record({ kind: fc.constant('flag' as const), flag: fc.boolean() }),
  fc.record({ kind: fc.constant('number' as const), number: measured }),
  fc.record({
    kind: fc.constant('word' as const),
    word: fc.constantFrom('yes', 'no', 'full', 'none', 'serious', '', '__proto__'),
  }),
  fc.record({
    kind: fc.constant('presence' as const),
    presence: fc.oneof(
      fc.constant({ kind: 'engaged' as const }),
      fc.record({
        kind: fc.constant('away' as const),
        sinceMs: fc.oneof(instant, fc.constantFrom(NaN, Infinity)),
      }),
    ),
  }),
);

const anyReading: fc.Arbitrary<Reading> = fc.record({
  signal: fc.constantFrom(...(Object.keys(signals) as Signal[])),
  instance: fc.constantFrom('', '/', '/opt'),
  observedAtMs: instant,
  observedMonotonicNs: fc.constant(0n),
  source: fc.constant('test'),
  value: anyValue,
});

const anyReadings: fc.Arbitrary<Readings> = fc
  .array(anyReading, { maxLength: 20 })
  .map((all) => withReadings(new Map(), all));

const arbitraryOf: { [K in Requirement['kind']]: fc.Arbitrary<Omit<Of<K>, 'kind'>> } = {
  'person-away': fc.record({ forMs: fc.nat(1e9) }),
  'on-ac': fc.constant({}),
  'battery-above': fc.record({ percent: fc.nat(100) }),
  below: fc.record({ signal: fc.constantFrom(...percentSignals), percent: fc.nat(100) }),
  'disk-free': fc.record({
    path: fc.constantFrom('/', '/opt', '/opt/tools', '/var/lib'),
    bytes: fc.nat(),
  }),
  undisturbed: fc.record({ ignoring: fc.subarray([...attentionSignals]) }, { requiredKeys: [] }),
  'no-power-saver': fc.constant({}),
  cool: fc.record({ hottest: fc.constantFrom(...thermalWords) }),
  unmetered: fc.record(
    { bytes: fc.oneof(fc.nat(), fc.constant(Infinity)), unknownBytesMax: fc.nat() },
    { requiredKeys: ['bytes'] },
  ),
  connected: fc.constant({}),
  'network-quiet': fc.record({ bytesPerS: fc.nat(1e6) }),
  'app-closed': fc.record({ path: fc.constantFrom('/', '/opt') }),
  'lock-free': fc.record({ name: fc.constantFrom('dpkg', '/') }),
  'no-remote-session': fc.constant({}),
  settled: fc.record({
    setUpMs: fc.nat(1e6),
    bootMs: fc.nat(1e6),
    resumeMs: fc.nat(1e6),
    loginMs: fc.nat(1e6),
  }),
};

type Of<K extends Requirement['kind']> = Extract<Requirement, { kind: K }>;

const anyRequirement: fc.Arbitrary<Requirement> = fc.oneof(
  ...Object.entries(arbitraryOf).map(([kind, rest]: [string, fc.Arbitrary<object>]) =>
    rest.map((members) => ({ kind, ...members }) as Requirement),
  ),
);

/** What only a person's word or a sensor that is there can close; the rest wants to know. */
const openWhenUnknown: ReadonlySet<Requirement['kind']> = new Set<Requirement['kind']>([
  'undisturbed',
  'no-power-saver',
  'cool',
  'connected',
  'network-quiet',
  'lock-free',
  'settled',
]);

describe('for every requirement and whatever is read', () => {
  test('there is an answer, and a no carries a code of the table and words', () => {
    fc.assert(
      fc.property(anyRequirement, anyReadings, instant, (requirement, given, nowMs) => {
        const result = judge(requirement, given, nowMs);
        if (result.kind === 'open') return;
        expect(isReasonCode(result.reason.code)).toBe(true);
        expect(result.reason.message).not.toMatch(/undefined|NaN|\[object/);
        if (result.kind === 'closed' && result.reason.untilMs !== undefined)
          expect(result.reason.untilMs).toBeGreaterThan(nowMs);
      }),
      { numRuns: 3_000 },
    );
  });

  test('when the sensors fall silent nothing is open that has to be known', () => {
    fc.assert(
      fc.property(anyRequirement, anyReadings, instant, (requirement, given, nowMs) => {
        const result = judge(requirement, silenced(given, 'gone'), nowMs);
        const permits = openWhenUnknown.has(requirement.kind) || isSmallLoad(requirement);
        expect(result.kind).toBe(permits ? 'open' : 'unknown');
      }),
    );
  });

  test('an absence that only grows longer never closes what was open', () => {
    fc.assert(
      fc.property(fc.nat(1e9), instant, instant, fc.nat(1e9), (forMs, sinceMs, nowMs, laterMs) => {
        const value: Value = { kind: 'presence', presence: { kind: 'away', sinceMs } };
        const given: Readings = new Map([
          [
            'presence',
            {
              signal: 'presence',
              instance: '',
              observedAtMs: 0,
              observedMonotonicNs: 0n,
              source: '',
              value,
            },
          ],
        ]);
        const requirement: Requirement = { kind: 'person-away', forMs };
        if (judge(requirement, given, nowMs).kind !== 'open') return;
        expect(judge(requirement, given, nowMs + laterMs).kind).toBe('open');
      }),
    );
  });

  test('a later reading takes the place of the one before, of its own instance only', () => {
    fc.assert(
      fc.property(anyReadings, anyReading, (given, change) => {
        const next = withReadings(given, [change]);
        const key = readingKey(change.signal, change.instance);
        expect(next.get(key)).toBe(change);
        for (const [each, value] of given) if (each !== key) expect(next.get(each)).toBe(value);
      }),
    );
  });

  test('a value is the same as itself', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(sameValue(value, structuredClone(value))).toBe(true);
      }),
    );
  });
});

/** So little that it is sent over any network. */
function isSmallLoad(requirement: Requirement): boolean {
  if (requirement.kind !== 'unmetered') return false;
  const { bytes, bytesMax = METERED_BYTES_MAX, unknownBytesMax = BULK_BYTES } = requirement;
  return bytes <= Math.max(bytesMax, unknownBytesMax);
}

describe('objections', () => {
  test('every reason is kept, in the order asked', () => {
    const given: Readings = new Map();
    const asked: Requirement[] = [
      { kind: 'on-ac' },
      { kind: 'person-away', forMs: 0 },
      { kind: 'disk-free', path: '/', bytes: 1 },
    ];
    expect(objections(asked, given, 0).map((reason) => reason.code)).toEqual([
      'AC_UNKNOWN',
      'PRESENCE_UNKNOWN',
      'SPACE_UNKNOWN',
    ]);
    expect(objections([], given, 0)).toEqual([]);
  });
});

describe('names from outside', () => {
  test.each(['__proto__', 'constructor', 'toString', ''])(
    '"%s" is no signal and no code',
    (name) => {
      // T24
      expect(signalNamed(name)).toBeUndefined();
      expect(isReasonCode(name)).toBe(false);
    },
  );

  test('every signal and code knows itself', () => {
    for (const name of Object.keys(signals)) expect(signalNamed(name)).toBe(name);
    expect(plainReason('OPERATOR')).toEqual({ code: 'OPERATOR', message: reasons.OPERATOR });
  });
});
