// What many machines find in the same moment is noted once: that an update begins its way through the rings.
//
// Invariant: W1. Whoever notes it while somebody else does waits for that, and hears when it failed: it notes
// it again then, as it would its own.

import type { RolloutFact } from '../journal/rollout-fact.js';
import { rolloutKey } from '../world/rollouts.js';

type Note = (facts: readonly RolloutFact[]) => Promise<void>;

/** @param isKnown whether the fleet's journal has it already. */
export function noteOnce(note: Note, isKnown: (key: string) => boolean): Note {
  /** What is on its way. */
  const beginning = new Map<string, Promise<void>>();

  return async (facts) => {
    const begun = facts.flatMap((fact) =>
      fact.kind === 'rollout.started' ? [[rolloutKey(fact), fact] as const] : [],
    );
    const others = begun.flatMap(([key]) => beginning.get(key) ?? []);
    const own = new Map(begun.filter(([key]) => !isKnown(key) && !beginning.has(key)));
    const rest = facts.filter(({ kind }) => kind !== 'rollout.started');
    const news = [...own.values(), ...rest];
    const noted = news.length === 0 ? Promise.resolve() : note(news);
    for (const key of own.keys()) beginning.set(key, noted);
    try {
      await Promise.all([noted, ...others]); // W1
    } finally {
      for (const key of own.keys()) beginning.delete(key);
    }
  };
}
