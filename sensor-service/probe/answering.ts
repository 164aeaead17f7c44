// Whether those who know of a person still answer. One that hangs sends no signal, and looks like one
// that has nothing to say; while a run is on that must not last.
//
// What is asked rides with the rounds of measuring. Nothing of it is waited for here: whoever does not
// answer says so of itself.

import type { Probe } from './probe.js';

/** With the time that an answer may take, half a second. */
const EVERY_MS = 240;
/** Rounds that follow each other faster than this are those of a run. */
const RUN_ROUNDS_MS_MAX = 500;

/** Who shares a screen talks about it for minutes. */
const LOOK_EVERY_MS = 4_900;

/** What a bus is asked because nobody announces it: as often as there are rounds, so hardly at rest. */
export function unannouncedProbe(look: () => void): Probe {
  return {
    name: 'what nobody announces',
    subjects: [],
    everyMs: LOOK_EVERY_MS,
    measure: () => {
      look();
      return [];
    },
  };
}

export function answeringProbe(check: () => void): Probe {
  let beforeMs = -Infinity;
  return {
    name: 'who knows of a person',
    subjects: [],
    everyMs: EVERY_MS,
    measure: ({ monotonicMs }) => {
      const isRun = monotonicMs - beforeMs <= RUN_ROUNDS_MS_MAX;
      beforeMs = monotonicMs;
      if (isRun) check();
      return [];
    },
  };
}
