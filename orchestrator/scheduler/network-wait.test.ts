// What a network that is down, or has just come back, makes of a wait.

import { describe, expect, test } from '@jest/globals';
import { readingKey, type Readings, type Value } from '../../conditions/reading.js';
import type { Fact } from '../journal/fact.js';
import {
  admitted,
  at,
  enabled,
  failure,
  finished,
  NOW_MS,
  perform,
  quietReadings,
  started,
  submitted,
  trustingPolicy,
  updateOf,
  UPDATER,
} from '../world/history.testing.js';
import { worldOf, type Dated } from '../world/history.testing.js';
import { decide } from './decide.js';
import { hostWith, HOUR_MS, offering } from './offering.testing.js';

const MINUTE_MS = 60_000;
const a = updateOf('a', { downloadBytes: 1 });
const word = (given: string): Value => ({ kind: 'word', word: given });

/** Connectivity as it is, and since when. */
function readingsWith(connectivity: Value, sinceMs: number, wokeAtMs?: number): Readings {
  const woke: Value =
    wokeAtMs === undefined ? { kind: 'unknown', why: '' } : { kind: 'number', number: wokeAtMs };
  const readings = new Map(
    quietReadings({ 'network.connectivity': connectivity, 'resume.at': woke }),
  );
  const reading = readings.get(readingKey('network.connectivity'));
  if (reading !== undefined)
    readings.set(readingKey('network.connectivity'), { ...reading, observedAtMs: sinceMs });
  return readings;
}

/** Its eighth attempt failed at NOW_MS: more than an hour is waited. */
function failed(retryAfterMs?: number, count = 8, before: Fact[] = []): Dated[] {
  const asks = retryAfterMs === undefined ? {} : { retryAfterMs };
  const ends = Array.from({ length: count }, (_, n) => [
    admitted(`f${String(n)}`, perform(a)),
    started(`f${String(n)}`),
    finished(`f${String(n)}`, { ...failure('UPSTREAM_DOWN'), ...asks }),
  ]).flat();
  return [...offering([a]), ...at(NOW_MS, ...before, ...ends)];
}

/** Until when update `a` waits for its next attempt, minutes after NOW_MS. */
function waitsUntil(dated: Dated[], readings: Readings, nowMs = NOW_MS + 1): number | undefined {
  const { waiting } = decide(worldOf(dated), { ...hostWith(), readings }, trustingPolicy, nowMs);
  const mine = waiting.find(({ subject }) => subject.state?.update.id === 'a');
  const reason = mine?.reasons.find(({ code }) => code === 'RETRY_LATER' || code === 'STARTING_UP');
  return reason?.untilMs === undefined ? undefined : (reason.untilMs - NOW_MS) / MINUTE_MS;
}

describe('after a server did not answer', () => {
  const before = NOW_MS - HOUR_MS;

  test('a network that works is given the wait that doubles', () => {
    expect(waitsUntil(failed(), readingsWith(word('full'), before))).toBeGreaterThan(55);
  });

  test('a network that nobody knows anything of is tried after 20 min', () => {
    const unknown: Value = { kind: 'unknown', why: 'no NetworkManager' };
    expect(waitsUntil(failed(), readingsWith(unknown, before))).toBe(20);
  });

  test('a network that came back since is tried at once, but for half a minute', () => {
    const back = readingsWith(word('full'), NOW_MS + 10_000);
    expect(waitsUntil(failed(), back, NOW_MS + 10_000)).toBe(0.5);
    expect(waitsUntil(failed(), back, NOW_MS + 30_000)).toBeUndefined();
  });

  test('what the upstream asked for itself stands all the same', () => {
    const back = readingsWith(word('full'), NOW_MS + 10_000);
    expect(waitsUntil(failed(2 * HOUR_MS), back, NOW_MS + 10_000)).toBe(120);
    const unknown: Value = { kind: 'unknown', why: 'x' };
    expect(waitsUntil(failed(2 * HOUR_MS), readingsWith(unknown, before))).toBe(120);
  });
});

test('a scan keeps its floor, also where nobody knows whether the network leads anywhere', () => {
  const unknown: Value = { kind: 'unknown', why: 'no NetworkManager' };
  const manifest = { scan: { sla_h: 22, floor_h: 2 } };
  const end = finished('s', failure('UPSTREAM_DOWN'));
  const run = [admitted('s', { kind: 'scan' }), started('s'), end];
  const world = worldOf([
    ...at(NOW_MS - 24 * HOUR_MS, submitted(UPDATER, manifest), enabled()),
    ...at(NOW_MS, ...run),
  ]);
  const host = { ...hostWith(), readings: readingsWith(unknown, NOW_MS - HOUR_MS) };
  const { waiting } = decide(world, host, trustingPolicy, NOW_MS + 1);
  const until = waiting.flatMap(({ reasons }) => reasons.map(({ untilMs }) => untilMs));
  expect(until).toEqual([NOW_MS + 2 * HOUR_MS]);
});

test('a scan waits for what its server asked, also where the network has come back since', () => {
  const manifest = { scan: { sla_h: 22, floor_h: 0 } };
  const scanned = (retryAfterMs: number) => {
    const end = finished('s', { ...failure('UPSTREAM_DOWN'), retryAfterMs } as never);
    const run = [admitted('s', { kind: 'scan' }), started('s'), end];
    const world = worldOf([
      ...at(NOW_MS - 24 * HOUR_MS, submitted(UPDATER, manifest), enabled()),
      ...at(NOW_MS, ...run),
    ]);
    const host = { ...hostWith(), readings: readingsWith(word('full'), NOW_MS + 1_000) };
    const { waiting } = decide(world, host, trustingPolicy, NOW_MS + 2_000);
    return waiting.flatMap(({ reasons }) => reasons.map(({ untilMs = 0 }) => untilMs - NOW_MS));
  };
  expect(scanned(2 * HOUR_MS)).toEqual([2 * HOUR_MS]);
  const [soon = Number.NaN] = scanned(0);
  expect(soon).toBeGreaterThan(20_000);
  expect(soon).toBeLessThanOrEqual(33_000);
});

test('a server that is down for a weekend has nobody given up: it is asked now and then until it is back', () => {
  const of = (count: number, readings: Readings) => waitsUntil(failed(undefined, count), readings);
  const full = readingsWith(word('full'), NOW_MS - HOUR_MS);
  const unknown = readingsWith({ kind: 'unknown', why: 'no NetworkManager' }, NOW_MS - HOUR_MS);
  const { demotedAtCount, giveUpMs, maxMs, networkDownMs } = trustingPolicy.retry;
  expect(of(demotedAtCount - 1, full)).toBeLessThanOrEqual((1.1 * maxMs) / MINUTE_MS);
  expect(of(demotedAtCount - 1, unknown)).toBe(networkDownMs / MINUTE_MS);
  for (const count of [demotedAtCount, 3 * demotedAtCount]) {
    expect(of(count, full)).toBe(giveUpMs / MINUTE_MS);
    expect(of(count, unknown)).toBe(maxMs / MINUTE_MS);
  }
  // What was waited for before is no server.
  const lock = [admitted('l', perform(a)), started('l'), finished('l', failure('LOCK_HELD'))];
  const locked = Array<Fact[]>(demotedAtCount).fill(lock).flat();
  expect(waitsUntil(failed(undefined, 1, locked), full)).toBeLessThan(giveUpMs / MINUTE_MS);
  // And at once where it was the network, and that is back.
  const back = readingsWith(word('full'), NOW_MS + HOUR_MS);
  const outlasted = failed(undefined, 3 * demotedAtCount);
  expect(waitsUntil(outlasted, back, NOW_MS + HOUR_MS)).toBeUndefined();
});

describe('after the machine woke up', () => {
  const wokeAtMs = NOW_MS - 10 * MINUTE_MS;

  test('a download waits until a minute after the network is there, however late that is', () => {
    const late = readingsWith(word('full'), NOW_MS - 10_000, wokeAtMs);
    expect(waitsUntil(offering([a]), late, NOW_MS)).toBeCloseTo(50 / 60);
    expect(waitsUntil(offering([a]), late, NOW_MS + 50_000)).toBeUndefined();
    const { waiting } = decide(
      worldOf(offering([a])),
      { ...hostWith(), readings: late },
      trustingPolicy,
      NOW_MS,
    );
    const why = waiting
      .flatMap(({ reasons }) => reasons)
      .find(({ code }) => code === 'STARTING_UP');
    const waited = { measured: 10_000, limit: MINUTE_MS, unit: 'ms', sinceMs: NOW_MS - 10_000 };
    expect(why).toMatchObject(waited);
  });

  test('an install does not wait for a network, nor anything for one that was never away', () => {
    const late = readingsWith(word('full'), NOW_MS - 10_000, wokeAtMs);
    const install = updateOf('a', { nextAction: 'install' });
    expect(waitsUntil(offering([install]), late, NOW_MS)).toBeUndefined();
    const always = readingsWith(word('full'), wokeAtMs - HOUR_MS, wokeAtMs);
    expect(waitsUntil(offering([a]), always, NOW_MS)).toBeUndefined();
  });
});

describe('a network that leads nowhere', () => {
  const nowhere = { ...hostWith(), readings: readingsWith(word('limited'), NOW_MS - HOUR_MS) };

  /** What one that looks for the first time waits for. */
  function firstScanWaitsFor(manifest: Readonly<Record<string, unknown>>): string[] {
    const world = worldOf(at(NOW_MS - HOUR_MS, submitted(UPDATER, manifest), enabled()));
    const { waiting } = decide(world, nowhere, trustingPolicy, NOW_MS);
    return waiting.flatMap(({ reasons }) => reasons.map(({ code }) => code));
  }

  test('keeps an updater waiting that fetches, or whose tools do', () => {
    expect(firstScanWaitsFor({ fetch: ['https://acme.example/'] })).toEqual(['OFFLINE']);
    expect(firstScanWaitsFor({ egress: ['acme.example'] })).toEqual(['OFFLINE']);
  });

  test('is nothing to one that finds what it brings on this machine', () => {
    expect(firstScanWaitsFor({})).toEqual([]);
  });
});
