// Clauses about being held: frozen without a word, or asked for a safe point before.

import { setTimeout as pause } from 'node:timers/promises';
import { Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { statusOf, wordsOf } from './answer.js';
import { capability, hold, Inapplicable, power, update, type Clause } from './clause.js';
import { goToEnd } from './course.js';
import { interrupt, momentsOf } from './moments.js';
import type { Launch } from './subject.js';
import type { Trial } from './trial.js';

const SHORT_MS = 1_000;
const LONG_MS = 60_000;
const PAUSE_MS_MAX = 1_500;
const RESUME_MS_MAX = 5_000;

export const holding: readonly Clause[] = [
  {
    id: 'hold.frozen',
    says: 'The host may freeze the process at any instant. Thawed, it goes on.',
    needs: [power('freeze'), update],
    try: (trial) => freezeEverywhere(trial, trial.options.holdMs ?? SHORT_MS),
  },
  {
    id: 'hold.frozen-long',
    says: 'Thawed, minutes or hours later, it goes on.',
    needs: [power('freeze'), update],
    try: (trial) => {
      if (!trial.options.long) throw new Inapplicable('it takes minutes: ask for it with --long');
      return freezeEverywhere(trial, LONG_MS);
    },
  },
  {
    id: 'pause.reached',
    says: 'Capability pause: reach a safe point before the deadline passes; at the end of a Pause it goes on.',
    needs: [capability('pause'), update],
    try: async (trial) => {
      for (const moment of await momentsOf(trial)) {
        if (moment.side === 'after') continue;
        const asked: Promise<ServiceError | undefined>[] = [];
        const standing = await interrupt(trial, moment, ({ launch, runId }) => {
          const pausing = pauseRun(launch, runId);
          asked.push(pausing.finally(() => resumeRun(launch, runId)));
          return Promise.resolve();
        });
        const when = `asked to pause ${moment.words}`;
        const error = await asked[0];
        hold(error?.code !== status.DEADLINE_EXCEEDED, `${when}: no answer within its deadline`);
        hold(error === undefined, `${when}, it answered ${error ? wordsOf(statusOf(error)) : ''}`);
        await goToEnd(standing, when);
        await trial.closeScenes();
      }
    },
  },
  {
    id: 'pause.unknown',
    says: 'Resume MUST be OK for a run that is not paused.',
    needs: [capability('pause')],
    try: async (trial) => {
      const launch = await (await trial.open()).launch();
      const errors = [await resumeRun(launch, 'nobody'), await pauseRun(launch, 'nobody')];
      for (const error of errors) {
        hold(
          error === undefined,
          `it answered ${error ? wordsOf(statusOf(error)) : ''} of a run that there is not`,
        );
      }
    },
  },
  {
    id: 'pause.absent',
    says: 'UNIMPLEMENTED / CAPABILITY_ABSENT: not offered.',
    try: async (trial) => {
      const { capabilities } = await trial.described();
      if (capabilities.some(({ kind }) => kind?.$case === 'pause')) return;
      const launch = await (await trial.open()).launch();
      const error = await pauseRun(launch, 'nobody');
      hold(error !== undefined, 'it answers Pause, and does not claim the capability');
      hold(error.code === status.UNIMPLEMENTED, `it answered ${wordsOf(statusOf(error))}`);
    },
  },
];

async function freezeEverywhere(trial: Trial, forMs: number): Promise<void> {
  for (const moment of await momentsOf(trial)) {
    const freeze = async ({ launch }: { readonly launch: Launch }): Promise<void> => {
      launch.freeze();
      await pause(forMs);
      launch.thaw();
    };
    const standing = await interrupt(trial, moment, freeze, forMs);
    const { performed, step, reached, launch } = standing;
    if (!reached) continue;
    const when = `frozen for ${String(forMs / 1_000)} s ${moment.words}`;
    hold(launch.exit() === undefined, `${when}, it ended`);
    const [is, was] = [wordsOf(performed.answer), wordsOf(step.answer)];
    hold(is === was, `${when}, it came to ${is}; where it was not, to ${was}`);
    await trial.closeScenes();
  }
}

function pauseRun({ client }: Launch, runId: string): Promise<ServiceError | undefined> {
  const request = { runId, deadlineMs: PAUSE_MS_MAX };
  return new Promise((resolve) => {
    client.pause(request, new Metadata(), { deadline: Date.now() + PAUSE_MS_MAX }, (error) => {
      resolve(error ?? undefined);
    });
  });
}

function resumeRun({ client }: Launch, runId: string): Promise<ServiceError | undefined> {
  return new Promise((resolve) => {
    client.resume({ runId }, new Metadata(), { deadline: Date.now() + RESUME_MS_MAX }, (error) => {
      resolve(error ?? undefined);
    });
  });
}
