import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Reading } from '../../conditions/reading.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import { NO_PRESENCE_SENSOR, type Verdict } from '../reading/presence.js';
import { PresenceLoop } from './presence.loop.js';

let clock: VirtualClock;
let published: Reading[];
let presence: PresenceLoop;

beforeEach(() => {
  clock = new VirtualClock();
  published = [];
  presence = new PresenceLoop({
    clock,
    monotonicNs: () => BigInt(clock.now().monotonicMs) * 1_000_000n,
    publish: (reading) => published.push(reading),
  });
});

afterEach(() => {
  presence.close();
});

const last = (): Reading['value'] | undefined => published.at(-1)?.value;

test('before anybody reported, it is unknown and says what to do', () => {
  expect(last()).toEqual({ kind: 'unknown', why: NO_PRESENCE_SENSOR });
});

test('a report is published before the call returns, with the instant it arrived', () => {
  const reading = presence.report('engaged', undefined, 42n);
  expect(published.at(-1)).toBe(reading);
  expect(reading.observedMonotonicNs).toBe(42n);
  expect(reading.value).toEqual({ kind: 'presence', presence: { kind: 'engaged' } });
});

test('a report with a time to live ends by itself, at its instant', () => {
  presence.report('away', 5_000, 1n);
  clock.advance(4_999);
  expect(last()?.kind).toBe('presence');
  clock.advance(1);
  expect(last()).toEqual({ kind: 'unknown', why: NO_PRESENCE_SENSOR });
});

test('a report with a time to live ends also while the machine sleeps, and not when the clock is set', () => {
  presence.report('away', 600_000, 1n);
  clock.advance(60_000);
  const night = { atMs: clock.now().wallMs, byMs: 28_800_000 };
  presence.shiftClock(night, 0);
  expect(last()?.kind).toBe('presence');
  presence.shiftClock(night, 300_000);
  expect(last()?.kind).toBe('presence');
  clock.advance(239_999);
  expect(last()?.kind).toBe('presence');
  clock.advance(1);
  expect(last()?.kind).toBe('unknown');
  presence.report('away', 600_000, 1n);
  presence.shiftClock(night, night.byMs);
  expect(last()).toEqual({ kind: 'unknown', why: NO_PRESENCE_SENSOR });
});

test('a report without one outlives the one that had', () => {
  presence.report('away', 5_000, 1n);
  presence.report('engaged', undefined, 2n);
  clock.advance(3_600_000);
  expect(last()).toEqual({ kind: 'presence', presence: { kind: 'engaged' } });
});

test('a time to live that is said again is counted from then', () => {
  presence.report('away', 5_000, 1n);
  const sinceMs = clock.now().wallMs;
  clock.advance(4_000);
  presence.report('away', 5_000, 2n);
  clock.advance(4_999);
  expect(last()).toEqual({ kind: 'presence', presence: { kind: 'away', sinceMs } });
  clock.advance(1);
  expect(last()?.kind).toBe('unknown');
});

test('"auto" forgets at once', () => {
  presence.report('engaged', undefined, 1n);
  presence.report('auto', undefined, 2n);
  expect(last()?.kind).toBe('unknown');
});

const away = (sinceMs: number) =>
  ({
    provider: 'a',
    rank: 'sensed',
    places: ['seat', 'terminals'],
    verdict: { kind: 'away', sinceMs },
  }) as const;

test('a night asleep is no absence: it is counted anew from the shift on', () => {
  const nowMs = clock.now().wallMs;
  presence.sense(away(nowMs - 9 * 3_600_000), 7n);
  presence.shiftClock({ atMs: nowMs - 8 * 3_600_000, byMs: 8 * 3_600_000 });
  expect(last()).toEqual({
    kind: 'presence',
    presence: { kind: 'away', sinceMs: nowMs - 3_600_000 },
  });
});

test('the same word of a provider again is not told again', () => {
  presence.sense(away(1), 7n);
  const told = published.length;
  presence.sense(away(1), 8n);
  expect(published).toHaveLength(told);
  expect(published.at(-1)?.observedMonotonicNs).toBe(7n);
});

const unknown = (why: string): Verdict => ({ kind: 'unknown', why });

test.each<[string, Verdict, Verdict]>([
  ['who comes back', { kind: 'away', sinceMs: 1 }, { kind: 'engaged' }],
  ['who leaves', { kind: 'engaged' }, { kind: 'away', sinceMs: 1 }],
  ['who left later', { kind: 'away', sinceMs: 1 }, { kind: 'away', sinceMs: 2 }],
  ['that it is locked', { kind: 'away', sinceMs: 1 }, { kind: 'away', sinceMs: 1, locked: true }],
  ['that it is dark', { kind: 'away', sinceMs: 1 }, { kind: 'away', sinceMs: 1, dark: true }],
  ['whom nobody sees any more', { kind: 'away', sinceMs: 1 }, unknown('x')],
  ['whom somebody sees again', unknown('x'), { kind: 'engaged' }],
  ['another why', unknown('x'), unknown('y')],
])('%s is told at once, with its instant', (_what, before, after) => {
  presence.sense({ ...away(1), verdict: before }, 7n);
  const told = last();
  const toldCount = published.length;
  presence.sense({ ...away(1), verdict: after }, 8n);
  expect(last()).not.toEqual(told);
  expect(published.at(-1)?.observedMonotonicNs).toBe(8n);
  presence.sense({ ...away(1), verdict: { ...after } }, 9n);
  expect(published).toHaveLength(toldCount + 1);
});

test('an instant of the clock as it runs now is not moved', () => {
  const nowMs = clock.now().wallMs;
  presence.shiftClock({ atMs: nowMs, byMs: 3_600_000 });
  presence.sense({ ...away(nowMs - 60_000), onClockNow: true }, 7n);
  expect(last()).toEqual({
    kind: 'presence',
    presence: { kind: 'away', sinceMs: nowMs - 60_000 },
  });
});

test('a machine that turns out to have no seat needs terminals only, and says so', () => {
  presence.sense({ ...away(1), places: ['terminals'] }, 7n);
  expect(last()?.kind).toBe('unknown');
  presence.setPlaces(['terminals']);
  expect(last()?.kind).toBe('presence');
  expect(published.at(-1)?.source).toBe('a (no seat here)');
});
