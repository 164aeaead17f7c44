// A tree that forks without end, in real control groups of both versions where this machine has both:
// version 1 is known to miss who is just being forked.

import { describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../runtime/clock.js';
import { until } from '../../runtime/until.testing.js';
import { ControlGroup } from '../sandbox/group.cgroup.js';
import {
  cgroupLayout,
  hierarchies,
  parseMountinfo,
  type CgroupLayout,
} from '../sandbox/hierarchy.js';
import { isWritable } from '../sandbox/writable.fs.js';
import { FreezeWatch } from './freeze-watch.loop.js';

const { unified, v1 } = cgroupLayout(parseMountinfo(readFileSync('/proc/self/mountinfo', 'utf8')));
const freezer = [...v1].filter(([name]) => ['freezer', 'cpuacct'].includes(name));
const layouts: [string, CgroupLayout, boolean][] = [
  ['v2', { unified, v1: new Map() }, unified !== undefined],
  ['v1', { unified: undefined, v1: new Map(freezer) }, freezer.length === 2],
];
const FORKS =
  'fork() for 1 .. 3; while (1) { my $pid = fork(); exit unless $pid; waitpid $pid, 0 }';
const PERL = '/usr/bin/perl';
const ROUNDS = 20;

describe.each(layouts)('a tree that forks, %s', (_version, layout, mounted) => {
  const testHere =
    mounted && existsSync(PERL) && hierarchies(layout).every(isWritable) ? test : test.skip;

  testHere('stands each time, and is never taken for one that goes on', async () => {
    const parent = `/lull-test-${randomBytes(4).toString('hex')}`;
    const group = new ControlGroup(layout, `${parent}/one`);
    // It begins once it is in the group: what it forks before would stay outside.
    const child = spawn(PERL, ['-e', `<STDIN>; ${FORKS}`], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    const exited = once(child, 'exit');
    let wentOn = 0;
    try {
      for (const hierarchy of hierarchies(layout)) {
        writeFileSync(join(hierarchy, parent, 'one/cgroup.procs'), String(child.pid));
      }
      child.stdin.end('\n');
      for (let round = 0; round < ROUNDS; round += 1) {
        const beforeUs = group.cpuUs();
        await until('it runs', () => group.cpuUs() > beforeUs + 3_000);
        group.freeze();
        const watch = new FreezeWatch({
          ...{ clock: systemClock, sandbox: group },
          onGoesOn: () => (wentOn += 1),
        });
        await until('it stands', () => group.isStill());
        watch.close();
        group.thaw();
      }
      expect(wentOn).toBe(0);
    } finally {
      expect(await group.kill()).toBe(true);
      await exited;
      group.close();
      for (const hierarchy of hierarchies(layout)) rmdirSync(join(hierarchy, parent));
    }
  });
});
