import { beforeEach, describe, expect, test } from '@jest/globals';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import type { Sandbox } from '../sandbox/sandbox.js';
import { Ending } from './ending.loop.js';
import type { Outcome } from './event.js';
import { recordingSandbox, type RecordingSandbox } from './recording-sandbox.testing.js';

const cancelled: Outcome = { kind: 'cancelled', reason: 'OPERATOR' };
const GRACE_MS = 5_000;

let clock: VirtualClock;
let recording: RecordingSandbox;
let sandbox: Sandbox | undefined;
let [frozen, inSection] = [false, false];
let killedAtMs: number[];
let ending: Ending;

beforeEach(() => {
  clock = new VirtualClock();
  recording = recordingSandbox(clock);
  [sandbox, frozen, inSection, killedAtMs] = [recording, false, false, []];
  const bornMs = clock.now().monotonicMs;
  ending = new Ending({
    clock,
    sandbox: () => sandbox,
    isFrozen: () => frozen,
    isInSection: () => inSection,
    kill: () => killedAtMs.push(clock.now().monotonicMs - bornMs),
  });
});

describe('a run that is told to end', () => {
  test('gets a SIGTERM, and 5 s before it is killed', () => {
    ending.end(cancelled, 'gentle');
    expect({ calls: recording.calls, killedAtMs }).toEqual({
      calls: ['terminate'],
      killedAtMs: [],
    });
    clock.advance(GRACE_MS);
    expect(killedAtMs).toEqual([GRACE_MS]);
    expect(ending.verdict).toBe(cancelled);
  });

  test('is killed at once where there is no sandbox, or none that hears', () => {
    sandbox = undefined;
    ending.end(cancelled, 'gentle');
    expect(killedAtMs).toEqual([0]);
  });

  test('is not waited for where it does not handle SIGTERM', () => {
    sandbox = { ...recording, terminate: () => false };
    ending.end(cancelled, 'gentle');
    expect(killedAtMs).toEqual([0]);
  });

  test('frozen is killed as it is: nothing is thawed to say goodbye (N3)', () => {
    frozen = true;
    ending.end(cancelled, 'gentle');
    expect({ calls: recording.calls, killedAtMs }).toEqual({ calls: [], killedAtMs: [0] });
  });

  test('whose person returns during its grace is killed then', () => {
    ending.end(cancelled, 'gentle');
    clock.advance(1_000);
    frozen = true;
    ending.step();
    expect(killedAtMs).toEqual([1_000]);
  });

  test('and is not trusted any more gets no other instruction, not even in a section', () => {
    inSection = true;
    ending.end(cancelled, 'at-once');
    expect({ calls: recording.calls, killedAtMs }).toEqual({ calls: [], killedAtMs: [0] });
  });

  test('twice has its first outcome, and is killed once (N1)', () => {
    ending.end(cancelled, 'gentle');
    ending.end({ kind: 'succeeded' }, 'at-once');
    clock.advance(GRACE_MS * 10);
    ending.end({ kind: 'gone' }, 'at-once');
    expect(ending.verdict).toBe(cancelled);
    expect(killedAtMs).toEqual([0]);
  });
});

describe('in a critical section', () => {
  beforeEach(() => {
    inSection = true;
  });

  test('it is waited for, and told to end when it has left', () => {
    ending.end(cancelled, 'gentle');
    clock.advance(300_000);
    expect({ calls: recording.calls, killedAtMs }).toEqual({ calls: [], killedAtMs: [] });
    inSection = false;
    ending.step();
    expect(recording.calls).toEqual(['terminate']);
    clock.advance(GRACE_MS);
    expect(killedAtMs).toEqual([300_000 + GRACE_MS]);
  });

  test('that has no end it is told to end, and killed 30 s later', () => {
    ending.end({ kind: 'cancelled', reason: 'OPERATOR' }, 'overrun');
    expect(recording.calls).toEqual(['terminate']);
    clock.advance(29_999);
    expect(killedAtMs).toEqual([]);
    clock.advance(1);
    expect(killedAtMs).toEqual([30_000]);
  });

  test('when Lull stops it is waited for 5 s, and told to end (N2)', () => {
    ending.end(cancelled, 'shutting-down');
    clock.advance(4_999);
    expect(recording.calls).toEqual([]);
    clock.advance(1);
    expect(recording.calls).toEqual(['terminate']);
    clock.advance(GRACE_MS);
    expect(killedAtMs).toEqual([10_000]);
  });

  test('left in time when Lull stops, the rest of that wait kills nobody early', () => {
    ending.end(cancelled, 'shutting-down');
    clock.advance(4_000);
    inSection = false;
    ending.step();
    clock.advance(4_999);
    expect(killedAtMs).toEqual([]);
    clock.advance(1);
    expect(killedAtMs).toEqual([9_000]);
  });
});

test('a change while nobody told it to end does nothing', () => {
  frozen = true;
  ending.step();
  expect({ calls: recording.calls, killedAtMs }).toEqual({ calls: [], killedAtMs: [] });
});
