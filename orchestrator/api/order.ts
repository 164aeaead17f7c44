// Orders: what an operator, or somebody who objects, may say, and for how long.

import { displayText, formatDuration } from '../../conditions/words.js';
import type { Policy } from '../policy/policy.js';
import { updateKey, type World } from '../world/world.js';

/** What ends, and policy's key that says when at the latest. */
const keyOf = { hold: 'orders.hold', veto: 'orders.veto', switch: 'orders.pause_all' } as const;
export type OrderKind = keyof typeof keyOf;

const called = { hold: 'a hold', veto: 'a veto', switch: 'the trip switch' } as const;
const WHY_CHARS_MAX = 256;
const OWNER_BYTES_MAX = 64;

/** What is wrong with an order's reason and length, or undefined. */
export function orderProblem(
  kind: OrderKind,
  why: string,
  forMs: number,
  { orderMsMax }: Pick<Policy, 'orderMsMax'>,
): string | undefined {
  const problem = whyProblem(why);
  if (problem !== undefined) return problem;
  if (!(forMs > 0)) return 'say for how long, with --for';
  const most = formatDuration(orderMsMax[kind]);
  return forMs > orderMsMax[kind]
    ? `${called[kind]} lasts at most ${most}, says ${keyOf[kind]} of the policy`
    : undefined;
}

/** What is wrong with a reason, or undefined. */
export function whyProblem(why: string): string | undefined {
  if (isBlank(why)) return 'say why, with --why';
  const isLong = why.length > WHY_CHARS_MAX;
  return isLong ? `the reason is longer than ${String(WHY_CHARS_MAX)} characters` : undefined;
}

/** What is wrong with who objects, or undefined. */
export function ownerProblem(owner: string): string | undefined {
  if (isBlank(owner)) return 'say who objects, with --owner';
  const isLong = Buffer.byteLength(owner) > OWNER_BYTES_MAX;
  return isLong ? `the owner is longer than ${String(OWNER_BYTES_MAX)} bytes` : undefined;
}

/** Nothing in it that anybody would see. */
function isBlank(text: string): boolean {
  return displayText(text, text.length).replaceAll('\ufffd', '').trim() === '';
}

export interface NamedSubject {
  readonly updaterId: string;
  readonly updateId: string;
}

/** An update's id alone, or with its updater's before it, and a space or a slash between them. */
function isUpdateNamed({ updaterId, updateId }: NamedSubject, word: string): boolean {
  return (
    updateId !== '' &&
    [updateId, updateKey(updaterId, updateId), `${updaterId}/${updateId}`].includes(word)
  );
}

/**
 * Those of `all` that a word of an operator means. An updater's id means all that is of the updater,
 * whatever others call their updates.
 */
export function meantBy<T extends NamedSubject>(
  word: string,
  all: readonly T[],
  { updaters }: Pick<World, 'updaters'>,
): T[] {
  const ofUpdater = all.filter(({ updaterId }) => updaterId === word);
  if (ofUpdater.length > 0 || updaters.has(word)) return ofUpdater;
  return all.filter((each) => isUpdateNamed(each, word));
}

/** The updater, or the updates, that an order for one may mean. */
export function subjectsNamed(world: World, word: string): NamedSubject[] {
  if (world.updaters.has(word)) return [{ updaterId: word, updateId: '' }];
  return [...world.updates.values()]
    .map(({ updaterId, update }) => ({ updaterId, updateId: update.id }))
    .filter((each) => isUpdateNamed(each, word));
}

/** What is held and may be meant by `word`, also where what was held has gone. */
export function holdsNamed(world: World, word: string): NamedSubject[] {
  if (world.holds.has(word)) {
    const [updaterId = '', updateId = ''] = word.split(' ');
    return [{ updaterId, updateId }];
  }
  return [...world.holds.keys()]
    .map((key) => {
      const [updaterId = '', updateId = ''] = key.split(' ');
      return { updaterId, updateId };
    })
    .filter((each) => isUpdateNamed(each, word));
}
