// A plugin-host that is killed -9, played by a process that launches a sandbox and nothing else.

import { expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { cgroupLayout, parseMountinfo } from './hierarchy.js';
import { openParentGroup } from './parent.cgroup.js';
import {
  launchScript,
  leftovers,
  openRuntime,
  processesWhere,
  whyNoSandbox,
} from './sandbox.testing.js';
import { until } from '../../runtime/until.testing.js';

/** A state directory that need not exist: only its name counts here. */
const anyStateDir = () => `/nonexistent/${randomBytes(8).toString('hex')}`;

const missing = await whyNoSandbox();
const testHere = missing === undefined ? test : test.skip;

/** Writes what is open in it, then is busy for ever. */
const UPDATER = `import fs from 'node:fs';
  const open = fs.readdirSync('/proc/self/fd').map((fd) => { try { return fs.readlinkSync('/proc/self/fd/' + fd); } catch { return 'gone'; } });
  fs.writeFileSync('/lull/work/open', JSON.stringify(open)); fs.writeFileSync('/lull/work/ready', '');
  for (;;);`;

testHere.each([['running'], ['frozen']])(
  'the plugin-host is killed -9 while an updater is %s: the updater dies too (T4, T22)',
  async (state) => {
    const root = mkdtempSync(join(tmpdir(), 'lull-'));
    const host = spawnHost(root);
    try {
      const uid = await host.uid;
      await until('it is ready', () => existsSync(join(root, 'work/ready')));
      if (state === 'frozen') {
        host.child.stdin?.write('freeze\n');
        await host.frozen;
      }
      // T4: descriptor 77 of the host is not open in the updater.
      const open = readFileSync(join(root, 'work/open'), 'utf8');
      expect(open).not.toContain('passwd');

      host.child.kill('SIGKILL');
      await until('it is dead', () => !updaterLives(uid));

      // The next plugin-host is not bothered by the reaper of the one before.
      const next = await openRuntime(root);
      await next.killOrphans();
      const sandbox = await launchScript(next, root, 'next', 'setInterval(() => {}, 1000)');
      await sleep(300);
      const ended = await Promise.race([sandbox.exited.then(() => true), sleep(10, false)]);
      expect(ended).toBe(false);
      await next.close();
      await until('nothing is left', () => leftovers(root, uid).length === 0);
    } finally {
      host.child.kill('SIGKILL');
      await rm(root, { recursive: true, force: true });
    }
  },
);

const machine = cgroupLayout(parseMountinfo(readFileSync('/proc/self/mountinfo', 'utf8')));
const testV1 = missing === undefined && machine.v1.has('freezer') ? test : test.skip;

testV1('where there is only v1, what is frozen is killed and thawed', async () => {
  const layout = { unified: undefined, v1: machine.v1 };
  const parent = openParentGroup(layout, anyStateDir(), 'normal');
  const group = parent.openChild('lost.cafe');
  const updater = spawn('sleep', ['1000'], { stdio: 'ignore' });
  try {
    writeFileSync(join(parent.reapDir, 'lost.cafe/cgroup.procs'), String(updater.pid));
    group.freeze();
    const ended = once(updater, 'exit');
    const module = new URL('./reaper.spawn.js', import.meta.url).href;
    const script = `import { startReaper } from ${JSON.stringify(module)};
      startReaper(${JSON.stringify(parent.reapDir)}, 'cafe'); process.kill(process.pid, 'SIGKILL');`;
    spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' });
    expect((await ended)[1]).toBe('SIGKILL');
  } finally {
    updater.kill('SIGKILL');
    group.thaw();
    group.close();
    await until(
      'the reaper has ended',
      () => processesWhere((line) => line.includes(parent.reapDir)).length === 0,
    );
    parent.remove();
  }
});

testHere('a clean close sends the reaper away', async () => {
  const root = mkdtempSync(join(tmpdir(), 'lull-'));
  const runtime = await openRuntime(root);
  expect(leftovers(root).some((line) => line.startsWith('process'))).toBe(true);
  await runtime.close();
  expect(leftovers(root)).toEqual([]);
  await rm(root, { recursive: true, force: true });
});

function spawnHost(root: string): {
  child: ChildProcess;
  uid: Promise<number>;
  frozen: Promise<unknown>;
} {
  const fixture = new URL('./sandbox.testing.js', import.meta.url).href;
  const script = `
    import { launchScript, openRuntime, fixtureUid } from ${JSON.stringify(fixture)};
    const root = ${JSON.stringify(root)};
    const sandbox = await launchScript(await openRuntime(root), root, 'lost', ${JSON.stringify(UPDATER)});
    process.stdout.write(fixtureUid + '\\n');
    process.stdin.on('data', () => { sandbox.freeze(); process.stdout.write('frozen\\n'); });`;
  const child = spawn(
    'bash',
    [
      '-c',
      'exec 77</etc/passwd; exec "$@"',
      'host',
      process.execPath,
      '--input-type=module',
      '-e',
      script,
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const uid = lines.next().then(({ value }) => Number(value));
  return { child, uid, frozen: uid.then(() => lines.next()) };
}

/** Whether a process is left that is not the reaper at its work. */
function updaterLives(uid: number): boolean {
  return processesWhere((_line, owner) => owner === String(uid)).length > 0;
}
