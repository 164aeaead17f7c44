import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { atFirst, UNANSWERED_MS_MAX, UNANSWERED_MS_MIN, whenAnnounced } from './patience.js';

const ANNOUNCED_EVERY_MS = 10_000;

/** Hellos that are said until the first answer to the newest, where each is answered so much later. */
function hellosSaid(answerMs: (count: number) => number, hoursMax = 2): number {
  let [patience, count, saidAtMs] = [atFirst, 1, 0];
  for (let nowMs = 0; nowMs < hoursMax * 3_600_000; nowMs += ANNOUNCED_EVERY_MS) {
    if (nowMs - saidAtMs >= answerMs(count)) return count;
    const next = whenAnnounced(patience, 'leader', nowMs - saidAtMs);
    if (next === undefined) continue;
    [patience, count, saidAtMs] = [next, count + 1, nowMs];
  }
  return Number.POSITIVE_INFINITY;
}

describe('a hello that nobody has answered', () => {
  test('is not said again while its orchestrator may just be new', () => {
    expect(whenAnnounced(atFirst, 'a', UNANSWERED_MS_MIN - 1)).toBeUndefined();
  });

  test('is said again to an orchestrator that leads now', () => {
    const patience = { leaderId: 'a', ms: UNANSWERED_MS_MAX };
    const next = whenAnnounced(patience, 'b', UNANSWERED_MS_MIN);
    expect(next).toEqual({ leaderId: 'b', ms: 2 * UNANSWERED_MS_MIN });
  });

  test('waits twice as long for the same one each time, up to a bound', () => {
    const waits = [];
    let patience = whenAnnounced(atFirst, 'a', UNANSWERED_MS_MIN) ?? atFirst;
    for (let count = 0; count < 7; count += 1) {
      expect(whenAnnounced(patience, 'a', patience.ms - 1)).toBeUndefined();
      waits.push(patience.ms / 1_000);
      patience = whenAnnounced(patience, 'a', patience.ms) ?? atFirst;
    }
    expect(waits).toEqual([4, 8, 16, 32, 64, 120, 120]);
  });

  // A fleet that says hello every ten seconds, to a leader that takes eleven, is never attached.
  test('is answered at last, however long the line is (P1)', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 115_000 }), (lineMs) => {
        expect(hellosSaid(() => lineMs)).toBeLessThanOrEqual(7);
      }),
    );
  });

  test('is answered at last, when each one makes the line longer (P1)', () => {
    expect(hellosSaid((count) => count * 15_000)).toBeLessThanOrEqual(8);
  });
});
