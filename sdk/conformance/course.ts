// The whole way of one update: what a scan names first, and every action after it, to the end. It is walked
// once as a host would; most clauses then walk it again, with something in the way.

import type { Update } from '../../proto/gen/lull/updater/v1/updater.js';
import { actionFromWire } from '../../proto/wire/action.js';
import type { ActionName } from '../action.js';
import { isDone, wordsOf, type Answer, type Performed } from './answer.js';
import { hold, Inapplicable } from './clause.js';
import type { Scene } from './scene.js';
import type { SceneHost } from './scene-host.js';
import type { Trial } from './trial.js';

/** One action of the way, as it went where nothing was in it. */
export interface Step extends Performed {
  readonly action: ActionName;
  /** Names of the host's calls in it, in order. */
  readonly calls: readonly string[];
  readonly digestAfter: string;
}

export type Course =
  | { readonly kind: 'nothing'; readonly seen: Seen }
  | {
      readonly kind: 'found';
      readonly found: readonly Update[];
      readonly update: Update;
      readonly steps: readonly Step[];
      readonly digestBefore: string;
      readonly seen: Seen;
    };

/** What its host saw meanwhile. */
type Seen = Pick<SceneHost, 'strangerCount' | 'refusals' | 'targets'>;

type Found = Extract<Course, { kind: 'found' }>;

/** Three are usual; who needs more than this goes round in a circle. */
export const STEPS_MAX = 20;
const RUN_MS_MAX = 1_800_000;
const AGAIN_MS_MIN = 30_000;
const AGAIN_TIMES = 10;

export async function readCourse(scene: Scene): Promise<Course> {
  const found = await scene.found();
  const [update] = found;
  const first = update && actionFromWire(update.nextAction);
  if (update === undefined || first === undefined) {
    return { kind: 'nothing', seen: scene.host };
  }
  const steps: Step[] = [];
  const digestBefore = await scene.digest();
  let action: ActionName | undefined = first;
  while (action !== undefined && steps.length < STEPS_MAX) {
    const runId = runIdOf(steps.length);
    const performed = await scene.perform({ runId, update, action }, limitOf(scene, undefined));
    const [calls, digestAfter] = [scene.host.calls, await scene.digest()];
    steps.push({ ...performed, action, calls, digestAfter });
    action = nextOf(performed.answer);
  }
  return { kind: 'found', found, update, steps, digestBefore, seen: scene.host };
}

export function runIdOf(step: number): string {
  return `way-${String(step)}`;
}

/** What it says that is to be done next. */
export function nextOf(answer: Answer): ActionName | undefined {
  return answer.kind === 'outcome' && answer.outcome.$case === 'moreToDo'
    ? actionFromWire(answer.outcome.value.nextAction)
    : undefined;
}

/** For how long an action is waited for: what the manifest allows, and once it went, many times as long. */
export function limitOf({ subject }: Scene, before: Performed | undefined): number {
  const runMs = subject.claims?.runMs ?? RUN_MS_MAX;
  return before === undefined
    ? runMs
    : Math.min(runMs, Math.max(AGAIN_MS_MIN, AGAIN_TIMES * before.tookMs));
}

export interface Standing {
  readonly scene: Scene;
  readonly course: Found;
  readonly step: Step;
  readonly nth: number;
  readonly runId: string;
}

export async function foundCourse(trial: Trial): Promise<Found> {
  const course = await trial.course();
  if (course.kind === 'nothing') throw new Inapplicable('the scan found nothing to update');
  return course;
}

/** A fresh scene in which all steps before this one have been taken. */
export async function standBefore(trial: Trial, nth: number): Promise<Standing> {
  const course = await foundCourse(trial);
  const scene = await trial.open();
  for (const [index, step] of course.steps.slice(0, nth).entries()) {
    const run = { runId: runIdOf(index), update: course.update, action: step.action };
    const { answer } = await scene.perform(run, limitOf(scene, step));
    hold(
      isDone(answer),
      `${step.action} had gone well, and a second time it came to ${wordsOf(answer)}`,
    );
  }
  const step = course.steps[nth];
  if (step === undefined) throw new Inapplicable('the way is shorter than that');
  return { scene, course, step, nth, runId: runIdOf(nth) };
}

/** The steps that went well: what did not is the matter of the clause `way.succeeds` alone. */
export function goodSteps({
  steps,
}: Found): readonly { readonly step: Step; readonly nth: number }[] {
  return steps.flatMap((step, nth) => (isDone(step.answer) ? [{ step, nth }] : []));
}

/** Takes the step, and the rest of the way. @throws Violation unless it ends in `succeeded`. */
export async function goToEnd(
  { scene, course, step, nth, runId }: Standing,
  after: string,
  attempt = 2,
): Promise<void> {
  let action: ActionName | undefined = step.action;
  for (let taken = 0; taken < STEPS_MAX; taken += 1) {
    const id = taken === 0 ? runId : `${runId}-on-${String(taken)}`;
    const limit = limitOf(scene, course.steps[nth + taken]);
    const run = { runId: id, update: course.update, action, attempt: taken === 0 ? attempt : 1 };
    const { answer } = await scene.perform(run, limit);
    hold(isDone(answer), `${after}: ${action} then came to ${wordsOf(answer)}`);
    action = nextOf(answer);
    if (action === undefined) return;
  }
  hold(false, `${after}: the way did not end within ${String(STEPS_MAX)} actions`);
}
