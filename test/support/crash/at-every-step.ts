// What the tests of "killed at every step" do: one Lull for all cases, one case for every boundary and
// victim, the updates whose courses they come in, and a look at what is left in the end.

import { afterAll, describe, expect, test } from '@jest/globals';
import type { ActionName } from '../../../orchestrator/runs/run.js';
import { sandboxTest } from '../confinement.js';
import { leftoversAfterKill } from '../leftovers.js';
import { auditIsWhole } from '../story.js';
import { casesOf, updatesFor, type Boundary, type Case, type Victim } from './boundary.js';
import {
  openCrashMatrix,
  type Aftermath,
  type CrashMatrix,
  type Declared,
  type Offered,
} from './matrix.js';

export interface Course extends Partial<Declared> {
  readonly boundaries: readonly Boundary[];
  /** Absent: everybody. */
  readonly victims?: readonly Victim[];
  /** The last thing that is done of an update. */
  readonly last: ActionName;
  /** What has to be true of the run that was hit. */
  readonly check: (came: Aftermath, hit: Case) => void;
  /** What has to be true when an update is over. */
  readonly over?: (rig: CrashMatrix, offered: Offered) => Promise<void>;
}

/** Declares the tests. */
export function killAtEveryStep(course: Course): void {
  const { boundaries, victims, works = true, last, check, over } = course;
  const { actions = ['download', 'install', 'verify'], first = 'download' } = course;
  const cases = casesOf(boundaries, victims);
  const updates = updatesFor(cases);
  let opening: Promise<CrashMatrix> | undefined;
  const matrix = (): Promise<CrashMatrix> =>
    (opening ??= openCrashMatrix({ actions, first, works }));

  afterAll(async () => {
    await (await opening)?.close();
  }, 60_000);

  test('the table has a case for every boundary and victim, and each has its update', () => {
    expect(updates.flat()).toHaveLength(cases.length);
    expect(new Set(updates.flat())).toEqual(new Set(cases));
  });

  updates.forEach((hits, index) => {
    let offered: Offered = { before: '', after: '' };

    describe(`update ${String(index + 1)}`, () => {
      hits.forEach((hit, place) => {
        const { boundary, victim } = hit;
        sandboxTest(
          `${boundary.action}: ${boundary.when}, and the ${victim} is killed`,
          async () => {
            const rig = await matrix();
            const steps = hits.map((each) => each.boundary);
            if (place === 0) offered = await rig.begin(steps);
            const { before, after } = offered;
            const came = await rig.kill(hit);
            const shown = { before: [before], after: [after], either: [before, after] };
            expect(shown[boundary.shown ?? 'before']).toContain(came.said);
            check(came, hit);
          },
        );
      });

      sandboxTest(`ends with the ${works ? 'new version' : 'version before'}`, async () => {
        const rig = await matrix();
        expect(await rig.end(last)).toBe(works ? offered.after : offered.before);
        await over?.(rig, offered);
      });
    });
  });

  sandboxTest('in the end the journal is whole, and nothing is left behind', async () => {
    const rig = await matrix();
    expect(await auditIsWhole(rig.orchestrator)).toBe(true);
    await rig.stop();
    expect(await leftoversAfterKill(rig.stage)).toEqual([]);
  });
}
