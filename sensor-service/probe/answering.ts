// Whether those who know of a person still answer. One that hangs sends no signal, and looks like one
// that has nothing to say; while a run is on that must not last.
//
// What is asked rides with the rounds of measuring. Nothing of it is waited for here: whoever does not
// answer says so of itself.

import type { Probe } from './probe.js';

/** With the time that an answer may take, half a second. */
const EVERY_MS = 240;
/** While an update waits: as often as everybody else on a bus is asked, and answered sooner. */
const WAIT_EVERY_MS = 9_000;
/** Rounds that follow each other faster than this are those of a run, or of an update that waits. */
const ROUNDS_MS_MAX = { run: 500, wait: 2_000 };

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
  let checkedMs = -Infinity;
  return {
    name: 'who knows of a person',
    subjects: [],
    // Those that are asked in each round are asked first, and this one first of all: it can be answered
    // while the others read.
    everyMs: 0,
    measure: ({ monotonicMs }) => {
      const [sinceMs, uncheckedMs] = [monotonicMs - beforeMs, monotonicMs - checkedMs];
      beforeMs = monotonicMs;
      const isOfRun = sinceMs <= ROUNDS_MS_MAX.run && uncheckedMs >= EVERY_MS;
      const isOfWait = sinceMs <= ROUNDS_MS_MAX.wait && uncheckedMs >= WAIT_EVERY_MS;
      if (isOfRun || isOfWait) {
        checkedMs = monotonicMs;
        check();
      }
      return [];
    },
  };
}
