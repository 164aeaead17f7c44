import { expect, test } from '@jest/globals';
import { partitionOf } from '../../proto/subjects.js';
import { createLog } from '../../runtime/log.js';
import { releaseLeftPlaces } from './left-places.loop.js';

const log = createLog('test', 'silent');
const partition = partitionOf('till-1');
const namesIn = (count: number): string[] =>
  Array.from({ length: 200 }, (_, n) => `till-${String(n)}`)
    .filter((id) => partitionOf(id) === partition)
    .slice(0, count);

test('a machine that policy has taken out of a group has no place there any more, and nobody else loses one', async () => {
  const [left = '', member = ''] = namesIn(2);
  let n = 0;
  while (partitionOf(`desk-${String(n)}`) === partition) n += 1;
  const elsewhere = `desk-${String(n)}`;
  const holders = [left, member, elsewhere, `fleetlock:${left}`];
  const released: string[] = [];
  await releaseLeftPlaces({
    ...{ partition, log },
    lock: {
      holders: () => Promise.resolve(holders.map((id) => ({ id, sinceMs: 1 }))),
      release: (group, id) => {
        released.push(`${group} ${id}`);
        return Promise.resolve();
      },
    },
    policy: () => ({ groups: [{ name: 'tills', hosts: [member], atOnceMax: 1 }] }),
  });
  expect(released).toEqual([`tills ${left}`]);
});

test('a group that cannot be asked keeps no other one from it', async () => {
  const [left = ''] = namesIn(1);
  const released: string[] = [];
  const groups = ['a', 'b'].map((name) => ({ name, hosts: [], atOnceMax: 1 }));
  await releaseLeftPlaces({
    ...{ partition, log, policy: () => ({ groups }) },
    lock: {
      holders: (group) =>
        group === 'a'
          ? Promise.reject(new Error('no'))
          : Promise.resolve([{ id: left, sinceMs: 1 }]),
      release: (group) => {
        released.push(group);
        return Promise.resolve();
      },
    },
  });
  expect(released).toEqual(['b']);
});
