// What is written into a control group to limit disks: in directories that look like groups.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openBrake, type Disks } from './brake.cgroup.js';
import { noDiskRates } from './limits.js';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lull-b-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

/** A file keeps what was there beyond a shorter write at its start, where a group would not. */
const written = (file: string): string =>
  readFileSync(join(dir, file), 'utf8').split('\n')[0] ?? '';

/** A group with these files, and what one of them says at each of three instants. */
function said(file: string, disks: Disks): string[] {
  writeFileSync(join(dir, file), '');
  const brake = openBrake([dir], disks);
  const seen = [written(file)];
  const act = (step: () => void): void => {
    step();
    seen.push(written(file));
  };
  act(() => {
    brake.put();
  });
  act(() => {
    brake.release();
  });
  brake.close();
  return seen;
}

const rates = { readBytesPerSMax: 3_000_000, writeBytesPerSMax: 2_000_000 };
const slow = { readBytesPerSMax: 1_000_000, writeBytesPerSMax: Number.POSITIVE_INFINITY };

describe('control groups of version 2', () => {
  test('have a rate for reading while they are braked, and none otherwise', () => {
    const seen = said('io.max', { read: ['7:3'], own: '7:3', rates: noDiskRates });
    expect(seen[0]).toBe('');
    expect(seen[1]).toContain('7:3 rbps=4194304');
    expect(seen[2]).toContain('rbps=max');
  });

  test('have what policy gives from the start on, and keep it when the brake comes off', () => {
    expect(said('io.max', { read: ['7:3'], own: undefined, rates })[0]).toBe('7:3 rbps=3000000');
    expect(said('io.max', { read: ['7:3'], own: undefined, rates })[2]).toContain('rbps=3000000');
    expect(said('io.max', { read: ['7:3'], own: undefined, rates: slow })[1]).toContain(
      'rbps=1000000',
    );
  });

  test('limit writes on a disk of their own, and on no other', () => {
    expect(said('io.max', { read: [], own: '7:3', rates })[0]).toBe('7:3 wbps=2000000');
    expect(said('io.max', { read: [], own: undefined, rates })[0]).toBe('');
    expect(said('io.max', { read: [], own: '7:3', rates: slow })[0]).toBe('');
  });
});

describe('control groups of version 1', () => {
  test('have a file for each, and 0 for none', () => {
    const reads = 'blkio.throttle.read_bps_device';
    const seen = said(reads, { read: ['8:0'], own: '7:3', rates: noDiskRates });
    expect(seen[1]).toContain('8:0 4194304');
    expect(seen[2]).toContain('8:0 0');
    expect(said(reads, { read: ['8:0'], own: '7:3', rates })[0]).toBe('8:0 3000000');
    expect(said('blkio.throttle.write_bps_device', { read: [], own: '7:3', rates })[0]).toBe(
      '7:3 2000000',
    );
  });
});

test.each([
  ['cpu.max', true],
  ['cpu.cfs_quota_us', true],
  ['io.max', false],
])('a group with %s alone says whether its processors have a quota: %p', (file, expected) => {
  writeFileSync(join(dir, file), '');
  const brake = openBrake([dir], { read: ['7:3'], own: undefined, rates: noDiskRates });
  expect(brake.put()).toBe(expected);
  brake.close();
});
