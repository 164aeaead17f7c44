// Machines of a group take turns: who counts, and for whom.

import { describe, expect, test } from '@jest/globals';
import type { Fact } from '../journal/fact.js';
import {
  admitted,
  at,
  finished,
  perform,
  started,
  trustingPolicy,
  updateOf,
  worldOf,
} from '../world/history.testing.js';
import { changingMachines, groupObjections, groupsOf } from './groups.js';
import { offering } from './offering.testing.js';

const install = perform(updateOf('a', { nextAction: 'install' }));
const download = perform(updateOf('a'));
const tills = { name: 'tills', hosts: ['till-*', 'office'], atOnceMax: 1 };
const others = { name: 'others', hosts: ['lab-1'], atOnceMax: 1 };
const policy = { ...trustingPolicy, groups: [tills, others] };
const on = (runId: string, hostId: string, work = install): Fact[] => [
  admitted(runId, work, { hostId }),
  started(runId),
];
const worldWith = (...facts: Fact[]) => worldOf(offering([updateOf('a')], ...facts));

test('a machine is in the groups that name it, or the beginning of its name', () => {
  const names = (id: string) => groupsOf(id, policy).map(({ name }) => name);
  expect(['till-1', 'office', 'lab-1', 'office-2', 'till', 'x'].map(names)).toEqual([
    ...[['tills'], ['tills'], ['others'], [], [], []],
  ]);
});

describe('a machine that wants to change something', () => {
  const why = (world: ReturnType<typeof worldOf>, id = 'till-1') =>
    groupObjections({ id }, 'install', world, policy);

  test.each<[what: string, full: boolean, Fact[]]>([
    ['nobody changes anything', false, []],
    ['another one of its group does', true, on('r', 'till-2')],
    ['one that the group names does', true, on('r', 'office')],
    ['one of no group of its does', false, on('r', 'lab-1')],
    ['it does so itself', false, on('r', 'till-1')],
    ['another one downloads', false, on('r', 'till-2', download)],
    [
      'another one has done so',
      false,
      [...on('r', 'till-2'), finished('r', { kind: 'succeeded' })],
    ],
  ])('where %s', (_what, full, facts) => {
    expect(why(worldWith(...facts)).map(({ code }) => code)).toEqual(full ? ['GROUP_FULL'] : []);
  });

  test('is told how many do, of at most how many', () => {
    const two = { ...policy, groups: [{ ...tills, atOnceMax: 2 }] };
    const world = worldWith(...on('r', 'till-2'), ...on('q', 'till-2'), ...on('p', 'till-3'));
    expect(groupObjections({ id: 'till-1' }, 'install', world, two)).toEqual([
      {
        ...{ code: 'GROUP_FULL', about: 'tills', measured: 2, limit: 2, unit: 'count' },
        message: '2 of at most 2 machines of tills are changing something',
      },
    ]);
    expect(groupObjections({ id: 'till-3' }, 'install', world, two)).toEqual([]);
    expect(groupObjections({ id: 'till-1' }, 'download', world, two)).toEqual([]);
  });

  test('asks for its place where places are shared, and begins when it has it', () => {
    const world = worldWith();
    const asked = groupObjections({ id: 'till-1', places: new Map() }, 'install', world, policy);
    expect(asked).toMatchObject([{ measured: 0, message: 'its place in tills is asked for' }]);
    const places = new Map([['tills', { kind: 'held' }]] as const);
    expect(groupObjections({ id: 'till-1', places }, 'install', world, policy)).toEqual([]);
  });
});

test('a machine changes something since its first run did, in whatever order they are told', () => {
  const runs = [
    ...at(9, ...on('later', 'till-1')),
    ...at(5, ...on('first', 'till-1')),
    ...at(7, ...on('between', 'till-1'), ...on('other', 'lab-1')),
  ];
  expect([...changingMachines(tills, worldOf(runs))]).toEqual([['till-1', 5]]);
});
