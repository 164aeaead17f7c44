import { describe, expect, test } from '@jest/globals';
import {
  cgroupLayout,
  distinctName,
  hierarchies,
  outOfReach,
  parseMountinfo,
} from './hierarchy.js';

const root = '27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw';

const v2Alone = [
  root,
  '30 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec shared:4 - cgroup2 cgroup2 rw,nsdelegate',
].join('\n');

const v1Alone = [
  root,
  '31 23 0:28 / /sys/fs/cgroup ro,nosuid - tmpfs tmpfs ro,mode=755',
  '32 31 0:29 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,release_agent=/lib/agent,name=systemd',
  '33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct',
  '34 31 0:31 / /sys/fs/cgroup/freezer rw shared:9 master:2 - cgroup cgroup rw,freezer',
].join('\n');

const hybrid = [
  v1Alone,
  '41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw',
].join('\n');

describe('the layout of control groups', () => {
  test('v2 alone', () => {
    const layout = cgroupLayout(parseMountinfo(v2Alone));
    expect(layout.unified).toBe('/sys/fs/cgroup');
    expect(layout.v1.size).toBe(0);
    expect(hierarchies(layout)).toEqual(['/sys/fs/cgroup']);
  });

  test('v1 alone, two controllers in one hierarchy', () => {
    const layout = cgroupLayout(parseMountinfo(v1Alone));
    expect(layout.unified).toBeUndefined();
    expect(layout.v1).toEqual(
      new Map([
        ['name=systemd', '/sys/fs/cgroup/systemd'],
        ['cpu', '/sys/fs/cgroup/cpu,cpuacct'],
        ['cpuacct', '/sys/fs/cgroup/cpu,cpuacct'],
        ['freezer', '/sys/fs/cgroup/freezer'],
      ]),
    );
    expect(hierarchies(layout)).toHaveLength(3);
  });

  test('hybrid: v1 with v2 beside it', () => {
    const layout = cgroupLayout(parseMountinfo(hybrid));
    expect(layout.unified).toBe('/sys/fs/cgroup/unified');
    expect(layout.v1.get('freezer')).toBe('/sys/fs/cgroup/freezer');
    expect(hierarchies(layout)).toHaveLength(4);
  });

  test('a v2 hierarchy where no runtime looks for it does not count', () => {
    const elsewhere = hybrid.replace('/sys/fs/cgroup/unified', '/mnt/cgroup2');
    expect(cgroupLayout(parseMountinfo(elsewhere)).unified).toBeUndefined();
  });
});

test('a mount point with a space in its name is read as it is', () => {
  const [mount] = parseMountinfo('36 35 98:0 / /mnt/my\\040disk rw - ext4 /dev/sdb rw');
  expect(mount?.path).toBe('/mnt/my disk');
});

describe('groups of the machine, seen from a cgroup namespace of a container', () => {
  const seen = (mounted: string, options: string): string | undefined =>
    outOfReach(
      parseMountinfo(`30 23 0:26 ${mounted} /sys/fs/cgroup rw - cgroup2 cgroup2 ${options}`),
    );

  test('are out of reach where the kernel minds the namespace', () => {
    expect(seen('/../../..', 'rw,nsdelegate')).toBe('/sys/fs/cgroup');
    expect(seen('/../../..', 'rw')).toBeUndefined();
  });

  test('are within reach from the namespace of the machine, and one sees to its own', () => {
    expect(seen('/', 'rw,nsdelegate')).toBeUndefined();
  });
});

describe('a directory is told from every other one on the machine', () => {
  const named = (dir: string, ...mounts: string[]): string =>
    distinctName(dir, parseMountinfo(mounts.join('\n')));
  const volume = (name: string): string =>
    `90 80 254:0 /volumes/${name}/_data /var/lib/lull rw - ext4 /dev/vda rw`;
  const layer = (minor: number): string => `80 70 0:${String(minor)} / / rw - overlay overlay rw`;

  test('outside of containers by its path', () => {
    expect(named('/var/lib/lull', root)).toBe('/var/lib/lull');
    const apart = '31 27 254:3 / /var rw,relatime - ext4 /dev/vdb rw';
    expect(named('/var/lib/lull', root, apart)).toBe('/var/lib/lull');
  });

  test('in two containers, each with a volume at one path', () => {
    const [a, b] = ['a', 'b'].map((each) => named('/var/lib/lull', layer(41), volume(each)));
    expect(a).not.toBe(b);
    expect(a).not.toBe('/var/lib/lull');
    // Another container with the volume of one that died finds what that left.
    expect(named('/var/lib/lull', layer(57), volume('a'))).toBe(a);
  });

  test('in two containers without volumes', () => {
    expect(named('/var/lib/lull', layer(41))).not.toBe(named('/var/lib/lull', layer(57)));
  });

  test('and a directory is not that of another whose name goes on', () => {
    expect(named('/var/lib/lull-2', root, volume('a'))).toBe('/var/lib/lull-2');
  });
});
