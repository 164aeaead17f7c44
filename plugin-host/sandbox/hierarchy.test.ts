import { describe, expect, test } from '@jest/globals';
import { cgroupLayout, hierarchies, parseMountinfo } from './hierarchy.js';

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
