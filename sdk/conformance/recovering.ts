// Clauses about an end in mid-way: killed, cut, told to end. The same run id is how it goes on.

import { status } from '@grpc/grpc-js';
import { isDone, wordsOf } from './answer.js';
import { hold, power, update, type Clause } from './clause.js';
import { foundCourse, goodSteps, goToEnd, limitOf, standBefore } from './course.js';
import { interrupt, momentsOf } from './moments.js';
import { within } from './patience.js';
import { hostError } from '../testing/host-error.js';

const TIMES = 10;
const STOP_MS_MAX = 5_000;

export const recovering: readonly Clause[] = [
  {
    id: 'recover.repeated',
    says: 'The same id with the same request MUST give the same result, also after a crash.',
    needs: [update],
    try: async (trial) => {
      for (const { nth } of goodSteps(await foundCourse(trial))) {
        const { scene, course, step, runId } = await standBefore(trial, nth);
        const run = { runId, update: course.update, action: step.action };
        const first = await scene.perform(run, limitOf(scene, step));
        const digest = await scene.digest();
        for (let attempt = 2; attempt <= TIMES; attempt += 1) {
          const { answer } = await scene.perform({ ...run, attempt }, limitOf(scene, step));
          const when = `${step.action} had come to ${wordsOf(first.answer)}; asked for it again with its run id, it`;
          hold(wordsOf(answer) === wordsOf(first.answer), `${when} came to ${wordsOf(answer)}`);
          hold((await scene.digest()) === digest, `${when} changed a root once more`);
        }
      }
    },
  },
  {
    id: 'recover.killed',
    says: 'The host may kill the process at any instant. Repeating the call with the same run_id is how the host recovers a run.',
    needs: [power('kill'), update],
    try: async (trial) => {
      for (const moment of await momentsOf(trial)) {
        const standing = await interrupt(trial, moment, async ({ launch }) => {
          await launch.kill();
          // What was not done by then is not done.
          if (moment.side === 'before')
            throw hostError(status.CANCELLED, 'RUN_OVER', 'it was killed');
        });
        if (!standing.reached) continue;
        standing.scene.retire();
        await goToEnd(standing, `killed ${moment.words}`);
        await trial.closeScenes();
      }
    },
  },
  {
    id: 'recover.cut',
    says: 'The host may cut a call at any instant. Nothing that must survive may live only in a stream.',
    needs: [update],
    try: async (trial) => {
      for (const moment of await momentsOf(trial)) {
        const standing = await interrupt(trial, moment, ({ cut }) => {
          cut();
          return Promise.resolve();
        });
        if (!standing.reached) continue;
        const when = `cut ${moment.words}`;
        hold(standing.launch.exit() === undefined, `${when}, it ended`);
        await goToEnd(standing, when);
        await trial.closeScenes();
      }
    },
  },
  {
    id: 'recover.terminated',
    says: 'The updater MUST end within 5 s of a SIGTERM, also in the middle of an action.',
    needs: [power('terminate'), update],
    try: async (trial) => {
      for (const moment of await momentsOf(trial)) {
        if (moment.side === 'after') continue;
        const heard: boolean[] = [];
        const standing = await interrupt(trial, moment, ({ launch }) => {
          heard.push(launch.terminate());
          return Promise.resolve();
        });
        if (!standing.reached) continue;
        const when = `told to end ${moment.words}`;
        hold(heard.includes(true), `${when}, it did not handle the signal`);
        const exit = await within(standing.launch.exited, STOP_MS_MAX);
        hold(exit !== undefined, `${when}, it was still there 5 s later`);
        standing.scene.retire();
        await goToEnd(standing, when);
        await trial.closeScenes();
      }
    },
  },
  {
    id: 'recover.at-once',
    says: 'ABORTED / RUN_PENDING: another run holds this update.',
    needs: [update],
    try: async (trial) => {
      const { steps } = await foundCourse(trial);
      const nth = steps.findIndex(({ calls }) => calls.includes('commit'));
      const standing = await standBefore(trial, Math.max(0, nth));
      const { scene, course, step, runId } = standing;
      const launch = await scene.launchFor(step.action);
      const limit = limitOf(scene, step);
      const both = await Promise.all(
        [runId, `${runId}-other`].map((id) =>
          scene.perform({ runId: id, update: course.update, action: step.action }, limit),
        ),
      );
      hold(launch.exit() === undefined, 'it ended when two runs came at once');
      for (const { answer } of both) {
        const isOver = answer.kind === 'status' || answer.kind === 'outcome';
        hold(isOver, `two runs at once: one came to ${wordsOf(answer)}`);
      }
      hold(
        both.some(({ answer }) => isDone(answer)),
        `two runs at once: ${both.map(({ answer }) => wordsOf(answer)).join('; ')}`,
      );
      await goToEnd(standing, 'after two runs at once');
    },
  },
];
