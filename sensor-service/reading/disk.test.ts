import { describe, expect, test } from '@jest/globals';
import { anyRotating, createEachDisk, DISKS_MAX, isDisk, type EachDisk } from './disk.js';

function busyMs(text: string, eachDisk: EachDisk = createEachDisk()): ReadonlyMap<string, number> {
  const ticks = new Map<string, number>();
  // What lies behind the text is of an earlier look, and longer.
  const bytes = Buffer.concat([
    Buffer.from(text),
    Buffer.from(' 1 2\n8 48 sdd 1 2 3 4 5 6 7 8 9 7 1\n'),
  ]);
  eachDisk(bytes, text.length, (name, ms) => {
    ticks.set(name, ms);
  });
  return ticks;
}

describe('which block devices are disks', () => {
  test.each(['sda', 'vda', 'xvda', 'nvme0n1', 'mmcblk0', 'cciss!c0d0'])('%s is', (name) => {
    expect(isDisk(name)).toBe(true);
  });

  test.each(['loop0', 'ram3', 'zram0', 'dm-1', 'md127', 'sr0', 'fd0', 'nbd2', '..', 'a/b', ''])(
    '%j is not',
    (name) => {
      expect(isDisk(name)).toBe(false);
    },
  );
});

describe('/proc/diskstats', () => {
  test('the column of busy milliseconds is read, of disks only', () => {
    const text =
      '   7  0 loop0 0 0 0 0 0 0 0 0 0 99 0 0 0 0 0 0 0\n' +
      ' 254  0 vda 15295 8343 1801050 4400 4445 43905 2362496 8110 0 2796 12766 3868 65 8 253 63 2\n';
    expect([...busyMs(text)]).toEqual([['vda', 2_796]]);
  });

  test('a kernel from before 4.18 has fewer columns', () => {
    expect(busyMs('8 0 sda 1 2 3 4 5 6 7 8 0 10 11\n').get('sda')).toBe(10);
  });

  test('a device that is put in the place of another is seen, whatever stood on its line before', () => {
    const eachDisk = createEachDisk();
    const line = (name: string, ms: number): string =>
      `8 0 ${name} 1 2 3 4 5 6 7 8 0 ${String(ms)} 11\n`;
    expect([...busyMs(line('loop0', 1) + line('sda', 2), eachDisk)]).toEqual([['sda', 2]]);
    expect([...busyMs(line('sdb', 3) + line('sdab', 4), eachDisk)]).toEqual([
      ['sdb', 3],
      ['sdab', 4],
    ]);
    expect([...busyMs(line('sda', 5) + line('loop7', 6), eachDisk)]).toEqual([['sda', 5]]);
  });

  test.each([
    '8 0 sda 1 2 3\n',
    '8 0 sda',
    '8 0 sda 1 2 3 4 5 6 7 8 0 x 11\n',
    '8 0 sda 1 2 3 4 5 6 7 8 0 10x 11\n',
    '8 0 sda 1 2 3 4 5 6 7 8 0x 10 11\n',
    '8 0x sda 1 2 3 4 5 6 7 8 0 10 11\n',
    'sda 0 1 2 3 4 5 6 7 8 0 10 11\n',
  ])('%j is cut short, or garbage, and is left out; what follows is read', (line) => {
    expect(busyMs(line).size).toBe(0);
    const next = '8 16 sdb 1 2 3 4 5 6 7 8 0 7 8\n';
    expect([...busyMs(`${line}${line.endsWith('\n') ? '' : '\n'}\n${next}`)]).toEqual([['sdb', 7]]);
  });

  test('a number that ends the text may be cut', () => {
    expect(busyMs('8 0 sda 1 2 3 4 5 6 7 8 0 1').size).toBe(0);
  });

  test('so many disks are looked at and no more', () => {
    const lines = Array.from(
      { length: DISKS_MAX + 9 },
      (_each, n) => `8 0 vd${String(n)} 1 2 3 4 5 6 7 8 0 7 8\n`,
    );
    expect(busyMs(lines.join('')).size).toBe(DISKS_MAX);
  });
});

describe('whether a disk rotates', () => {
  test.each([
    ['one of two does', ['0\n', '1\n'], { kind: 'flag', flag: true }],
    ['none does', ['0\n', '0\n'], { kind: 'flag', flag: false }],
    ['one does, another cannot be read', [undefined, '1\n'], { kind: 'flag', flag: true }],
  ])('%s', (_what, flags, value) => {
    expect(anyRotating(flags)).toEqual(value);
  });

  test.each([
    ['there is no disk', []],
    ['one cannot be read', ['0\n', undefined]],
    ['one says something else', ['0\n', '2\n']],
  ])('it is unknown when %s', (_what, flags) => {
    expect(anyRotating(flags).kind).toBe('unknown');
  });
});
