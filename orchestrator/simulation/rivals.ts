// The policies that Lull is compared with, each as good as its idea allows: they look at every
// instant, stop between two steps as soon as they see a reason to, and never fail.

import { inDays, wallDaysOf } from './wall.js';
import { attempt, runIn } from './attempt.js';
import { allowedIn, endOf, type Runner } from './errand.js';
import { peers } from './peers.js';

export const idleTimersS = [60, 180, 900, 1_860] as const;

/** Runs from the first instant on, whoever is there. */
export const startAtOnce: Runner = {
  name: 'start at once',
  run: (errand) => attempt(errand, [{ fromMs: errand.arrivalMs, toMs: endOf(errand) }], undefined),
};

/** Runs between two hours of the local day, whoever is there. */
export function nightWindow(fromHour: number, toHour: number): Runner {
  const two = (hour: number): string => String(hour).padStart(2, '0');
  return {
    name: `night window ${two(fromHour)}-${two(toHour)}`,
    run: (errand) => runIn(inDays(wallDaysOf(errand), fromHour, toHour), errand, 'overrun'),
  };
}

/** Waits until the machine was left alone for so long; stops when it sees that it is not any more. */
export function idleTimer(idleS: number): Runner {
  return {
    name: `idle for ${String(idleS)} s`,
    run: (errand) => {
      const ripe = allowedIn(errand).map(({ fromMs, toMs }) => ({
        fromMs: fromMs + idleS * 1_000,
        toMs,
      }));
      return runIn(ripe, errand, 'overrun');
    },
  };
}

/** Knows the whole trace: never a step that somebody comes back in, and otherwise as early as it can. */
export const clairvoyant: Runner = {
  name: 'clairvoyant',
  run: (errand) => runIn(allowedIn(errand), errand, 'fits'),
};

export const rivals: readonly Runner[] = [
  startAtOnce,
  nightWindow(2, 6),
  ...idleTimersS.map(idleTimer),
  ...peers,
];
