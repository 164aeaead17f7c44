// What explain shows is what decide said: nothing left out, nothing added, for any world and machine.

import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { holdsSlot } from '../runs/run.js';
import { decide } from '../scheduler/decide.js';
import { anyPolicy } from '../scheduler/policies.testing.js';
import { anyHost, anyWorld } from '../scheduler/worlds.testing.js';
import type { HostView } from '../scheduler/host-view.js';
import { hostWith, offering } from '../scheduler/offering.testing.js';
import {
  admitted,
  engaged,
  NOW_MS,
  perform,
  started,
  trustingPolicy,
  updateOf,
  UPDATER,
  worldOf,
} from '../world/history.testing.js';
import { subjectKeyOf, type World } from '../world/world.js';
import { subjectsNow } from './subjects.wire.js';

test('a run that has to be paused or stopped is shown with every reason for that', () => {
  const order = { why: 'w', untilMs: NOW_MS + 1_000, actor: 'operator' } as const;
  const run = [admitted('r', perform(updateOf('a'))), started('r')];
  const stopped = worldOf(
    offering(
      [updateOf('a')],
      ...run,
      { kind: 'switch.tripped', ...order },
      { kind: 'hold.placed', updaterId: UPDATER, updateId: 'a', ...order },
    ),
  );
  const codes = (world: World, host: HostView): string[] => {
    const plan = decide(world, host, trustingPolicy, NOW_MS);
    const shown = subjectsNow({ planNow: () => plan, ledger: { world, isFull: false } });
    const mine = shown.find(({ updateId }) => updateId === 'a');
    return mine?.reasons.map(({ code }) => code) ?? [];
  };
  expect(codes(stopped, hostWith())).toEqual(['TRIPPED', 'HELD']);
  const hot = { thermal: { kind: 'word', word: 'critical' } } as const;
  const broken = hostWith({ presence: engaged, ...hot });
  expect(codes(worldOf(offering([updateOf('a')], ...run)), broken)).toEqual([
    'PERSON_PRESENT',
    'TOO_HOT',
  ]);
});

test('every subject of the plan is shown once, with the codes and words of its reasons', () => {
  fc.assert(
    fc.property(anyWorld, anyHost, anyPolicy, (world, host, policy) => {
      const plan = decide(world, host, policy, NOW_MS);
      const shown = subjectsNow({ planNow: () => plan, ledger: { world, isFull: false } });
      const said = [
        ...plan.waiting.map(({ subject, reasons }) => ({ key: subject.key, reasons })),
        ...plan.admit.map(({ subject }) => ({ key: subject.key, reasons: [] })),
        ...[...world.runs.values()].filter(holdsSlot).map((run) => ({
          key: subjectKeyOf(run.updaterId, run.work.kind === 'scan' ? '' : run.work.update.id),
          reasons:
            [...plan.paused, ...plan.pause, ...plan.stop].find((each) => each.run.id === run.id)
              ?.reasons ?? [],
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
