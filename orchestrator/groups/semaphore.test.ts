import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { acquire, empty, putBack, release, type Semaphore } from './semaphore.js';

const ask = (semaphore: Semaphore, id: string, max = 2) =>
  acquire(semaphore, { id, max, nowMs: 7 });
const full = ask(ask(empty, 'a').semaphore, 'b').semaphore;

describe('places in a group', () => {
  test('are given until there are none', () => {
    expect(full.holders).toEqual([
      { id: 'a', sinceMs: 7 },
      { id: 'b', sinceMs: 7 },
    ]);
    expect(ask(full, 'c')).toEqual({ kind: 'refused', semaphore: full });
  });

  test('stay with whoever asks again, since when it was', () => {
    expect(acquire(full, { id: 'a', max: 2, nowMs: 99 })).toEqual({
      kind: 'held',
      semaphore: full,
    });
  });

  test('are released by their owner alone', () => {
    expect(release(full, 'c')).toBe(full);
    expect(release(full, 'a')).toEqual({ max: 2, holders: [{ id: 'b', sinceMs: 7 }] });
    expect(ask(release(full, 'a'), 'c').kind).toBe('held');
  });

  test('are kept where fewer may by now, and none is given until enough are free', () => {
    expect(ask(full, 'b', 1).kind).toBe('held');
    expect(ask(release(full, 'a'), 'c', 1).kind).toBe('refused');
    expect(ask(release(release(full, 'a'), 'b'), 'c', 1).kind).toBe('held');
  });

  test('are put back where they were lost, beside those who have one now, longest first', () => {
    const since = (id: string, sinceMs: number): Semaphore => ({
      max: 1,
      holders: [{ id, sinceMs }],
    });
    expect(putBack(empty, full)).toEqual({ ...full, max: 2 });
    expect(putBack(full, since('b', 1))).toBe(full);
    expect(putBack(since('c', 9), full).holders.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  });

  test('are not there where none may', () => {
    expect(ask(empty, 'a', 0).kind).toBe('refused');
  });

  test('whatever is asked in whatever order: never more than may, and nobody twice', () => {
    const step = fc.record({
      id: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      max: fc.integer({ min: 0, max: 4 }),
      releases: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let semaphore = empty;
        for (const { id, max, releases } of steps) {
          const before = semaphore;
          if (releases) semaphore = release(semaphore, id);
          else semaphore = acquire(semaphore, { id, max, nowMs: 1 }).semaphore;
          const ids = semaphore.holders.map((holder) => holder.id);
          expect(new Set(ids).size).toBe(ids.length);
          const grew = ids.length > before.holders.length;
          expect(!grew || ids.length <= max).toBe(true);
          expect(ids.includes(id)).toBe(releases ? false : ids.includes(id));
        }
      }),
    );
  });
});
