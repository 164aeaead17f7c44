import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  acknowledged,
  BYTES_MAX,
  emptyOutbox,
  EVENTS_MAX,
  isFull,
  post,
  type Outbox,
} from './outbox.js';

const fact = { bytes: 1, droppable: false };

function filled(count: number, droppable: (n: number) => boolean): Outbox<number> {
  let outbox = emptyOutbox<number>();
  for (let n = 1; n <= count; n += 1)
    outbox = post(outbox, n, { bytes: 1, droppable: droppable(n) });
  return outbox;
}

describe('an outbox', () => {
  test('keeps what is not acknowledged, in order, with sequences that grow by one', () => {
    const outbox = acknowledged(
      filled(5, () => false),
      2,
    );
    expect(outbox.waiting.map(({ sequence }) => sequence)).toEqual([3, 4, 5]);
    expect(post(outbox, 6, fact).lastSequence).toBe(6);
  });

  test('never uses a sequence twice, also when everything was acknowledged', () => {
    const outbox = acknowledged(
      filled(3, () => false),
      99,
    );
    expect(outbox.waiting).toEqual([]);
    expect(post(outbox, 0, fact).waiting).toMatchObject([{ sequence: 4 }]);
  });

  test('drops the oldest progress when there is too much, and never a fact (O1)', () => {
    const waiting = Array.from({ length: EVENTS_MAX }, (_, n) => ({
      sequence: n + 1,
      event: n,
      bytes: 1,
      droppable: n === 7 || n === 9,
    }));
    const full: Outbox<number> = { lastSequence: EVENTS_MAX, waiting, bytes: EVENTS_MAX };
    const next = post(full, 1, fact);
    expect(next.waiting).toHaveLength(EVENTS_MAX);
    expect(next.waiting.some(({ sequence }) => sequence === 8)).toBe(false);
    const after = post(post(next, 2, fact), 3, fact);
    expect(after.waiting.some(({ sequence }) => sequence === 10)).toBe(false);
    expect(after.waiting).toHaveLength(EVENTS_MAX + 1);
  });

  test('is full by its bytes as well, and no longer when they were acknowledged (O2)', () => {
    const half = { bytes: BYTES_MAX / 2, droppable: false };
    const full = post(post(emptyOutbox<number>(), 1, half), 2, half);
    expect([isFull(post(emptyOutbox<number>(), 1, half)), isFull(full)]).toEqual([false, true]);
    expect(isFull(acknowledged(full, 1))).toBe(false);
    const talk = post(post(emptyOutbox<number>(), 1, { ...half, droppable: true }), 2, half);
    expect(post(talk, 3, fact).waiting.map(({ event }) => event)).toEqual([2, 3]);
  });

  test('loses nothing below its limit, whatever is acknowledged when', () => {
    const step = fc.oneof(fc.boolean(), fc.nat(50));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let outbox = emptyOutbox<number>();
        let acked = 0;
        for (const each of steps) {
          if (typeof each === 'boolean') outbox = post(outbox, 0, { bytes: 1, droppable: each });
          else {
            acked = Math.max(acked, Math.min(each, outbox.lastSequence));
            outbox = acknowledged(outbox, acked);
          }
          const kept = outbox.waiting.map(({ sequence }) => sequence);
          const wanted = Array.from(
            { length: outbox.lastSequence - acked },
            (_, n) => acked + n + 1,
          );
          expect(kept).toEqual(wanted);
        }
      }),
    );
  });
});
