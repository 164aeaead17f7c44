// What explain shows is what decide said: nothing left out, nothing added, for any world and machine.

import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { holdsSlot } from '../runs/run.js';
import { decide } from '../scheduler/decide.js';
import { anyHost, anyPolicy, anyWorld } from '../scheduler/worlds.testing.js';
import { NOW_MS } from '../world/history.testing.js';
import { subjectKeyOf } from '../world/world.js';
import { subjectsNow } from './subjects.wire.js';

test('every subject of the plan is shown once, with the codes and words of its reasons', () => {
  fc.assert(
    fc.property(anyWorld, anyHost, anyPolicy, (world, host, policy) => {
      const plan = decide(world, host, policy, NOW_MS);
      const shown = subjectsNow({ planNow: () => plan, ledger: { world } });
      const said = [
        ...plan.waiting.map(({ subject, reasons }) => ({ key: subject.key, reasons })),
        ...plan.admit.map(({ subject }) => ({ key: subject.key, reasons: [] })),
        ...[...world.runs.values()].filter(holdsSlot).map((run) => ({
          key: subjectKeyOf(run.updaterId, run.work.kind === 'scan' ? '' : run.work.update.id),
          reasons: plan.paused.find((each) => each.run.id === run.id)?.reasons ?? [],
        })),
      ];
      const plain = (all: typeof said) =>
        all
          .map(({ key, reasons }) => [
            key,
            ...reasons.map(({ code, message }) => `${code} ${message}`),
          ])
          .map((each) => each.join('\n'))
          .sort();
      expect(
        plain(
          shown.map(({ updaterId, updateId, reasons }) => ({
            key: subjectKeyOf(updaterId, updateId),
            reasons: reasons as (typeof said)[number]['reasons'],
          })),
        ),
      ).toEqual(plain(said));
    }),
    { numRuns: 300 },
  );
});
