// Clauses about what a host answers, and a server, and a disk, when something is wrong: an updater fails
// with a reason, changes nothing, and goes on once it is right again.

import { setTimeout as pause } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import type { EgressFault } from '../testing/connect.proxy.js';
import { hostError } from '../testing/host-error.js';
import { isDone, wordsOf } from './answer.js';
import { hold, Inapplicable, power, update, type Clause } from './clause.js';
import { foundCourse, goodSteps, goToEnd, limitOf, standBefore, type Standing } from './course.js';
import { requireFailure } from './performing.js';
import { wordsOfFault } from './scanning.js';
import type { Trial } from './trial.js';

interface HostFault {
  readonly what: string;
  readonly code: status;
  readonly reason: string;
  readonly retryAfterMs?: number;
  /** What it comes to has to be passed on: Lull does something else about it than about all others. */
  readonly passedOn?: true;
}

/**
 * All that a Fetch may come to. That a server answers 404 or 500, leads elsewhere, sends too much or breaks off
 * is one thing to an updater: the host has one word for it.
 */
const ofFetch: readonly HostFault[] = [
  { what: 'nobody answers', code: status.UNAVAILABLE, reason: 'UPSTREAM_DOWN' },
  {
    what: 'the server wants to be left alone',
    code: status.UNAVAILABLE,
    reason: 'UPSTREAM_DOWN',
    retryAfterMs: 3_600_000,
  },
  {
    what: 'the content has another digest',
    code: status.DATA_LOSS,
    reason: 'DIGEST_MISMATCH',
    passedOn: true,
  },
  { what: 'the disk is full', code: status.RESOURCE_EXHAUSTED, reason: 'NO_SPACE', passedOn: true },
  {
    what: 'the network is metered',
    code: status.RESOURCE_EXHAUSTED,
    reason: 'METERED',
    passedOn: true,
  },
  { what: 'the URL was not granted', code: status.PERMISSION_DENIED, reason: 'GRANT_MISSING' },
  { what: 'the token is wrong', code: status.UNAUTHENTICATED, reason: 'TOKEN_INVALID' },
];

const ofCommit: readonly HostFault[] = [
  { what: 'the host could not do it', code: status.INTERNAL, reason: 'APPLY_FAILED' },
  { what: 'the disk is full', code: status.RESOURCE_EXHAUSTED, reason: 'NO_SPACE', passedOn: true },
  { what: 'the tree may not be committed', code: status.INVALID_ARGUMENT, reason: 'FIELD_INVALID' },
];

const ofEgress: readonly EgressFault[] = ['down', 'cut', 'elsewhere', 'endless', 404, 500];
const HOLD_MS = 1_000;

export const faults: readonly Clause[] = [
  {
    id: 'fault.fetch',
    says: 'A Fetch that fails is a failed outcome with a reason; no root is changed, and it works once the server does.',
    needs: [update],
    try: (trial) => withFaults(trial, 'fetch', ofFetch),
  },
  {
    id: 'fault.commit',
    says: 'A Commit that fails is a failed outcome with a reason; no root is changed, and it works once the host can.',
    needs: [update],
    try: (trial) => withFaults(trial, 'commit', ofCommit),
  },
  {
    id: 'fault.slow',
    says: 'No deadline of an updater ends a call of the host: while a run is held its calls stand still.',
    needs: [update],
    try: async (trial) => {
      const slowMs = 2 * (trial.options.holdMs ?? HOLD_MS);
      for (const { step, nth } of await stepsWith(trial, undefined)) {
        const { scene, course, runId } = await standBefore(trial, nth);
        scene.host.atCall = async () => {
          await pause(slowMs);
          return undefined;
        };
        const run = { runId, update: course.update, action: step.action };
        const limit = limitOf(scene, step) + step.calls.length * slowMs;
        const { answer } = await scene.perform(run, limit);
        const when = `where each call of the host took ${String(slowMs / 1_000)} s, ${step.action}`;
        hold(wordsOf(answer) === wordsOf(step.answer), `${when} came to ${wordsOf(answer)}`);
        await trial.closeScenes();
      }
    },
  },
  {
    id: 'fault.egress',
    says: 'Where a server of its own does not answer as it should, an action fails with a reason, and works once it does.',
    needs: [update],
    try: async (trial) => {
      let isTried = false;
      for (const { nth } of goodSteps(await foundCourse(trial))) {
        for (const fault of ofEgress) {
          const standing = await standBefore(trial, nth);
          const asked = standing.scene.host.targets.length;
          standing.scene.host.egressFault = fault;
          const when = `where its server ${wordsOfFault(fault)}, ${standing.step.action}`;
          await failsAndRecovers(trial, standing, when, () => {
            standing.scene.host.egressFault = undefined;
            return standing.scene.host.targets.length > asked;
          });
          const isAsked = standing.scene.host.targets.length > asked;
          isTried ||= isAsked;
          await trial.closeScenes();
          if (!isAsked) break;
        }
      }
      if (!isTried) throw new Inapplicable('no action of it asks anybody by the proxy');
    },
  },
  {
    id: 'fault.disk-full',
    says: 'RESOURCE_EXHAUSTED / NO_SPACE: deferred until there is space.',
    needs: [power('disk'), update],
    try: async (trial) => {
      for (const { step, nth } of goodSteps(await foundCourse(trial))) {
        const standing = await standBefore(trial, nth);
        const { scene } = standing;
        await scene.launchFor(step.action);
        const empty = await trial.subject.fill?.(scene.place);
        const when = `with a full work directory, ${step.action}`;
        await failsAndRecovers(trial, standing, when, async () => {
          await empty?.();
          return false;
        });
        await trial.closeScenes();
      }
    },
  },
];

async function stepsWith(trial: Trial, call: string | undefined) {
  const all = goodSteps(await foundCourse(trial));
  const some = all.filter(({ step: { calls } }) =>
    call === undefined ? calls.length > 0 : calls.includes(call),
  );
  if (some.length > 0) return some;
  throw new Inapplicable(
    `no action of it calls ${call === undefined ? 'the host' : `the host’s ${call}`}`,
  );
}

async function withFaults(trial: Trial, call: string, all: readonly HostFault[]): Promise<void> {
  for (const { step, nth } of await stepsWith(trial, call)) {
    for (const { what, code, reason, retryAfterMs, passedOn } of all) {
      const standing = await standBefore(trial, nth);
      const { scene } = standing;
      let hits = 0;
      scene.host.atCall = ({ what: called }) => {
        if (called !== call) return Promise.resolve(undefined);
        hits += 1;
        return Promise.reject(hostError(code, reason, what, retryAfterMs));
      };
      const when = `where ${call} is answered with ${reason} (${what}), ${step.action}`;
      await failsAndRecovers(
        trial,
        standing,
        when,
        () => {
          scene.host.atCall = () => Promise.resolve(undefined);
          return hits > 0;
        },
        passedOn === true ? reason : undefined,
      );
      await trial.closeScenes();
    }
  }
}

/**
 * Takes the step with the fault on, and then without it.
 * @param mend takes the fault away; says whether the step must have failed: it met the fault.
 */
async function failsAndRecovers(
  trial: Trial,
  standing: Standing,
  when: string,
  mend: () => boolean | Promise<boolean>,
  passedOn?: string,
): Promise<void> {
  const { scene, course, step, runId } = standing;
  const { exit } = await scene.launchFor(step.action);
  const before = await scene.digest();
  const run = { runId: `${runId}-failing`, update: course.update, action: step.action };
  const performed = await scene.perform(run, limitOf(scene, step));
  const { answer } = performed;
  const changed = (await scene.digest()) !== before;
  const hasMet = await mend();
  hold(exit() === undefined, `${when} ended the process`);
  hold(answer.kind !== 'late', `${when} came to ${wordsOf(answer)}`);
  if (!isDone(answer)) {
    requireFailure(trial, performed, `${when}:`);
    const said =
      answer.kind === 'outcome' && answer.outcome.$case === 'failed'
        ? answer.outcome.value.reason
        : '';
    hold(
      passedOn === undefined || said === passedOn,
      `${when} failed with ${said}: Lull would not know to do what it does of ${passedOn ?? ''}`,
    );
    hold(!changed, `${when} failed, and a root was changed`);
  } else {
    hold(!hasMet, `${when} came to ${wordsOf(answer)} all the same`);
  }
  await goToEnd({ ...standing, runId: `${runId}-mended` }, `${when}, and afterwards mended`, 1);
}
