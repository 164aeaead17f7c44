// A clause: one sentence of the contract, and how an updater is held to it.
//
// What an updater does wrong is thrown as a Violation, deep inside of loops over steps and faults, and is
// caught in one place, by the suite. So is what shows only on the way that there is nothing to try.

import type { ActionName } from '../action.js';
import type { Power } from './subject.js';
import type { Trial } from './trial.js';

/** What there has to be so that a clause can be tried; without it, it is skipped, which is said. */
export type Need =
  | { readonly kind: 'manifest' }
  /** The scan finds something that can be taken on its way. */
  | { readonly kind: 'update' }
  | { readonly kind: 'power'; readonly power: Power }
  /** The manifest declares it. */
  | { readonly kind: 'action'; readonly action: ActionName }
  /** Describe claims it. */
  | { readonly kind: 'capability'; readonly capability: string };

export interface Clause {
  /** "group.name": what `--only` takes, and what is stable from version to version. */
  readonly id: string;
  /** What the contract says. */
  readonly says: string;
  readonly needs?: readonly Need[];
  /** @throws Violation, Inapplicable. */
  readonly try: (trial: Trial) => Promise<void>;
}

/** What an updater did that the contract does not allow. */
export class Violation extends Error {}

/** There is nothing here that the clause could be tried on. */
export class Inapplicable extends Error {}

/** @throws Violation with `words` unless it is so. */
export function hold(isSo: boolean, words: string): asserts isSo {
  if (!isSo) throw new Violation(words);
}

export const update: Need = { kind: 'update' };
export const manifest: Need = { kind: 'manifest' };
export const power = (name: Power): Need => ({ kind: 'power', power: name });
export const action = (name: ActionName): Need => ({ kind: 'action', action: name });
export const capability = (name: string): Need => ({ kind: 'capability', capability: name });
