// Orders: what an operator, or somebody who objects, may say, and for how long.

import type { Fact } from '../journal/fact.js';
import { updateKey, type World } from '../world/world.js';

const DAY_MS = 86_400_000;

/** Longest times: a hold that outlives everybody's memory of it is a hole (snapd's 95 days). */
export const forMsMax = { hold: 95 * DAY_MS, veto: 14 * DAY_MS, switch: 14 * DAY_MS } as const;

const WHY_CHARS_MAX = 256;

/** What is wrong with an order's reason and length, or undefined. */
export function orderProblem(
  kind: keyof typeof forMsMax,
  why: string,
  forMs: number,
): string | undefined {
  if (why.trim() === '') return 'say why, with --why';
  if (why.length > WHY_CHARS_MAX)
    return `the reason is longer than ${String(WHY_CHARS_MAX)} characters`;
  if (!(forMs > 0)) return 'say for how long, with --for';
  const days = forMsMax[kind] / DAY_MS;
  if (forMs > forMsMax[kind]) return `a ${kind} lasts at most ${String(days)} days`;
  return undefined;
}

/** The updater and update that a word of an operator means; undefined: nothing has that name. */
export function subjectNamed(
  world: World,
  word: string,
): { readonly updaterId: string; readonly updateId: string } | undefined {
  if (world.updaters.has(word)) return { updaterId: word, updateId: '' };
  for (const { updaterId, update } of world.updates.values()) {
    if (update.id === word || updateKey(updaterId, update.id) === word) {
      return { updaterId, updateId: update.id };
    }
  }
  return undefined;
}

/** The fact that lifts the hold on `word`, also where what was held has gone. */
export function liftFacts(world: World, word: string): Fact[] {
  return [...world.holds.keys()].flatMap((key): Fact[] => {
    const [updaterId = '', updateId = ''] = key.split(' ');
    if (key !== word && updateId !== word) return [];
    return [{ kind: 'hold.lifted', updaterId, updateId, actor: 'operator' }];
  });
}
