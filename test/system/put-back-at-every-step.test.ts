// kill -9 of the updater, the plugin-host and the orchestrator at every step of putting back an update
// that was installed and does not work: it is put back under the same run, once, it is marked as bad,
// and the installed program runs all the time.

import { afterAll, describe, expect, test } from '@jest/globals';
import type { Fact } from '../../harness/follow.grpc.js';
import { sandboxTest } from '../support/confinement.js';
import { casesOf, revertBoundaries, updatesFor } from '../support/crash/boundary.js';
import { openCrashMatrix, type CrashMatrix } from '../support/crash/matrix.js';
import { leftoversAfter } from '../support/leftovers.js';
import { auditIsWhole } from '../support/story.js';
import { reasonsNow, until } from '../support/told.js';

/** The reaper of a plugin-host that was killed looks on for 3 s. */
const REAPED_MS_MAX = 15_000;
const BEFORE = '1.0.0';
const AFTER = '2.0.0';

const cases = casesOf(revertBoundaries);
const updates = updatesFor(cases);

let opening: Promise<CrashMatrix> | undefined;
/** An application for each update: one that failed is not tried again for a while. */
const matrix = (): Promise<CrashMatrix> => (opening ??= openCrashMatrix(updates.length));

afterAll(async () => {
  await (await opening)?.close();
}, 60_000);

test('the table has a case for every boundary and victim, and each has its update', () => {
  expect(updates.flat()).toHaveLength(cases.length);
  expect(new Set(updates.flat())).toEqual(new Set(cases));
  expect(cases.filter(({ boundary }) => boundary.action === 'revert')).toHaveLength(8);
});

/** Receipts of what was put back; a host that was killed may tell of the same again. */
function receiptsOf(facts: readonly Fact[]): unknown[] {
  const back = facts.filter(
    (fact) => fact.kind === 'content.installed' && fact['reverted'] === true,
  );
  return [...new Set(back.map(({ receiptId }) => receiptId))];
}

updates.forEach((course, index) => {
  describe(`update ${String(index + 1)}`, () => {
    course.forEach((hit, place) => {
      const { boundary, victim } = hit;
      sandboxTest(`${boundary.action}: ${boundary.when}, and the ${victim} is killed`, async () => {
        const rig = await matrix();
        const steps = course.map((each) => each.boundary);
        if (place === 0) await rig.begin(index, { to: AFTER, boundaries: steps, works: false });
        const came = await rig.kill(hit);
        const shown = { before: [BEFORE], after: [AFTER], either: [BEFORE, AFTER] };
        expect(shown[boundary.shown ?? 'before']).toContain(came.said);
        const last = came.facts.findLast(({ kind }) => kind === 'run.finished');
        const reverts = boundary.action === 'revert';
        expect(last?.['outcome']).toMatchObject(
          reverts ? { kind: 'succeeded' } : { kind: 'failed', code: 'VERIFY_FAILED' },
        );
        expect(receiptsOf(came.facts)).toHaveLength(reverts ? 1 : 0);
      });
    });

    sandboxTest('ends with the version before', async () => {
      expect(await (await matrix()).end('revert')).toBe(BEFORE);
    });
  });
});

sandboxTest('in the end what did not work is not tried again', async () => {
  const rig = await matrix();
  const marked = await until('a mark on each', async () => {
    const bad = (await reasonsNow(rig.orchestrator)).filter(({ code }) => code === 'MARKED_BAD');
    return bad.length >= updates.length ? bad : undefined;
  });
  expect(marked.every(({ message }) => message.includes('rolled back'))).toBe(true);
});

sandboxTest('in the end the journal is whole, and nothing is left behind', async () => {
  const rig = await matrix();
  expect(await auditIsWhole(rig.orchestrator)).toBe(true);
  await rig.stop();
  expect(await leftoversAfter(rig.stage, REAPED_MS_MAX)).toEqual([]);
});
