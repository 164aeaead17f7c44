import { beforeEach, expect, test } from '@jest/globals';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import type { RunEvent } from './event.js';
import { Section } from './section.loop.js';

let clock: VirtualClock;
let events: RunEvent[];
let overran: number[];
let section: Section;

beforeEach(() => {
  clock = new VirtualClock();
  [events, overran] = [[], []];
  section = new Section({
    clock,
    emit: (event) => events.push(event),
    onOverrun: (msMax) => overran.push(msMax),
  });
});

const critical = { kind: 'critical', overrun: false };

test('what is entered and left is told, with how long it took', () => {
  section.enter('the lock', 60_000);
  clock.advance(1_500);
  section.leave();
  expect(events).toEqual([
    { ...critical, entered: true, why: 'the lock', lastedMs: 0 },
    { ...critical, entered: false, why: '', lastedMs: 1_500 },
  ]);
  clock.advance(60_000);
  expect(overran).toEqual([]);
});

test('entered again it is neither told again nor prolonged (S1)', () => {
  section.enter('the lock', 10_000);
  clock.advance(9_000);
  section.enter('more', 10_000);
  clock.advance(1_000);
  expect(overran).toEqual([10_000]);
  expect(events.map(({ kind }) => kind)).toEqual(['critical', 'critical']);
});

test('left too late it is not told twice, and the next one has its own time', () => {
  section.enter('the lock', 1_000);
  clock.advance(1_000);
  expect(section.entered).toBe(true);
  section.leave();
  section.leave();
  expect(section.entered).toBe(false);
  expect(events.at(-1)).toEqual({
    ...critical,
    entered: false,
    why: 'the lock',
    lastedMs: 1_000,
    overrun: true,
  });
  expect(events).toHaveLength(2);
  section.enter('again', 1_000);
  clock.advance(999);
  expect(overran).toHaveLength(1);
});

test('left where none is open tells nothing', () => {
  section.leave();
  expect(events).toEqual([]);
});
