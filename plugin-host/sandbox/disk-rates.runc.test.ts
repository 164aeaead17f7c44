// An updater takes no more of its disk than policy lets it, in a real sandbox. A limit makes things take
// at least so long; that they take no longer is asked of nobody.

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { cgroupLayout, parseMountinfo } from './hierarchy.js';
import {
  groupFile,
  leftovers,
  openFixture,
  whyNoSandbox,
  type SandboxFixture,
} from './sandbox.testing.js';

const layout = cgroupLayout(parseMountinfo(readFileSync('/proc/self/mountinfo', 'utf8')));
const canLimit =
  layout.v1.has('blkio') ||
  (layout.unified !== undefined &&
    readFileSync(`${layout.unified}/cgroup.controllers`, 'utf8').includes('io'));
const missing =
  (await whyNoSandbox()) ??
  (existsSync('/dev/loop-control') ? undefined : 'needs loop devices') ??
  (canLimit ? undefined : 'this kernel limits no rates of disks');
const describeHere = missing === undefined ? describe : describe.skip;

const MIB = 1024 * 1024;
const BYTES = 4 * MIB;
const RATE = 2 * MIB;
/** Half of what it takes at the rate: the kernel hands out the rate in slices. */
const MS_MIN = 1_000;

const script = `import fs from 'node:fs';
  import { execFileSync } from 'node:child_process';
  const timed = (act) => { const from = performance.now(); act(); return Math.round(performance.now() - from); };
  const write = timed(() => {
    const file = fs.openSync('/lull/work/file', 'w');
    fs.writeSync(file, Buffer.alloc(${String(BYTES)}, 1));
    fs.fsyncSync(file);
  });
  const read = timed(() => execFileSync('dd', ['if=/lull/work/file', 'of=/dev/null', 'bs=1M', 'iflag=direct', 'status=none']));
  console.error(JSON.stringify({ read, write }));
  setInterval(() => undefined, 1000);`;

describeHere(`disk rates${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let fixture: SandboxFixture;

  beforeEach(async () => {
    fixture = await openFixture();
  });
  afterEach(async () => {
    await fixture.close();
    expect(leftovers(fixture.root)).toEqual([]);
  });

  async function took(rates: { readonly read: number; readonly write: number }) {
    const limits = {
      ...{ memoryBytesMax: 256 * MIB, processesMax: 64, diskBytesMax: 8 * MIB },
      diskRates: { readBytesPerSMax: rates.read, writeBytesPerSMax: rates.write },
    };
    const sandbox = await fixture.launch('reads', script, { limits });
    for (;;) {
      const said = /\{.*\}/.exec(sandbox.outputTail())?.[0];
      if (said !== undefined) return JSON.parse(said) as { read: number; write: number };
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  test('hold reading and writing back', async () => {
    const { read, write } = await took({ read: RATE, write: RATE });
    expect(read).toBeGreaterThan(MS_MIN);
    expect(write).toBeGreaterThan(MS_MIN);
    const told =
      groupFile(fixture.root, 'io.max', 'child') ??
      groupFile(fixture.root, 'blkio.throttle.write_bps_device', 'child');
    expect(told).toContain(String(RATE));
  });

  test('are none where policy gives none', async () => {
    await took({ read: Number.POSITIVE_INFINITY, write: Number.POSITIVE_INFINITY });
    const told =
      groupFile(fixture.root, 'io.max', 'child') ??
      groupFile(fixture.root, 'blkio.throttle.write_bps_device', 'child');
    expect(told).toBe('');
  });
});
