// The instants of an action at which something can come in between: its beginning, and before and after
// each call of the host's, which is where something has just become durable, or not.

import type { Performed } from './answer.js';
import {
  goodSteps,
  foundCourse,
  limitOf,
  standBefore,
  type Standing,
  type Step,
} from './course.js';
import type { Launch } from './subject.js';
import type { Trial } from './trial.js';

export interface Moment {
  /** Of the way. */
  readonly nth: number;
  /** Of the host's calls in the step; undefined: as it begins. */
  readonly call: number | undefined;
  readonly side: 'before' | 'after';
  /** For people: "at the 2nd fetch of download, after it". */
  readonly words: string;
}

/** Of one step: an updater that fetches a thousand files is not killed a thousand times. */
const CALLS_MAX = 4;
/** A call that has just begun, and has said nothing yet. */
const BEGUN_MS_MAX = 30;

export async function momentsOf(trial: Trial): Promise<Moment[]> {
  return goodSteps(await foundCourse(trial)).flatMap(({ step, nth }) => [
    { nth, call: undefined, side: 'before', words: `as ${step.action} began` },
    ...chosen(step.calls.length).flatMap((call) =>
      (['before', 'after'] as const).map((side) => ({
        nth,
        call,
        side,
        words: wordsAt(step, call, side),
      })),
    ),
  ]);
}

function wordsAt({ action, calls }: Step, call: number, side: string): string {
  return `in ${action}, ${side} call ${String(call + 1)} of the host, ${calls[call] ?? ''}`;
}

/** The first, the last, and some between. */
function chosen(count: number): number[] {
  const parts = Math.min(count, CALLS_MAX);
  const all = Array.from({ length: parts }, (_none, part) =>
    parts === 1 ? 0 : Math.round((part * (count - 1)) / (parts - 1)),
  );
  return [...new Set(all)];
}

export interface Interrupted extends Standing {
  readonly launch: Launch;
  readonly performed: Performed;
  /** Whether the moment came: an attempt need not call the host as the one before did. */
  readonly reached: boolean;
}

/**
 * Stands before the step of this moment, begins it, and does `act` when the moment comes.
 * @param actMs for how long that keeps the updater from going on: it is not taken off its own time.
 */
export async function interrupt(
  trial: Trial,
  moment: Moment,
  act: (
    standing: Standing & { readonly launch: Launch; readonly cut: () => void },
  ) => Promise<void>,
  actMs = 0,
): Promise<Interrupted> {
  const standing = await standBefore(trial, moment.nth);
  const { scene, course, step, runId } = standing;
  const launch = await scene.launchFor(step.action);
  let reached = false;
  const cutting = new AbortController();
  const come = async (): Promise<void> => {
    if (reached) return;
    reached = true;
    await act({
      ...standing,
      launch,
      cut: () => {
        cutting.abort();
      },
    });
  };
  scene.host.atCall = async ({ nth }) => {
    if (nth !== moment.call) return undefined;
    if (moment.side === 'after') return come;
    await come();
    return undefined;
  };
  const run = { runId, update: course.update, action: step.action };
  const limit = limitOf(scene, step) + actMs;
  const performing = scene.perform(run, limit, { signal: cutting.signal });
  if (moment.call === undefined) {
    await Promise.race([performing, new Promise((resolve) => setTimeout(resolve, BEGUN_MS_MAX))]);
    // There is no call that it could answer.
    await come().catch(() => undefined);
  }
  const performed = await performing;
  scene.host.atCall = () => Promise.resolve(undefined);
  return { ...standing, launch, performed, reached };
}
