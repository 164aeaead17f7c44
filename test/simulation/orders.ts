// What operators and updaters' owners do in a storm, and how they make peace.

import type { Fact } from '../../orchestrator/journal/fact.js';
import type { Chance } from '../../orchestrator/simulation/seeded.js';
import { enabled, type Software } from './software.js';

const MINUTE_MS = 60_000;

export function chaosOrder(chance: Chance, software: Software, nowMs: number): Fact[] {
  const id = software.updaterIds[chance.below(software.updaterIds.length)] ?? '';
  const program = software.programs[chance.below(Math.max(1, software.programs.length))];
  const untilMs = nowMs + Math.round(chance.waiting(4 * MINUTE_MS));
  const why = 'simulated';
  const actor = 'operator' as const;
  switch (chance.below(10)) {
    case 0:
      return [{ kind: 'hold.placed', updaterId: id, updateId: '', why, untilMs, actor }];
    case 1:
      return program === undefined
        ? []
        : [
            {
              kind: 'hold.placed',
              updaterId: program.updaterId,
              updateId: program.update.id,
              why,
              untilMs,
              actor,
            },
          ];
    case 2:
      return [
        {
          kind: 'veto.placed',
          vetoId: `veto-${String(chance.below(3))}`,
          owner: 'someone',
          why,
          untilMs,
        },
      ];
    case 3:
      return [{ kind: 'veto.lifted', vetoId: `veto-${String(chance.below(3))}`, actor }];
    case 4:
      return [{ kind: 'switch.tripped', why, untilMs, actor }];
    case 5:
      return [{ kind: 'switch.released', actor }];
    case 6:
      return program === undefined
        ? [{ kind: 'run.demanded', updaterId: id, updateId: '', actor }]
        : [
            {
              kind: 'run.demanded',
              updaterId: program.updaterId,
              updateId: program.update.id,
              actor,
            },
          ];
    case 7:
      return [{ kind: 'updater.suspended', id, code: 'OPERATOR', why, actor }];
    case 8:
      return [{ kind: 'updater.withdrawn', id, actor }, ...software.acceptance(id)];
    default:
      return [enabled(id)];
  }
}

export function peaceOrders(software: Software): Fact[] {
  const actor = 'operator' as const;
  return [
    { kind: 'switch.released', actor },
    ...[0, 1, 2].map((n): Fact => ({ kind: 'veto.lifted', vetoId: `veto-${String(n)}`, actor })),
    ...software.updaterIds.flatMap((id): Fact[] => [
      { kind: 'hold.lifted', updaterId: id, updateId: '', actor },
      ...software.acceptance(id),
    ]),
    ...software.programs.map(({ updaterId, update }): Fact => ({
      kind: 'hold.lifted',
      updaterId,
      updateId: update.id,
      actor,
    })),
  ];
}
