import { expect, test } from '@jest/globals';
import { createLog } from '../../runtime/log.js';
import { requireFreeUids } from './free-uids.spawn.js';
import { parseUids, uidsProblem, type Users } from './uids.js';

test('a range is its first and its last id', () => {
  expect(parseUids('61000-61183')).toEqual({ first: 61_000, last: 61_183 });
  expect(parseUids('2000-2001')).toEqual({ first: 2_000, last: 2_001 });
});

test.each([
  '',
  '61000',
  '0-10',
  '999-2000',
  '5000-5000',
  '6000-5000',
  '1e4-2e4',
  '2000-4294967295',
])('%j is none', (text) => {
  expect(() => parseUids(text)).toThrow('--uids wants two ids');
});

const range = { first: 61_000, last: 61_183 };
const users: Users = {
  passwd: 'root:x:0:0:root:/root:/bin/sh\nann:x:60999:100::/home/ann:\nbob:x:61184:61184::/:\n',
  group: 'root:x:0:\n\nstaff:x:60999:ann\n',
  subuid: 'ann:100000:65536\nbob:59000:2000\n',
  subgid: 'ann:100000:65536\n',
};

test('ids around the range are no problem, nor are lines that are none', () => {
  expect(uidsProblem(range, users)).toBeUndefined();
  const odd = { ...users, passwd: '+::::::\n#\nx:x:61000x:1\n', subuid: 'ann:61000:0\nann\n' };
  expect(uidsProblem(range, odd)).toBeUndefined();
});

test.each<[who: string, change: Partial<Users>]>([
  ['user eve (61000)', { passwd: 'eve:x:61000:100::/home/eve:/bin/sh' }],
  ['user eve (61183)', { passwd: 'eve:x:61183:100::/home/eve:/bin/sh' }],
  ['group eve (61100)', { group: 'eve:x:61100:' }],
  ['eve in /etc/subuid (60000-61000)', { subuid: 'eve:60000:1001' }],
  ['eve in /etc/subgid (61183-126718)', { subgid: 'eve:61183:65536' }],
])('an updater is not to be %s', (who, change) => {
  expect(uidsProblem(range, { ...users, ...change })).toBe(
    `updaters are to have the ids 61000-61183, and some of them are taken: by ${who}. Name ids that nobody has with --uids.`,
  );
});

test('the machine itself is asked: the ids of nobody are somebody’s', async () => {
  const log = createLog('test', 'silent');
  const nobody = { first: 65_000, last: 65_534 };
  await expect(requireFreeUids(nobody, log)).rejects.toThrow(/user nobody \(65534\)/);
  // So many that they are not asked for one by one.
  await expect(requireFreeUids({ first: 62_000, last: 65_534 }, log)).rejects.toThrow(/nobody/);
});
