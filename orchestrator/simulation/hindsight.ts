// What a plain rule could have reached at best: idle timers that somebody chose who knows how it went.
// Nobody can, which is the point. With one update on each device, one timer per device is the luckiest
// of them all and no bound of what could be learnt of a device: decision 110.

import type { Errand } from './errand.js';
import { clairvoyant, idleTimer } from './rivals.js';
import { scoreOf, summary, type Score, type Scored } from './score.js';

/** From none to Android's, closer together where most absences end. */
const timersS = [
  0, 5, 10, 20, 30, 45, 60, 90, 120, 150, 180, 240, 300, 420, 600, 900, 1_200, 1_860,
];
/** A timer for all must get so much of the clairvoyant's done. */
const DONE_SHARE_MIN = 0.99;

interface Chosen extends Score {
  readonly scored: readonly Scored[];
}

/** The timer that disturbs least of those that get enough done: one for all, and one for each device. */
export function bestTimers(errands: readonly Errand[]): Chosen[] {
  const best = errands.map((errand) => scoreOf(errand, clairvoyant.run(errand)));
  const timers = timersS.map((idleS) => {
    const timer = idleTimer(idleS);
    return errands.map((errand) => scoreOf(errand, timer.run(errand)));
  });
  const one = leastDisturbing(timers, DONE_SHARE_MIN * doneCount(best));
  const each = [...byDevice(errands).values()].map((indices) => {
    const of = (scored: readonly Scored[]): Scored[] => indices.flatMap((i) => scored[i] ?? []);
    return leastDisturbing(timers.map(of), doneCount(of(best)));
  });
  return [
    chosen('one timer, in hindsight', one),
    chosen('one per device, in hindsight', each.flat()),
  ];
}

/** Of those that get enough done, or the most where none does: the first that disturbs least. */
function leastDisturbing(
  timers: readonly (readonly Scored[])[],
  enough: number,
): readonly Scored[] {
  const most = Math.max(0, ...timers.map(doneCount));
  const able = timers.filter((scored) => doneCount(scored) >= Math.min(enough, most));
  const sumS = (scored: readonly Scored[]): number =>
    scored.reduce((sum, { notAllowedS }) => sum + notAllowedS, 0);
  return able.reduce((least, next) => (sumS(next) < sumS(least) ? next : least), able[0] ?? []);
}

function byDevice(errands: readonly Errand[]): Map<string, number[]> {
  const devices = new Map<string, number[]>();
  errands.forEach(({ trace: { device } }, i) => {
    devices.set(device, [...(devices.get(device) ?? []), i]);
  });
  return devices;
}

function doneCount(scored: readonly Scored[]): number {
  return scored.filter(({ done }) => done).length;
}

function chosen(name: string, scored: readonly Scored[]): Chosen {
  return { ...summary(name, scored), scored };
}
