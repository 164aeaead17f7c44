import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Value } from '../../conditions/reading.js';
import { NO_DISK } from '../reading/disk.js';
import { diskActivityProbe } from './disk-activity.js';
import {
  createFakeMachine,
  diskText,
  filesOpenIn,
  type FakeMachine,
} from './fake-machine.testing.js';
import type { OpenProbe } from './probe.js';

const ROUND_MS = 90;
/** Until the disks are listed again. */
const LISTED_MS = 5_000;
/** Until a file is opened anew: one of the kernel's is gone at once. */
const REOPENED_MS = 1_000;

let machine: FakeMachine;
let probe: OpenProbe;
let atMs: number;

beforeEach(() => {
  machine = createFakeMachine();
  probe = diskActivityProbe(machine.procRoot, machine.sysRoot);
  atMs = 0;
});

afterEach(() => {
  probe.close();
  machine.close();
});

function put(name: string, busyMs: number): void {
  machine.write(
    `sys/block/${name}/stat`,
    `  10 0 80 5 20 0 160 9 0 ${String(busyMs)} 14 0 0 0 0 0 0\n`,
  );
}

async function look(afterMs = ROUND_MS): Promise<{ value: Value; source: string }> {
  atMs += afterMs;
  const [measured] = await probe.measure({ wallMs: 1_900_000_000_000 + atMs, monotonicMs: atMs });
  if (measured === undefined) throw new Error('nothing was said of the disks');
  return measured;
}

const opened = (): string[] => filesOpenIn(machine);

test('few disks are read each from its own file, and the busiest counts; the file of all of them is left alone', async () => {
  put('sda', 4_000);
  put('nvme0n1', 100);
  machine.remove('proc/diskstats');
  await look();
  put('nvme0n1', 145);
  const { value, source } = await look();
  expect(value.kind === 'number' && value.number).toBeCloseTo(50);
  expect(source).toBe(`${machine.sysRoot}/block/*/stat`);
});

test('while an update waits, the share is of the seconds before, and not of the last look alone', async () => {
  put('sda', 0);
  await look();
  put('sda', 900);
  expect((await look(1_000)).value).toEqual({ kind: 'number', number: 90 });
  expect((await look(1_000)).value).toEqual({ kind: 'number', number: 45 });
  for (let second = 0; second < 5; second += 1) await look(1_000);
  expect((await look(1_000)).value).toEqual({ kind: 'number', number: 0 });
});

test('where no disk is seen it is unknown what to do about it, and where nothing is seen too', async () => {
  machine.write('proc/diskstats', diskText('loop0', 4_000));
  expect((await look()).value).toEqual({ kind: 'unknown', why: NO_DISK });
  machine.write('proc/diskstats', diskText('vda', 4_000));
  expect((await look()).value).toMatchObject({ kind: 'unknown' });
  machine.write('proc/diskstats', '');
  expect((await look()).value).toEqual({ kind: 'unknown', why: NO_DISK });
  machine.remove('proc/diskstats');
  expect((await look(REOPENED_MS)).value).toEqual({
    kind: 'unknown',
    why: `${join(machine.procRoot, 'diskstats')} does not exist; mount /proc`,
  });
});

test('a disk that is plugged in counts within a few seconds', async () => {
  put('sda', 4_000);
  await look();
  put('sdb', 0);
  await look(LISTED_MS);
  put('sdb', 90);
  const { value } = await look();
  expect(value.kind === 'number' && value.number).toBeCloseTo(100);
});

test.each([
  [
    'is pulled out',
    (): void => {
      machine.remove('sys/block/sdb');
    },
  ],
  [
    'has a file that is cut short',
    (): void => {
      machine.write('sys/block/sdb/stat', '  10 0 80');
    },
  ],
  [
    'has a FIFO for a file',
    (): void => {
      machine.remove('sys/block/sdb/stat');
      execFileSync('mkfifo', [join(machine.sysRoot, 'block/sdb/stat')]);
    },
  ],
])('where one of the disks %s the others are seen in the same round', async (_what, happen) => {
  put('sda', 4_000);
  put('sdb', 4_000);
  machine.write('proc/diskstats', diskText('sda', 4_000));
  await look(0);
  happen();
  await look(REOPENED_MS);
  put('sda', 5_090);
  machine.write('proc/diskstats', diskText('sda', 5_090));
  const { value } = await look();
  expect(value.kind === 'number' && value.number).toBeGreaterThan(90);
});

test('many disks are read from one file, and none is kept open for each', async () => {
  const names = Array.from({ length: 12 }, (_, at) => `sd${String.fromCharCode(0x61 + at)}`);
  for (const name of names) put(name, 0);
  const all = (busyMs: number): string => names.map((name) => diskText(name, busyMs)).join('');
  machine.write('proc/diskstats', all(0));
  await look();
  machine.write('proc/diskstats', all(90));
  const { value, source } = await look();
  expect(value.kind === 'number' && value.number).toBeCloseTo(100);
  expect(source).toBe(join(machine.procRoot, 'diskstats'));
  expect(opened()).toEqual([join(machine.procRoot, 'diskstats')]);
});

test('what is open is closed with the probe, and a disk that is gone is closed with it', async () => {
  put('sda', 0);
  put('sdb', 0);
  await look();
  expect(opened()).toHaveLength(2);
  machine.remove('sys/block/sdb');
  await look(LISTED_MS);
  expect(opened()).toEqual([join(machine.sysRoot, 'block/sda/stat')]);
  probe.close();
  expect(opened()).toEqual([]);
});
