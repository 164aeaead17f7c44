// kill -9 of the updater, the plugin-host and the orchestrator at every step of an update, one after
// another: the run finishes under its id, nothing is written or done twice, and the installed program
// runs all the time.

import { afterAll, describe, expect, test } from '@jest/globals';
import type { Fact } from '../../harness/follow.grpc.js';
import { sandboxTest } from '../support/confinement.js';
import { boundaries, casesOf, updatesFor, type Case } from '../support/crash/boundary.js';
import { openCrashMatrix, type CrashMatrix } from '../support/crash/matrix.js';
import { leftoversAfter } from '../support/leftovers.js';
import { auditIsWhole } from '../support/story.js';

/** So many that none starts more runs in a minute than its quota. */
const APPS = 8;
/** The reaper of a plugin-host that was killed looks on for 3 s. */
const REAPED_MS_MAX = 15_000;

let opening: Promise<CrashMatrix> | undefined;
const matrix = (): Promise<CrashMatrix> => (opening ??= openCrashMatrix(APPS));

afterAll(async () => {
  await (await opening)?.close();
}, 60_000);

const cases = casesOf(boundaries);
const updates = updatesFor(cases);

test('the table has a case for every boundary and victim, and each has its update', () => {
  expect(updates.flat()).toHaveLength(cases.length);
  expect(new Set(updates.flat())).toEqual(new Set(cases));
});

/** Kinds of facts that the journal has twice of one run, though nothing happened twice. */
function writtenTwice(facts: readonly Fact[], { boundary, victim }: Case): string[] {
  const once = ['content.downloaded'];
  // A plugin-host that was killed may tell again of what it did, under the same receipt. A scan whose
  // orchestrator was killed is done again.
  if (victim === 'orchestrator' && boundary.action !== 'scan') {
    once.push('content.installed', 'run.started', 'run.finished');
  }
  const news = facts.filter(({ cached }) => cached !== true);
  return once.filter((kind) => news.filter((fact) => fact.kind === kind).length > 1);
}

updates.forEach((course, index) => {
  const round = Math.floor(index / APPS) + 1;
  const [before, after] = [`${String(round)}.0.0`, `${String(round + 1)}.0.0`];

  describe(`update ${String(index + 1)}`, () => {
    course.forEach((hit, place) => {
      const { boundary, victim } = hit;
      sandboxTest(`${boundary.action}: ${boundary.when}, and the ${victim} is killed`, async () => {
        const rig = await matrix();
        const steps = course.map((each) => each.boundary);
        if (place === 0) await rig.begin(index % APPS, { to: after, boundaries: steps });
        const came = await rig.kill(hit);
        const shown = { before: [before], after: [after], either: [before, after] };
        expect(shown[boundary.shown ?? 'before']).toContain(came.said);
        const last = came.facts.findLast(({ kind }) => kind === 'run.finished');
        expect(last?.['outcome']).toMatchObject({
          kind:
            boundary.action === 'scan' || boundary.action === 'verify' ? 'succeeded' : 'more_to_do',
        });
        expect(writtenTwice(came.facts, hit)).toEqual([]);
        const receipts = came.facts.flatMap(({ kind, receiptId }) =>
          kind === 'content.installed' ? [receiptId] : [],
        );
        expect(new Set(receipts).size).toBe(boundary.action === 'install' ? 1 : 0);
      });
    });

    sandboxTest('ends with the new version', async () => {
      expect(await (await matrix()).end('verify')).toBe(after);
    });
  });
});

sandboxTest('in the end the journal is whole, and nothing is left behind', async () => {
  const rig = await matrix();
  expect(await auditIsWhole(rig.orchestrator)).toBe(true);
  await rig.stop();
  expect(await leftoversAfter(rig.stage, REAPED_MS_MAX)).toEqual([]);
});
