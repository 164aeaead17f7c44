// Clauses about Perform: what it refuses, what it says, and that the way comes to its end.

import { Action, type Update } from '../../proto/gen/lull/updater/v1/updater.js';
import type { ActionName } from '../action.js';
import { isDone, reasonIn, wordsOf, type Performed } from './answer.js';
import { hold, Inapplicable, manifest, update, type Clause } from './clause.js';
import { foundCourse, goodSteps, limitOf, standBefore, STEPS_MAX } from './course.js';
import type { Scene } from './scene.js';
import { requireDeclared } from './scanning.js';
import type { Trial } from './trial.js';

const END_MS_MAX = 5_000;
const NOTICES_MAX = 100;
const LINE_BYTES_MAX = 256;
const MESSAGE_BYTES_MAX = 4_096;
/** As any message may carry. */
const OF_A_TIME_TO_COME: Action = JSON.parse('99') as Action;
const everyAction: readonly ActionName[] = [
  ...(['download', 'install', 'verify', 'rollback', 'uninstall', 'restart_app', 'reboot'] as const),
];

export const performing: readonly Clause[] = [
  {
    id: 'perform.unknown-action',
    says: 'UNIMPLEMENTED / CAPABILITY_ABSENT: not offered. INVALID_ARGUMENT / FIELD_INVALID: malformed request.',
    needs: [update],
    try: async (trial) => {
      const { update: one } = await foundCourse(trial);
      const scene = await trial.open();
      for (const wire of [Action.UNSPECIFIED, OF_A_TIME_TO_COME]) {
        const what = `an action of the number ${String(wire)}`;
        await refused(scene, what, { ...one, nextAction: wire }, undefined, wire);
      }
    },
  },
  {
    id: 'perform.undeclared',
    says: 'What the manifest does not declare is not offered: CAPABILITY_ABSENT, or FIELD_INVALID.',
    needs: [manifest, update],
    try: async (trial) => {
      const { update: one } = await foundCourse(trial);
      const scene = await trial.open();
      const declared = trial.subject.claims?.actions ?? [];
      for (const action of everyAction.filter((each) => !declared.includes(each))) {
        await refused(scene, `${action}, which is not declared`, one, action);
      }
    },
  },
  {
    id: 'perform.fields',
    says: 'run_id, update and action are REQUIRED; a run_id has at most 64 bytes.',
    needs: [update],
    try: async (trial) => {
      const { update: one, steps } = await foundCourse(trial);
      const action = steps[0]?.action ?? 'download';
      const scene = await trial.open();
      for (const runId of ['', 'r'.repeat(65)]) {
        const what = `a run_id of ${String(runId.length)} bytes`;
        await refused(scene, what, one, action, undefined, runId);
      }
      await refused(scene, 'no update', undefined, action);
    },
  },
  {
    id: 'perform.unknown-update',
    says: 'gone: the update does not exist any more. FIELD_INVALID: the request makes no sense.',
    needs: [update],
    try: async (trial) => {
      const { update: one, steps } = await foundCourse(trial);
      const scene = await trial.open();
      const strangers = [
        { what: 'an id that no scan gave', change: { id: 'nobody.knows.this' } },
        { what: 'an id of 128 bytes', change: { id: 'x'.repeat(128) } },
        { what: 'an id that leads out', change: { id: '../../../../etc/passwd' } },
        { what: 'no id', change: { id: '' } },
        { what: 'a version that there is not', change: { toVersion: '0.0.0-there-is-not' } },
      ];
      for (const { what, change } of strangers) {
        const stranger = { ...one, ...change };
        await refused(scene, what, stranger, steps[0]?.action ?? 'download');
      }
    },
  },
  {
    id: 'perform.outcome',
    says: 'Exactly one outcome, last; the call is ended after it.',
    needs: [update],
    try: async (trial) => {
      for (const { action, answer, messages, lingeredMs } of (await foundCourse(trial)).steps) {
        hold(answer.kind !== 'nothing', `${action} ended without an outcome`);
        hold(answer.kind !== 'late', `${action} came to ${wordsOf(answer)}`);
        const outcomes = messages.filter(({ kind }) => kind?.$case === 'outcome').length;
        if (answer.kind === 'outcome') {
          hold(outcomes === 1, `${action} said ${String(outcomes)} outcomes`);
          hold(messages.at(-1)?.kind?.$case === 'outcome', `${action} spoke after its outcome`);
        }
        hold(lingeredMs <= END_MS_MAX, `${action} did not end its call within 5 s of its outcome`);
      }
    },
  },
  {
    id: 'perform.progress',
    says: 'fraction: 0 to 1, and never shown going back.',
    needs: [update],
    try: async (trial) => {
      for (const { action, messages } of (await foundCourse(trial)).steps) {
        let last = 0;
        for (const { kind } of messages) {
          if (kind?.$case !== 'progress') continue;
          const { fraction = last } = kind.value;
          hold(fraction >= 0 && fraction <= 1, `${action} was done by ${String(fraction)}`);
          hold(fraction >= last, `${action} went back from ${String(last)} to ${String(fraction)}`);
          last = fraction;
        }
      }
    },
  },
  {
    id: 'perform.words',
    says: 'A step and a notice are one line; of one run 100 notices are kept. A message has at most 4 KiB, a reason is UPPER_SNAKE_CASE.',
    needs: [update],
    try: async (trial) => {
      for (const step of (await foundCourse(trial)).steps) requireWords(trial, step.action, step);
    },
  },
  {
    id: 'way.declared',
    says: 'more_to_do: next_action is REQUIRED, and to one version at most 1,000 times: the way has an end.',
    needs: [update],
    try: async (trial) => {
      const { steps } = await foundCourse(trial);
      for (const { action, answer } of steps) {
        if (answer.kind !== 'outcome' || answer.outcome.$case !== 'moreToDo') continue;
        requireDeclared(trial, answer.outcome.value.nextAction, `more_to_do of ${action}`);
      }
      const isCircle =
        steps.length === STEPS_MAX && isDone(steps.at(-1)?.answer ?? { kind: 'nothing' });
      hold(!isCircle, `after ${String(STEPS_MAX)} actions there still was more to do`);
    },
  },
  {
    id: 'way.succeeds',
    says: 'succeeded: the update is complete, no action is left.',
    needs: [update],
    try: async (trial) => {
      const { steps } = await foundCourse(trial);
      const last = steps.at(-1);
      const way = steps.map(({ action }) => action).join(', ');
      hold(
        last?.answer.kind === 'outcome',
        `${way} came to ${wordsOf(last?.answer ?? { kind: 'nothing' })}`,
      );
      hold(last.answer.outcome.$case === 'succeeded', `${way} came to ${wordsOf(last.answer)}`);
    },
  },
  {
    id: 'way.scan-after',
    says: 'Scan streams the updates that still need an action: what has succeeded is none of them.',
    needs: [update],
    try: async (trial) => {
      const { steps, update: one } = await foundCourse(trial);
      const last = goodSteps(await foundCourse(trial)).at(-1);
      if (last?.nth !== steps.length - 1) {
        throw new Inapplicable('its way did not come to an end');
      }
      const { scene, course, runId } = await standBefore(trial, last.nth);
      const run = { runId, update: course.update, action: last.step.action };
      await scene.perform(run, limitOf(scene, last.step));
      scene.retire();
      const again = (await scene.found()).find(({ id }) => id === one.id);
      hold(again?.toVersion !== one.toVersion, `it still offers ${one.id} ${one.toVersion}`);
    },
  },
];

/** It refuses this, changes nothing and goes on. */
async function refused(
  scene: Scene,
  what: string,
  one: Update | undefined,
  action: ActionName | undefined,
  wire?: Action,
  runId = 'refused',
): Promise<void> {
  const { exit } = await scene.launchFor(wire === undefined ? action : undefined);
  const before = await scene.digest();
  const { answer } = await scene.performRaw(
    { runId, update: one, action: wire ?? action ?? Action.UNSPECIFIED },
    limitOf(scene, undefined),
  );
  hold(exit() === undefined, `it ended when it was asked for ${what}`);
  hold(!isDone(answer), `asked for ${what} it answered ${wordsOf(answer)}`);
  hold(
    answer.kind === 'status' || answer.kind === 'outcome',
    `asked for ${what} it answered ${wordsOf(answer)}`,
  );
  hold((await scene.digest()) === before, `asked for ${what} it changed a root`);
}

function requireWords(trial: Trial, action: string, { messages, answer }: Performed): void {
  const notices = messages.flatMap(({ kind }) =>
    kind?.$case === 'notice' ? [kind.value.message] : [],
  );
  const stepsSaid = messages.flatMap(({ kind }) =>
    kind?.$case === 'progress' ? [kind.value.step] : [],
  );
  hold(notices.length <= NOTICES_MAX, `${action} gave ${String(notices.length)} notices`);
  for (const text of [...notices, ...stepsSaid]) {
    hold(!/[\r\n]/.test(text), `${action} said more than one line: ${JSON.stringify(text)}`);
    const bytes = Buffer.byteLength(text);
    hold(bytes <= LINE_BYTES_MAX, `${action} said a line of ${String(bytes)} bytes`);
  }
  if (answer.kind !== 'outcome' || answer.outcome.$case !== 'failed') return;
  const { reason, message } = answer.outcome.value;
  hold(trial.judges.isReason(reason), `${action} failed with "${reason}", which is no reason`);
  hold(
    Buffer.byteLength(message) <= MESSAGE_BYTES_MAX,
    `${action} failed with more than 4 KiB of words`,
  );
}

/** @throws Violation where it did not fail with a reason. */
export function requireFailure(trial: Trial, { answer }: Performed, when: string): void {
  const reason = reasonIn(answer);
  hold(reason !== undefined, `${when} it answered ${wordsOf(answer)}`);
  hold(
    answer.kind === 'outcome',
    `${when} its call failed, where it should say an outcome: ${wordsOf(answer)}`,
  );
  hold(trial.judges.isReason(reason), `${when} it failed with "${reason}", which is no reason`);
}
