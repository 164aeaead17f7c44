// Whose inhibitions KDE's power manager keeps, in its own words. It takes over every inhibitor of logind
// that blocks, Lull's own too, which is no sign of a person.

import type { Value } from '../../conditions/reading.js';
import { namesIdle, OWN_NAME } from './inhibitor.js';
import { flagValue, unknownValue } from './measurement.js';

const NOT_KNOWN = 'KDE lists inhibitions in a form that is not known';

/**
 * Whether somebody keeps the screen on, by the property ActiveInhibitions, a(ssssu): what, who, why, mode,
 * flags. Newer versions of Plasma have it.
 */
export function screenKeptOn(active: unknown): Value {
  if (!Array.isArray(active)) return unknownValue(NOT_KNOWN);
  return flagValue(
    active.some((each: unknown) => {
      if (!Array.isArray(each)) return false;
      const [what, who] = each as readonly unknown[];
      return who !== OWN_NAME && namesIdle(what) === true;
    }),
  );
}

/** Inhibitions of others that were there while nothing kept the screen on: they are of something else. */
export type OfSomethingElse = ReadonlySet<string>;

interface KdeAnswer {
  readonly value: Value;
  readonly ofSomethingElse: OfSomethingElse;
}

/**
 * The same of a Plasma that does not say what an inhibition is of: whether anything keeps the screen on,
 * and the list of all, a(ss): who, why. In doubt somebody does.
 */
export function screenKeptOnByOthers(
  anything: unknown,
  list: unknown,
  before: OfSomethingElse,
): KdeAnswer {
  if (typeof anything !== 'boolean' || !Array.isArray(list)) {
    return { value: unknownValue(NOT_KNOWN), ofSomethingElse: before };
  }
  const others = list.filter((each: unknown) => !Array.isArray(each) || each[0] !== OWN_NAME);
  const keys = others.map((each) => JSON.stringify(each));
  if (!anything) return { value: flagValue(false), ofSomethingElse: new Set(keys) };
  const isOwn = others.length < list.length;
  const value = flagValue(!isOwn || keys.some((key) => !before.has(key)));
  return { value, ofSomethingElse: before };
}
