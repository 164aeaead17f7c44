// What holds of plans over time: when they change by themselves, and what is foretold of them.

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { valueOf } from '../../conditions/reading.js';
import type { Fact } from '../journal/fact.js';
import type { Policy } from '../policy/policy.js';
import { actionOf, holdsSlot, type Run } from '../runs/run.js';
import { copyOf } from '../world/copy.js';
import { foldEntry } from '../world/fold.js';
import { NOW_MS } from '../world/history.testing.js';
import type { World } from '../world/world.js';
import { placesAskedFor } from './assumed.js';
import { wholeForecast } from './course.testing.js';
import { decide } from './decide.js';
import { outcomeOf } from './expected.js';
import type { HostView } from './host-view.js';
import type { Plan } from './plan.js';
import { anyPolicy } from './policies.testing.js';
import { keyOf } from './subject.js';
import { unused } from './unused.js';
import { anyHost, anyWorld } from './worlds.testing.js';

const MINUTE_MS = 60_000;
const DAY_MS = 1_440 * MINUTE_MS;

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
/** Where hours of the rhythm begin at other minutes, and clocks are changed. */
const anywhere = fc
  .tuple(anyPolicy, fc.constantFrom('UTC', 'Asia/Kathmandu', 'Australia/Lord_Howe'))
  .map(([policy, timeZone]): Policy => ({ ...policy, timeZone }));
const share = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });

/** Who runs, waits and stands still, and for what; but for the words, which count minutes. */
function sayingsOf({ admit, waiting, stop, pause, paused, resume, restart }: Plan) {
  const codes = (reasons: readonly { readonly code: string }[]) => reasons.map(({ code }) => code);
  return {
    admit: admit.map(({ subject, runId }) => [subject.key, subject.level, runId]),
    waiting: waiting.map(({ subject, reasons }) => [subject.key, ...codes(reasons)]),
    stop: stop.map(({ run, reason }) => [run.id, reason.code]),
    pause: pause.map(({ run, reasons }) => [run.id, ...codes(reasons)]),
    paused: paused.map(({ run, reasons }) => [run.id, ...codes(reasons)]),
    resume: resume.map(({ id }) => id),
    restart: restart.order?.updates,
  };
}

describe('while nothing happens', () => {
  test('a plan is the same until the instant at which it says to look again (N1)', () => {
    fc.assert(
      fc.property(anyWorld, steadyHost, anywhere, share, (world, host, policy, part) => {
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
  /** A machine that nobody uses, and whose start is over: the forecast assumes nothing of it. */
  const aloneHost = steadyHost.map((host): HostView => ({
    ...host,
    readings: unused(host.readings, NOW_MS),
    ...(host.attached
      ? { level: host.level ?? 'confined' }
      : { servedSinceMs: Math.min(host.servedSinceMs, NOW_MS - 60_000) }),
  }));
  /** The forecast takes it that a place is given to whoever asks for one. */
  const placedHost = (host: HostView, policy: Policy): HostView => ({
    ...host,
    ...placesAskedFor(host, policy),
  });
  const span = { nowMs: NOW_MS, fromMs: NOW_MS, toMs: NOW_MS + 7 * DAY_MS };
  const polls = fc.array(fc.integer({ min: 0, max: 7 * DAY_MS }), { maxLength: 40 });

  test('is what happens, for whoever looks at it more often as well (F1)', () => {
    fc.assert(
      fc.property(anyWorld, aloneHost, anywhere, polls, (world, host, policy, looks) => {
        const { chances, computedUntilMs } = wholeForecast(world, host, policy, span);
        expect(computedUntilMs).toBeUndefined();
        const begun = chances.flatMap(({ key, work, atMs }) =>
          atMs === undefined || atMs < NOW_MS
            ? []
            : [`${String(atMs)} ${actionOf({ work })} ${key}`],
        );
        // What began in this very moment is there already, and is foretold as what goes on.
        for (const run of world.runs.values()) {
          if (!holdsSlot(run) || run.phase.kind === 'paused' || run.admittedAtMs !== NOW_MS)
            continue;
          const at = begun.indexOf(`${String(NOW_MS)} ${actionOf(run)} ${keyOf(run)}`);
          if (at >= 0) begun.splice(at, 1);
        }
        const instants = looks.map((ms) => NOW_MS + ms).sort((x, y) => x - y);
        const placed = placedHost(host, policy);
        expect(begun.sort()).toEqual(lived(world, placed, policy, [...instants, span.toMs]).sort());
      }),
      { numRuns: 200 },
    );
  });

  test('is what is decided, where it is about now', () => {
    fc.assert(
      fc.property(anyWorld, aloneHost, anyPolicy, (world, host, policy) => {
        const placed = placedHost(host, policy);
        const plan = decide(world, placed, policy, NOW_MS);
        const { admit, waiting, resume, stop, pause, restart } = plan;
        const { chances } = wholeForecast(world, host, policy, { ...span, toMs: NOW_MS });
        const now = chances.filter(({ atMs }) => atMs === NOW_MS).map(({ key }) => key);
        for (const { subject } of admit) expect(now).toContain(subject.key);
        for (const run of resume) expect(now).toContain(keyOf(run));
        // A run that ends or is paused, or a restart that is taken back, makes room at once.
        if (stop.length + pause.length > 0 || restart.cancel !== undefined) return;
        for (const { subject } of waiting) expect(now).not.toContain(subject.key);
      }),
      { numRuns: 200 },
    );
  });
});

/** What begins, when the machine is looked at at `looks` and whenever a plan or a run wants it. */
function lived(given: World, host: HostView, policy: Policy, looks: readonly number[]): string[] {
  const world = copyOf(given);
  const begun: string[] = [];
  const ends = new Map<string, { endMs: number; run: Pick<Run, 'updaterId' | 'work'> }>();
  let nowMs = NOW_MS;
  let view = host;
  const tell = (fact: Fact): void => {
    foldEntry(world, { sequence: 0, atMs: nowMs, fact, body: '', hash: '' }, policy.retry);
  };
  const begin = (runId: string, run: Pick<Run, 'updaterId' | 'work'>): void => {
    begun.push(`${String(nowMs)} ${actionOf(run)} ${keyOf(run)}`);
    ends.set(runId, { endMs: nowMs + MINUTE_MS, run });
  };
  for (const run of world.runs.values()) {
    if (!holdsSlot(run) || run.phase.kind === 'paused') continue;
    const ran = NOW_MS - run.admittedAtMs;
    const left = ran >= 0 && ran < MINUTE_MS ? MINUTE_MS - ran : MINUTE_MS;
    ends.set(run.id, { endMs: NOW_MS + left, run });
  }
  const turn = (): Plan => {
    for (const [runId, { endMs, run }] of [...ends]) {
      if (endMs > nowMs) continue;
      ends.delete(runId);
      const actions = world.updaters.get(run.updaterId)?.accepted?.version.manifest.actions ?? [];
      tell({ kind: 'run.finished', runId, outcome: outcomeOf(run.work, actions), stderrTail: '' });
    }
    const { restart } = world;
    if (restart !== undefined && restart.atMs > NOW_MS && restart.atMs <= nowMs) {
      const boot = view.readings.get('boot.at');
      const value = { kind: 'number', number: restart.atMs } as const;
      const reading = { signal: 'boot.at', instance: '', source: '', value } as const;
      const seen = { observedAtMs: 0, observedMonotonicNs: 0n };
      if (boot?.value.kind !== 'number' || boot.value.number !== restart.atMs) {
        const readings = new Map(view.readings).set('boot.at', { ...reading, ...seen });
        view = { ...view, readings, servedSinceMs: restart.atMs };
        const bootId = `boot at ${String(restart.atMs)}`;
        if (world.bootId !== undefined)
          tell({ kind: 'host.attached', hostId: host.id, instanceId: 'i', bootId });
      }
    }
    const plan = decide(world, view, policy, nowMs);
    for (const { run, reason } of plan.stop) {
      ends.delete(run.id);
      const outcome = { kind: 'cancelled', code: reason.code } as const;
      tell({ kind: 'run.finished', runId: run.id, outcome, stderrTail: '' });
    }
    for (const { run } of plan.pause) {
      ends.delete(run.id);
      tell({ kind: 'run.paused', runId: run.id, reasons: [], cpuUs: 0 });
    }
    for (const run of plan.resume) {
      tell({ kind: 'run.resumed', runId: run.id });
      tell({ kind: 'run.thawed', runId: run.id, frozenMs: 0, cpuUsWhileFrozen: 0 });
      begin(run.id, run);
    }
    for (const { subject, runId, epoch, attempt } of plan.admit) {
      const { work, updater, level: intrusion } = subject;
      const who = { hostId: host.id, updaterId: updater.id, updaterVersion: '1.0.0' };
      tell({ kind: 'run.admitted', runId, epoch, attempt, work, intrusion, ...who });
      begin(runId, { updaterId: updater.id, work });
    }
    const { order, cancel } = plan.restart;
    if (order !== undefined) tell({ kind: 'restart.ordered', hostId: host.id, ...order });
    if (cancel !== undefined) tell({ kind: 'restart.cancelled', code: cancel.code, message: '' });
    const { stop, pause, resume, admit } = plan;
    const count = stop.length + pause.length + resume.length + admit.length;
    return count > 0 || order !== undefined || cancel !== undefined ? turn() : plan;
  };
  const lookAt = [...looks];
  const endMs = lookAt.at(-1) ?? NOW_MS;
  while (nowMs <= endMs) {
    const { lookAgainAtMs = Infinity } = turn();
    while ((lookAt[0] ?? Infinity) <= nowMs) lookAt.shift();
    const restartMs = world.restart?.atMs ?? 0;
    const wanted = [lookAgainAtMs, lookAt[0] ?? Infinity, restartMs > nowMs ? restartMs : Infinity];
    nowMs = Math.min(...wanted, ...[...ends.values()].map((each) => each.endMs));
  }
  return begun;
}
