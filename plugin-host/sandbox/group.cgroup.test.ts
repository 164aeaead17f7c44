// Real control groups, of both versions where this machine has both.

import { describe, expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ControlGroup } from './group.cgroup.js';
import { cgroupLayout, hierarchies, parseMountinfo, type CgroupLayout } from './hierarchy.js';
import { settled, until } from '../../runtime/until.testing.js';

const machine = cgroupLayout(parseMountinfo(readFileSync('/proc/self/mountinfo', 'utf8')));
const layouts: [string, CgroupLayout, boolean][] = [
  ['v2', { unified: machine.unified, v1: new Map() }, machine.unified !== undefined],
  [
    'v1',
    {
      unified: undefined,
      v1: new Map([...machine.v1].filter(([name]) => ['freezer', 'cpuacct', 'cpu'].includes(name))),
    },
    machine.v1.has('freezer') && machine.v1.has('cpuacct'),
  ],
];

describe.each(layouts)('a control group, %s', (_version, layout, mounted) => {
  const writable = hierarchies(layout).every(isWritable);
  const testHere = mounted && writable ? test : test.skip;

  const canThrottle = mounted && writable && throttles(layout) ? test : test.skip;
  canThrottle('stops a busy loop in every period, and lets it go again', async () => {
    const parent = `/lull-test-${randomBytes(4).toString('hex')}`;
    if (layout.unified !== undefined) {
      mkdirSync(join(layout.unified, parent));
      writeFileSync(join(layout.unified, parent, 'cgroup.subtree_control'), '+cpu');
    }
    const group = new ControlGroup(layout, `${parent}/one`);
    const child = spawn('sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' });
    /** How often the kernel says that it was stopped, because its share of a period was used up. */
    const stops = (): number => {
      const dir = layout.unified ?? layout.v1.get('cpu') ?? '';
      const stat = readFileSync(join(dir, parent, 'one/cpu.stat'), 'utf8');
      return Number(/^nr_throttled (\d+)$/m.exec(stat)?.[1] ?? 0);
    };
    try {
      for (const hierarchy of hierarchies(layout)) {
        writeFileSync(join(hierarchy, parent, 'one/cgroup.procs'), String(child.pid));
      }
      await until('it runs', () => group.cpuUs() > 20_000);
      expect(stops()).toBe(0);
      group.throttle();
      await until('it is stopped in its periods', () => stops() >= 5);
      group.unthrottle();
      const [stopsBefore, freeUs] = [stops(), group.cpuUs()];
      await until('it runs', () => group.cpuUs() > freeUs + 200_000);
      expect(stops()).toBe(stopsBefore);
    } finally {
      await end(child);
      await group.kill();
      group.close();
      for (const hierarchy of hierarchies(layout)) rmdirSync(join(hierarchy, parent));
    }
  });

  testHere('freezes, thaws, and kills what is frozen', async () => {
    const parent = `/lull-test-${randomBytes(4).toString('hex')}`;
    const group = new ControlGroup(layout, `${parent}/one`);
    const child = spawn('sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' });
    try {
      for (const hierarchy of hierarchies(layout)) {
        writeFileSync(join(hierarchy, parent, 'one/cgroup.procs'), String(child.pid));
      }
      await until('it runs', () => group.cpuUs() > 50_000);

      group.freeze();
      // It stops when it next returns to user mode, and for that has to get a processor.
      await until('it stands still', () => group.isStill());
      const frozenUs = await settled(() => group.cpuUs());
      await sleep(300);
      expect(group.cpuUs()).toBe(frozenUs);

      group.thaw();
      await until('it runs', () => group.cpuUs() > frozenUs + 20_000);

      group.freeze();
      const exited = once(child, 'exit');
      expect(await group.kill()).toBe(true);
      expect((await exited)[1]).toBe('SIGKILL');
    } finally {
      await end(child);
      group.close();
      group.close();
      for (const hierarchy of hierarchies(layout)) {
        expect(existsSync(join(hierarchy, parent, 'one'))).toBe(false);
        rmdirSync(join(hierarchy, parent));
      }
    }
  });
});

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

function throttles({ unified, v1 }: CgroupLayout): boolean {
  const inV2 = unified === undefined ? '' : join(unified, 'cgroup.controllers');
  const hasV2 = existsSync(inV2) && readFileSync(inV2, 'utf8').split(/\s+/).includes('cpu');
  return hasV2 || v1.has('cpu');
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
