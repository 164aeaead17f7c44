// What has to be there before an ordinary user may run updaters. Each line of the table lacks one thing.

import { describe, expect, test } from '@jest/globals';
import { defaultUids } from '../runs/places.fs.js';
import { rootlessProblem, type Ground } from './ground.js';

const map = '         0       1000          1\n         1     100000      65535';
const good: Ground = {
  cgroups: 'v2',
  group: {
    path: '/user.slice/user-1000.slice/user@1000.service/app.slice/run-r1.scope',
    isOurs: true,
    freezes: true,
    otherProcesses: 0,
  },
  namespace: { uids: map, gids: map },
};

test('where a group is delegated and there are ids to give away, nothing is missing', () => {
  expect(rootlessProblem(good, defaultUids)).toBeUndefined();
});

describe('nothing starts without', () => {
  test.each<[what: string, ground: Ground, says: RegExp]>([
    ['version 2 of control groups', { ...good, cgroups: 'v1' }, /this machine has version 1\. Run/],
    ['version 2 alone', { ...good, cgroups: 'hybrid' }, /this machine mixes both\. Run/],
    ['any control groups', { ...good, cgroups: 'none' }, /this machine shows none\. Run/],
    [
      'a group that is ours',
      { ...good, group: { ...good.group, isOurs: false } },
      /run-r1\.scope, was not delegated .*systemd-run --user --scope -p Delegate=yes lull up/,
    ],
    [
      'a freezer',
      { ...good, group: { ...good.group, freezes: false } },
      /does not freeze and end control groups/,
    ],
    [
      'a group that is ours alone',
      { ...good, group: { ...good.group, otherProcesses: 1 } },
      /has other programs in it.*systemd-run --user/,
    ],
    [
      'a user namespace',
      { ...good, namespace: { refused: 'unshare: unshare failed: Operation not permitted' } },
      /no user ids for updaters \(unshare: .*newuidmap .*\/etc\/subuid/,
    ],
    ['an id beside our own', { ...good, namespace: { uids: '0 1000 1', gids: '0 1000 1' } }, /few/],
    ['an id for each', { ...good, namespace: { uids: `${map.slice(0, -1)}0`, gids: '' } }, /few/],
    [
      'an id for the last of them',
      { ...good, namespace: { uids: '1 100000 61182', gids: map } },
      /too few for 61000-61183, which updaters are to have\. .*--uids/,
    ],
    [
      'a group id for each',
      { ...good, namespace: { uids: map, gids: '1 100000 61182' } },
      /too few for 61000-61183/,
    ],
  ])('%s', (_what, ground, says) => {
    const said = rootlessProblem(ground, defaultUids);
    expect(said).toMatch(/^confining updaters needs root here: [^\n]*\.$/);
    expect(said).toMatch(says);
  });
});

test('the freezer comes before the ids: without it nothing else is of use', () => {
  const group = { ...good.group, isOurs: false };
  const said = rootlessProblem({ ...good, group, namespace: { refused: 'no' } }, defaultUids);
  expect(said).toContain('not delegated');
});

test('ids that were chosen lower fit into a smaller range', () => {
  const uids = '0 1000 1\n1 100000 2000';
  const namespace = { uids, gids: uids };
  expect(rootlessProblem({ ...good, namespace }, { first: 1_000, last: 2_000 })).toBeUndefined();
  expect(rootlessProblem({ ...good, namespace }, { first: 1_000, last: 2_001 })).toBeDefined();
});
