// A plan that is obeyed comes to rest: nothing is admitted and stopped in a circle, at one instant.

import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Fact } from '../journal/fact.js';
import { copyOf } from '../world/copy.js';
import { foldEntry } from '../world/fold.js';
import { NOW_MS } from '../world/history.testing.js';
import { decide } from './decide.js';
import type { Plan } from './plan.js';
import { anyPolicy } from './policies.testing.js';
import { anyHost, anyWorld } from './worlds.testing.js';

/** More than there are subjects, each stopped, paused and begun anew. */
const TURNS_MAX = 60;

/** What becomes of a plan at once, on a host that does what it is told. */
function obeyed({ stop, pause, resume, admit, restart }: Plan): Fact[] {
  return [
    ...stop.map(({ run, reason }): Fact => {
      const outcome = { kind: 'cancelled', code: reason.code } as const;
      return { kind: 'run.finished', runId: run.id, outcome, stderrTail: '' };
    }),
    ...pause.map(({ run, reasons }): Fact => {
      const codes = reasons.map(({ code }) => code);
      return { kind: 'run.paused', runId: run.id, reasons: codes, cpuUs: 0 };
    }),
    ...resume.flatMap(({ id: runId }): Fact[] => [
      { kind: 'run.resumed', runId },
      { kind: 'run.thawed', runId, frozenMs: 1, cpuUsWhileFrozen: 0 },
    ]),
    ...admit.map(({ subject, runId, epoch, attempt }): Fact => ({
      ...{ kind: 'run.admitted', runId, epoch, attempt, hostId: 'host-1' },
      ...{ updaterId: subject.updater.id, updaterVersion: '1.0.0' },
      ...{ work: subject.work, intrusion: subject.level },
    })),
    ...(restart.cancel === undefined
      ? []
      : [{ kind: 'restart.cancelled', code: restart.cancel.code, message: '' } as const]),
    ...(restart.order === undefined
      ? []
      : [{ kind: 'restart.ordered', hostId: 'host-1', ...restart.order } as const]),
  ];
}

test('a plan that is obeyed comes to rest, whatever the world, the machine and the policy', () => {
  fc.assert(
    fc.property(anyWorld, anyHost, anyPolicy, (given, host, policy) => {
      const world = copyOf(given);
      let turnCount = 0;
      for (let facts = obeyed(decide(world, host, policy, NOW_MS)); facts.length > 0;) {
        turnCount += 1;
        expect(turnCount).toBeLessThan(TURNS_MAX);
        for (const fact of facts) {
          const sequence = world.sequence + 1;
          foldEntry(world, { sequence, atMs: NOW_MS, fact, body: '', hash: '' }, policy.retry);
        }
        facts = obeyed(decide(world, host, policy, NOW_MS));
      }
    }),
    { numRuns: 600 },
  );
});
