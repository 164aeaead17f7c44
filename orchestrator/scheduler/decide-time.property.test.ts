// What holds of plans over time: when they change by themselves, and what is foretold of them.

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { valueOf } from '../../conditions/reading.js';
import type { Policy } from '../policy/policy.js';
import { NOW_MS } from '../world/history.testing.js';
import type { World } from '../world/world.js';
import { decide, type Plan } from './decide.js';
import { forecast, type Chance } from './forecast.js';
import type { HostView } from './host-view.js';
import { anyHost, anyPolicy, anyWorld } from './worlds.testing.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A machine whose clock was not set back: nothing that was seen on it lies ahead. */
const steadyHost = anyHost.map((host): HostView => {
  const servedSinceMs = Math.min(host.servedSinceMs, NOW_MS);
  const presence = valueOf(host.readings, 'presence');
  const ahead =
    presence.kind === 'presence' &&
    presence.presence.kind === 'away' &&
    presence.presence.sinceMs > NOW_MS;
  return { ...host, servedSinceMs, readings: ahead ? new Map() : host.readings };
});
/** Nothing is predicted: the chance of quiet changes with each hour of the week. */
const plainWorld = anyWorld.map((world): World => {
  const updaters = [...world.updaters].filter(
    ([, { current }]) => current.manifest.critical_max_s === 0,
  );
  const updates = [...world.updates].filter(([, { updaterId }]) => updaterId !== 'com.acme.tool');
  return { ...world, updaters: new Map(updaters), updates: new Map(updates) };
});
const share = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });

/** Who runs, waits and stands still, and for what; but for the words, which count minutes. */
function sayingsOf({ admit, waiting, stop, pause, paused, resume }: Plan) {
  const codes = (reasons: readonly { readonly code: string }[]) => reasons.map(({ code }) => code);
  return {
    admit: admit.map(({ subject, runId }) => [subject.key, subject.level, runId]),
    waiting: waiting.map(({ subject, reasons }) => [subject.key, ...codes(reasons)]),
    stop: stop.map(({ run, reason }) => [run.id, reason.code]),
    pause: pause.map(({ run, reasons }) => [run.id, ...codes(reasons)]),
    paused: paused.map(({ run, reasons }) => [run.id, ...codes(reasons)]),
    resume: resume.map(({ id }) => id),
  };
}

describe('while nothing happens', () => {
  test('a plan is the same until the instant at which it says to look again (N1)', () => {
    fc.assert(
      fc.property(plainWorld, steadyHost, anyPolicy, share, (world, host, policy, part) => {
        const plan = decide(world, host, policy, NOW_MS);
        const untilMs = plan.lookAgainAtMs ?? NOW_MS + 400 * DAY_MS;
        for (const laterMs of [NOW_MS + Math.floor(part * (untilMs - NOW_MS)), untilMs - 1]) {
          if (laterMs <= NOW_MS) continue;
          const later = decide(world, host, policy, laterMs);
          expect(sayingsOf(later)).toEqual(sayingsOf(plan));
        }
      }),
      { numRuns: 600 },
    );
  });
});

describe('what is foretold', () => {
  const span = { fromMs: NOW_MS, toMs: NOW_MS + 60 * DAY_MS };
  const foretold = (world: World, host: HostView, policy: Policy): readonly Chance[] => {
    const steps = forecast(world, host, policy, span);
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
    }
  };
  const startsAt = (world: World, host: HostView, policy: Policy, atMs: number, key: string) => {
    const { admit, waiting } = decide(world, host, policy, atMs);
    if (admit.some(({ subject }) => subject.key === key)) return true;
    const mine = waiting.find(({ subject }) => subject.key === key);
    const slotOnly = ['SLOT_TAKEN', 'CONFLICT'];
    return mine?.reasons.every(({ code }) => slotOnly.includes(code)) === true;
  };
  /** A machine that is left alone already: the forecast assumes nothing. */
  const aloneHost = steadyHost.filter(({ readings }) => {
    const presence = valueOf(readings, 'presence');
    return presence.kind === 'presence' && presence.presence.kind === 'away';
  });

  test('happens then, and not before', () => {
    fc.assert(
      fc.property(plainWorld, aloneHost, anyPolicy, share, (world, host, policy, part) => {
        for (const { subject, atMs } of foretold(world, host, policy)) {
          const endMs = atMs ?? span.toMs;
          if (atMs !== undefined) {
            expect(startsAt(world, host, policy, atMs, subject.key)).toBe(true);
          }
          const beforeMs = NOW_MS + Math.floor(part * (endMs - NOW_MS));
          if (beforeMs < endMs)
            expect(startsAt(world, host, policy, beforeMs, subject.key)).toBe(false);
        }
      }),
      { numRuns: 200 },
    );
  });

  test('is what is decided, where it is about now', () => {
    fc.assert(
      fc.property(anyWorld, aloneHost, anyPolicy, (world, host, policy) => {
        const now = decide(world, host, policy, NOW_MS);
        const started = foretold(world, host, policy).filter(({ atMs }) => atMs === NOW_MS);
        const keys = new Set(started.map(({ subject }) => subject.key));
        for (const { subject } of now.admit) expect(keys).toContain(subject.key);
        for (const { subject, reasons } of now.waiting) {
          const slotOnly = reasons.every(({ code }) => ['SLOT_TAKEN', 'CONFLICT'].includes(code));
          expect(keys.has(subject.key)).toBe(slotOnly);
        }
      }),
      { numRuns: 200 },
    );
  });
});
