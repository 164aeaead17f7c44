import { expect, test } from '@jest/globals';
import type { RolloutFact } from '../journal/rollout-fact.js';
import { rolloutKey } from '../world/rollouts.js';
import { noteOnce } from './note-once.loop.js';

const which = { updaterId: 'dev.lull.npm', updateId: 'left-pad', toVersion: '2.0.0' };
const started = { kind: 'rollout.started', ...which } as const;
const other = { ...started, updateId: 'right-pad' };
const failed = { kind: 'rollout.failed', ...which, hostId: 'h', ring: 'all', why: 'no' } as const;

/** A journal that takes what it is given when it is let. */
function journal() {
  const asked: (readonly RolloutFact[])[] = [];
  const known = new Set<string>();
  const ends: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const note = noteOnce(
    (facts) => {
      asked.push(facts);
      return new Promise((resolve, reject) => ends.push({ resolve, reject }));
    },
    (key) => known.has(key),
  );
  return { asked, known, ends, note };
}

test('a thousand machines find the same at once: it is noted once, and everybody waits for that', async () => {
  const { asked, ends, note } = journal();
  let doneCount = 0;
  const all = Array.from({ length: 1_000 }, () => note([started]).then(() => (doneCount += 1)));
  await new Promise(setImmediate);
  expect(asked.flat()).toEqual([started]);
  expect(doneCount).toBe(0);
  for (const { resolve } of ends) resolve();
  await Promise.all(all);
});

test('what is known is not noted, and what did not work always is', async () => {
  const { asked, known, ends, note } = journal();
  known.add(rolloutKey(started));
  const noting = note([started, failed, other]);
  expect(asked).toEqual([[other, failed]]);
  ends[0]?.resolve();
  await noting;
});

test('it could not be written: whoever waited hears that too, and notes it the next time (W1)', async () => {
  const { asked, ends, note } = journal();
  const both = [note([started]), note([started, other])];
  ends[1]?.resolve();
  ends[0]?.reject(new Error('nobody leads'));
  for (const each of both) await expect(each).rejects.toThrow('nobody leads');
  expect(asked).toEqual([[started], [other]]);
  void note([started]);
  expect(asked.at(-1)).toEqual([started]);
});
