// Machines, rollouts and groups of a fleet, as their operator reads them.

import { expect, test } from '@jest/globals';
import { FleetHost, Group, Rollout } from '../../proto/gen/lull/operator/v1/fleet.js';
import { showFleet, showGroups, showRollouts } from './fleet.js';
import { localTime } from './local-time.js';

const AT_MS = 1_900_000_000_000;
const at = localTime(AT_MS);
/** As it stands: columns are at least two spaces apart. */
const cellsOf = (shown: string): string[][] =>
  shown.split('\n').map((line) => line.trimEnd().split(/ {2,}/));

test('each machine is a line, and one that has gone says so', () => {
  const hosts = [
    FleetHost.fromPartial({
      ...{ id: 'a', partition: 'p3', attached: true, confinement: 'sealed' },
      ...{ presence: 'away', running: 1, waiting: 12 },
    }),
    FleetHost.fromPartial({ id: 'b', partition: 'p4', presence: 'unknown' }),
  ];
  const shown = showFleet({ hosts, unserved: [] });
  expect(cellsOf(shown)).toEqual([
    ['MACHINE', 'PARTITION', 'ATTACHED', 'LEVEL', 'PERSON', 'RUNNING', 'WAITING'],
    ['a', 'p3', 'yes', 'sealed', 'away', '1', '12'],
    ['b', 'p4', 'no', '-', 'unknown', '0', '0'],
  ]);
  expect(showFleet({ hosts, unserved: ['p5', 'p9'] })).toBe(
    `${shown}\nno orchestrator answers for p5, p9: their machines are missing here`,
  );
});

test('no machine, and no orchestrator that would know of one, are told apart', () => {
  expect(showFleet({ hosts: [], unserved: [] })).toBe('no machine has been heard of yet');
  expect(showFleet({ hosts: [], unserved: ['p5'] })).toMatch(
    /^no machine has been heard of yet\nno orchestrator answers for p5: /,
  );
});

test('a rollout tells its ring, when the next one opens, what failed, and why it stands', () => {
  const going = Rollout.fromPartial({
    ...{ updaterId: 'a.b', updateId: 'x', toVersion: '2', startedUnixMs: BigInt(AT_MS) },
    ...{ ring: 'first', nextRingUnixMs: BigInt(AT_MS) },
  });
  const failed = [
    { hostId: 'm1', ring: 'first' },
    { hostId: 'm2', ring: 'all' },
  ];
  const still = { ...going, ring: '', nextRingUnixMs: 0n, failed, stopped: 'RING_FAILED' };
  const shown = showRollouts({ rollouts: [going, still], more: 0 });
  expect(cellsOf(shown)).toEqual([
    ['UPDATE', 'VERSION', 'SINCE', 'RING', 'NEXT RING', 'FAILED', 'STATE'],
    ['a.b/x', '2', at, 'first', at, '-', 'goes on'],
    ['a.b/x', '2', at, '-', '-', 'm1 (first), m2 (all)', 'stopped: RING_FAILED'],
  ]);
  expect(showRollouts({ rollouts: [going, still], more: 7 })).toBe(
    `${shown}\nand 7 more: "lull fleet rollout" lists all`,
  );
  expect(showRollouts({ rollouts: [], more: 0 })).toMatch(/^no update is on its way: .*rollout/);
});

test('a group tells how many places are taken, by whom and since when', () => {
  const holders = ['m1', 'm2'].map((hostId) => ({ hostId, sinceUnixMs: BigInt(AT_MS) }));
  const groups = [
    Group.fromPartial({ name: 'lab', atOnceMax: 3, holders }),
    Group.fromPartial({ name: 'tills', atOnceMax: 1 }),
  ];
  expect(cellsOf(showGroups(groups))).toEqual([
    ['GROUP', 'PLACES TAKEN', 'BY'],
    ['lab', '2 of 3', `m1 since ${at}, m2 since ${at}`],
    ['tills', '0 of 1', '-'],
  ]);
  expect(showGroups([])).toBe('the policy has no groups');
});
