// Clauses about verify and rollback, where the manifest declares them.

import { readdir, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { reasonIn, wordsOf } from './answer.js';
import { action, hold, Inapplicable, update, type Clause } from './clause.js';
import { foundCourse, goodSteps, limitOf, standBefore, type Standing } from './course.js';
import type { Trial } from './trial.js';

export const undoing: readonly Clause[] = [
  {
    id: 'verify.broken',
    says: 'verify: find out whether what is in place works. INTERNAL / VERIFY_FAILED: it does not.',
    needs: [action('verify'), update],
    try: async (trial) => {
      const { steps } = await foundCourse(trial);
      const nth = steps.findIndex((step) => step.action === 'verify');
      if (nth < 0) throw new Inapplicable('verify is no step of its way');
      const ways = [
        { what: 'the version before is in place', doTo: (at: Standing) => at.scene.putBack() },
        {
          what: 'every file in place is empty',
          doTo: (at: Standing) => emptied(at.scene.place.rootsDir),
        },
        { what: 'nothing is in place', doTo: (at: Standing) => removed(at.scene.place.rootsDir) },
      ];
      for (const { what, doTo } of ways) {
        const standing = await standBefore(trial, nth);
        const { scene, course, step, runId } = standing;
        const before = await scene.digest();
        await doTo(standing);
        scene.retire();
        if ((await scene.digest()) === before) throw new Inapplicable('it has nothing in a root');
        const run = { runId, update: course.update, action: step.action };
        const { answer } = await scene.perform(run, limitOf(scene, step));
        hold(
          reasonIn(answer) === 'VERIFY_FAILED',
          `where ${what}, verify came to ${wordsOf(answer)}`,
        );
        await trial.closeScenes();
      }
    },
  },
  {
    id: 'rollback.restores',
    says: 'rollback: back to the version before. The roots that the host has put back already are.',
    needs: [action('rollback'), update],
    try: async (trial) => {
      const standing = await afterInstall(trial);
      const { scene, course } = standing;
      const installed = await scene.digest();
      await scene.putBack();
      const before = await scene.digest();
      if (trial.subject.claims?.writesRoots === true) {
        // No host puts these back, and what else the updater keeps there is its own.
        await rollsBack(standing, 'back');
        hold(
          (await scene.digest()) !== installed,
          'its rollback left all as it had been installed',
        );
        return;
      }
      hold(
        before === course.digestBefore,
        'what was there before it is not what is there after it was put back',
      );
      await rollsBack(standing, 'back');
      hold((await scene.digest()) === before, 'its rollback changed a root that was back already');
    },
  },
  {
    id: 'rollback.repeated',
    says: 'The same id with the same request MUST give the same result.',
    needs: [action('rollback'), update],
    try: async (trial) => {
      const standing = await afterInstall(trial);
      await standing.scene.putBack();
      await rollsBack(standing, 'back');
      standing.scene.retire();
      await rollsBack(standing, 'back');
    },
  },
];

/** All of the way has been walked. */
async function afterInstall(trial: Trial): Promise<Standing> {
  const last = goodSteps(await foundCourse(trial)).at(-1);
  if (last === undefined) throw new Inapplicable('no step of its way went well');
  const standing = await standBefore(trial, last.nth);
  const { scene, course, step, runId } = standing;
  await scene.perform({ runId, update: course.update, action: step.action }, limitOf(scene, step));
  if ((await scene.digest()) === course.digestBefore) throw new Inapplicable('it changes no root');
  return standing;
}

async function rollsBack({ scene, course }: Standing, runId: string): Promise<void> {
  const run = { runId, update: course.update, action: 'rollback' } as const;
  const { answer } = await scene.perform(run, limitOf(scene, undefined));
  const isWell = answer.kind === 'outcome' && answer.outcome.$case === 'succeeded';
  hold(isWell, `rollback came to ${wordsOf(answer)}`);
}

async function emptied(dir: string): Promise<void> {
  for (const entry of await readdir(dir, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) await truncate(join(entry.parentPath, entry.name));
  }
}

async function removed(dir: string): Promise<void> {
  for (const root of await readdir(dir)) {
    for (const name of await readdir(join(dir, root))) {
      await rm(join(dir, root, name), { recursive: true, force: true });
    }
  }
}
