import { expect, test } from '@jest/globals';
import { parseMountinfo } from './hierarchy.js';
import { keepLocked } from './locked-options.js';

const points = parseMountinfo(
  [
    '27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw',
    '28 27 0:24 / /run rw,nosuid,nodev,noexec,relatime shared:2 - tmpfs tmpfs rw,size=201212k',
    '29 27 254:1 / /srv rw,relatime shared:3 - ext4 /dev/vdb rw',
    '30 29 254:1 / /srv ro,relatime shared:4 - ext4 /dev/vdb rw',
    '31 28 7:0 / /run/lull/work rw,nosuid,nodev shared:5 - ext4 /dev/loop0 rw',
  ].join('\n'),
);
const links: Readonly<Record<string, string>> = { '/opt/tools': '/srv/tools' };

test.each([
  ['a file system without restrictions adds none', '/var/lib/x', 'rw', ['rw']],
  ['below /run nothing is executed', '/run/lull/bundle', 'ro', ['ro', 'noexec']],
  ['a disk of its own below /run is not /run', '/run/lull/work', 'rw', ['rw']],
  ['a name that only begins alike is not below', '/runner', 'rw', ['rw']],
  ['what covers a mount counts, behind a link too', '/opt/tools', 'rw', ['ro']],
])('%s', (_what, source, access, kept) => {
  const options = ['bind', 'nosuid', 'nodev'];
  const mount = { type: 'bind', source, destination: '/x', options: [...options, access] };
  const real = (path: string): string => links[path] ?? path;
  expect(keepLocked([mount], points, real)).toEqual([{ ...mount, options: [...options, ...kept] }]);
});

test('what is no bind has options of its own', () => {
  const proc = { type: 'proc', source: 'proc', destination: '/proc', options: ['nosuid'] };
  const elsewhere = (): string => '/run/lull';
  expect(keepLocked([proc], points, elsewhere)).toEqual([proc]);
});
