// T21: an updater whose first instruction is to get away: into sessions of its own, forked twice, with
// children that outlive their parents and are somebody else each time one looks. It asks nothing and
// answers nothing. All of it is in its control group from the first instruction on, stands still when
// that is frozen, and is gone when that is killed.

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pause } from '../../runtime/deadline.js';
import { until } from '../../runtime/until.testing.js';
import { parentPath } from './parent.cgroup.js';
import {
  fixtureUid,
  leftovers,
  openFixture,
  processesWhere,
  whyNoSandbox,
  type SandboxFixture,
} from './sandbox.testing.js';

const missing = await whyNoSandbox();
const describeHere = missing === undefined ? describe : describe.skip;
/** Generations that were born and have died, until it counts as on its way. */
const HOPS_MIN = 20;
const STILL_MS = 200;

/** Of sh, so that little is executed before it: `away` stays, `hop` is followed by its child. */
const ESCAPE = `
case "$1" in
  away) (setsid sh main.mjs hop &); exec sleep 600;;
  hop) echo >> /lull/work/hops; (setsid sh main.mjs hop &); exit;;
esac
(setsid sh main.mjs away &)
while read -r line; do echo "$line"; done < /proc/self/cgroup > /lull/work/groups
`;

describeHere(
  `whoever gets away at once${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    let fixture: SandboxFixture;

    beforeEach(async () => {
      fixture = await openFixture();
    });
    afterEach(async () => {
      await fixture.close();
      expect(leftovers(fixture.root)).toEqual([]);
    });

    const theirs = (): string[] => processesWhere((_line, uid) => uid === String(fixtureUid));
    const hops = (): number =>
      statSync(join(fixture.workDir, 'hops'), { throwIfNoEntry: false })?.size ?? 0;
    const launch = (end: string) =>
      fixture.launch('away', ESCAPE + end, { argv: ['sh', 'main.mjs'], runtime: 'host' });

    test('was in the group from the beginning, stands still with it, and ends with it', async () => {
      const sandbox = await launch('trap "" CHLD; exec sleep 600');
      await until('it hops', () => hops() >= HOPS_MIN);
      // Seen from inside, the group in which it was born is the root, and still is: it was moved nowhere.
      const born = readFileSync(join(fixture.workDir, 'groups'), 'utf8').trim().split('\n');
      expect(born.filter((line) => !line.endsWith(':/'))).toEqual([]);
      const group = join(parentPath(join(fixture.root, 'state')), 'away.');
      const groups = theirs().flatMap(groupsOf);
      expect(groups.length).toBeGreaterThan(0);
      expect(groups.filter((line) => !line.includes(group))).toEqual([]);

      sandbox.freeze();
      await until('all stand', () => sandbox.isStill());
      const [count, usedUs] = [hops(), sandbox.cpuUs()];
      await pause(STILL_MS);
      expect([hops(), sandbox.cpuUs()]).toEqual([count, usedUs]);
      sandbox.thaw();
      await until('it goes on', () => hops() > count);

      await sandbox.close();
      expect(theirs()).toEqual([]);
    });

    test('and ends by itself takes with it whom it has left behind', async () => {
      const sandbox = await launch(
        `while [ "$(wc -c < /lull/work/hops)" -lt ${String(HOPS_MIN)} ]; do :; done; exit 3`,
      );
      expect(await sandbox.exited).toEqual({ code: 3, signal: undefined });
      expect(theirs()).toEqual([]);
      await sandbox.close();
    });
  },
);

/**
 * Where the kernel says that a process is frozen and counted; nowhere for one that has ended, which is
 * at the root.
 */
function groupsOf(pid: string): string[] {
  try {
    const lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8').trim().split('\n');
    const [, state] = /.*\) (\S)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    if (state === 'Z' || state === 'X') return [];
    const v1 = lines.filter((line) => /^\d+:(freezer|pids):/.test(line));
    return v1.length > 0 ? v1 : lines.filter((line) => line.startsWith('0::'));
  } catch {
    // It ended between the list and the look.
    return [];
  }
}
