// What has a slot is named as an operator knows it, not by the number of its run alone.

import { describe, expect, test } from '@jest/globals';
import type { Readings } from '../../conditions/reading.js';
import {
  at,
  enabled,
  perform,
  submitted,
  trustingPolicy,
  updateOf,
  UPDATER,
  worldOf,
} from '../world/history.testing.js';
import { slotObjections, type Occupant } from './slots.js';

const scan: Occupant = {
  ...{ runId: 'run-3', updaterId: 'com.acme.other', action: 'scan', work: { kind: 'scan' } },
  accepted: undefined,
};
const install: Occupant = {
  ...{ runId: 'run-4', updaterId: UPDATER, action: 'install', work: perform(updateOf('a')) },
  accepted: undefined,
};
const messages = (running: readonly Occupant[]): string[] =>
  slotObjections(
    { ...install, work: perform(updateOf('b')) },
    running,
    trustingPolicy,
    new Map(),
  ).map(({ message }) => message);

test('a run that is in the way is told by what it does and to what', () => {
  expect(messages([scan])).toEqual(['scan com.acme.other (run-3) has the slot']);
  expect(messages([scan, install])).toEqual([
    `scan com.acme.other (run-3), install a (run-4) have the slots`,
    'install a (run-4) is under way: one run per updater at a time',
  ]);
});

describe('of two downloads', () => {
  const large: Readings = new Map(
    (
      [
        ['cpu.cores', { kind: 'number', number: 8 }],
        ['disk.rotating', { kind: 'flag', flag: false }],
      ] as const
    ).map(([signal, value]) => [
      signal,
      { signal, value, instance: '', source: '', observedAtMs: 0, observedMonotonicNs: 0n },
    ]),
  );
  /** Of an updater that may fetch from there, `{feed}` as an operator bound it. */
  function download(name: string, fetch: string[], feed = ''): Occupant {
    const settings = [{ name: 'feed', kind: 'url', why: 'where it is' }];
    const id = `com.acme.${name}`;
    const facts = [submitted(id, { fetch, settings }), enabled(id)];
    const accepted = worldOf(at(0, ...facts)).updaters.get(id)?.accepted;
    if (accepted === undefined) throw new Error('it was accepted');
    return {
      ...{ runId: `run-${name}`, updaterId: id, action: 'download' },
      ...{
        work: perform(updateOf(name)),
        accepted: { ...accepted, settings: new Map([['feed', feed]]) },
      },
    };
  }
  const beside = (wanted: Occupant, other: Occupant): string[] =>
    slotObjections(wanted, [other], trustingPolicy, large).map(({ message }) => message);
  const mirror = download('a', ['https://mirror.example/a/', 'https://b.example/']);

  test('one waits where both take from one host, whatever lies behind it', () => {
    const same = download('b', ['https://other.example/', 'https://mirror.example/b/']);
    expect(beside(same, mirror)).toEqual([
      'download a (run-a) is under way: both download from mirror.example:443',
    ]);
    const bound = download('c', ['{feed}'], 'https://MIRROR.example:443/c');
    expect(beside(bound, mirror)).toHaveLength(1);
  });

  test('both go on where the hosts are others, or nobody knows them', () => {
    expect(beside(download('b', ['https://mirror.example:8443/']), mirror)).toEqual([]);
    expect(beside(download('b', ['{feed}'], 'nonsense'), mirror)).toEqual([]);
    expect(beside({ ...mirror, updaterId: 'x', accepted: undefined }, mirror)).toEqual([]);
  });

  test('an install does not wait for one', () => {
    const install = { ...download('b', ['https://mirror.example/']), action: 'install' } as const;
    expect(beside(install, mirror)).toEqual([]);
  });
});
