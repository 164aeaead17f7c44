import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLog } from '../../runtime/log.js';
import {
  fixtureUid,
  leftovers,
  openFixture,
  openRuntime,
  launchScript,
  groupFile,
  whyNoSandbox,
  type SandboxFixture,
} from './sandbox.testing.js';
import { createSandboxRuntime } from './sandbox.runc.js';
import type { SandboxError } from './sandbox-error.js';
import type { Sandbox } from './sandbox.js';
import { settled, until } from '../../runtime/until.testing.js';

const missing = await whyNoSandbox();
const describeHere = missing === undefined ? describe : describe.skip;

/** Keeps every processor busy, and forks without end. */
const BUSY_TREE = `import { spawn } from 'node:child_process';
  const fork = () => spawn('sh', ['-c', 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done'], { stdio: 'ignore' }).once('exit', fork);
  for (let i = 0; i < 4; i += 1) fork();`;

describeHere(`a sandbox${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let fixture: SandboxFixture;

  beforeEach(async () => {
    fixture = await openFixture();
  });
  afterEach(async () => {
    await fixture.close();
    expect(leftovers(fixture.root)).toEqual([]);
  });

  test('runs a program to its end and passes its exit code on', async () => {
    const sandbox = await fixture.launch('one', `console.error('goodbye'); process.exit(7);`);
    expect(await sandbox.exited).toEqual({ code: 7, signal: undefined });
    expect(sandbox.outputTail()).toBe('goodbye\n');
    expect(sandbox.configSha256).toMatch(/^[0-9a-f]{64}$/);
  });

  test('says what was executed in it', async () => {
    const argv = ['node', 'main.mjs', '--for', 'a person', 'é'];
    const script = `import fs from 'node:fs'; fs.writeSync(1, fs.readFileSync('/proc/self/cmdline'));`;
    const sandbox = await fixture.launch('said', script, { argv });
    await sandbox.exited;
    expect(sandbox.outputTail().split('\0').slice(0, -1)).toEqual(sandbox.argv);
    expect(sandbox.argv).toEqual(argv);
  });

  test('what it wrote last to stderr is kept, whatever stdout brings afterwards', async () => {
    const sandbox = await fixture.launch(
      'late',
      `import fs from 'node:fs';
       fs.writeSync(2, 'ValueError: its last words\\n');
       for (let i = 0; i < 64; i += 1) fs.writeSync(1, 'o'.repeat(1024));`,
    );
    await sandbox.exited;
    const words = 'ValueError: its last words\n';
    const room = 2_048 - words.length - 1;
    expect(sandbox.outputTail()).toBe(`${'o'.repeat(room)}\n${words}`);
  });

  test('of endless output only the tail is kept', async () => {
    const sandbox = await fixture.launch(
      'loud',
      `import fs from 'node:fs';
       for (let i = 0; i < 200; i += 1) {
         fs.writeSync(1, 'o'.repeat(65536));
         fs.writeSync(2, 'e'.repeat(65536));
       }
       fs.writeSync(2, 'last words');`,
    );
    await sandbox.exited;
    expect(sandbox.outputTail()).toMatch(/^e+last words$/);
    expect(sandbox.outputTail()).toHaveLength(2_048);
  });

  test('frozen, a busy tree that forks uses no CPU; thawed, it goes on', async () => {
    const sandbox = await fixture.launch('busy', BUSY_TREE);
    await untilBusy(sandbox);

    sandbox.freeze();
    // The kernel stops each process at its next return to user mode; that is past the write, and on a
    // busy machine long past it.
    await until('it stands still', () => sandbox.isStill());
    const frozenUs = await settled(() => sandbox.cpuUs());
    await sleep(300);
    expect(sandbox.cpuUs()).toBe(frozenUs);

    sandbox.thaw();
    await until('it runs', () => sandbox.cpuUs() > frozenUs + 20_000);
  });

  test('frozen, a tree that forks is killed whole', async () => {
    const sandbox = await fixture.launch('busy', BUSY_TREE);
    await untilBusy(sandbox);
    sandbox.freeze();
    await sandbox.close();
    expect(await sandbox.exited).toEqual({ code: undefined, signal: 'SIGKILL' });
    expect(existsSync(join(fixture.root, 'run/s/busy'))).toBe(false);
    // What is closed takes further calls without harm.
    sandbox.freeze();
    sandbox.thaw();
    expect(sandbox.cpuUs()).toBeGreaterThan(0);
    await sandbox.close();
  });

  test('told to end, it ends as it likes; one that does not listen is not waited for', async () => {
    const [polite, deaf] = await Promise.all([
      fixture.launch(
        'polite',
        `process.on('SIGTERM', () => process.exit(5)); setInterval(() => {}, 1e3); process.stderr.write('up');`,
      ),
      fixture.launch('deaf', '', { argv: ['sleep', '60'] }),
    ]);
    await until('it is up', () => polite.outputTail() === 'up');
    expect(deaf.terminate()).toBe(false);
    expect(polite.terminate()).toBe(true);
    expect(await polite.exited).toEqual({ code: 5, signal: undefined });
    expect(polite.terminate()).toBe(false);
  });

  test('a missing program is LAUNCH_REFUSED with the words of the runtime', async () => {
    await expect(fixture.launch('none', '', { argv: ['no-such-program'] })).rejects.toMatchObject({
      code: 'LAUNCH_REFUSED',
      message: expect.stringContaining('"no-such-program": executable file not found') as unknown,
    });
    expect(readdirSync(join(fixture.root, 'run/s'))).toEqual([]);
  });

  test('a launch that is given up leaves nothing', async () => {
    const dirs = await fixture.runtime.prepare('late', fixtureUid);
    const spec = { id: 'late', dirs } as Parameters<typeof fixture.runtime.launch>[0];
    await expect(fixture.runtime.launch(spec, AbortSignal.abort())).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    expect(existsSync(dirs.channelDir)).toBe(false);
  });

  test('a launch that nobody makes in the end leaves nothing either, also while it is being mounted', async () => {
    const mountsBelow = () => leftovers(fixture.root).filter((each) => each.includes('/channel'));
    await fixture.runtime.prepare('given-up', fixtureUid);
    // It is on its way: nobody has waited for it.
    await fixture.runtime.discard('given-up');
    expect(mountsBelow()).toEqual([]);
    await fixture.runtime.prepare('forgotten', fixtureUid);
    await until('it is mounted', () => mountsBelow().length > 0);
    void fixture.runtime.prepare('forgotten-too', fixtureUid);
    await fixture.runtime.close();
    expect(leftovers(fixture.root)).toEqual([]);
    expect(existsSync(join(fixture.root, 'run/s'))).toBe(false);
  });

  test('closing the runtime ends what runs, all at once', async () => {
    const launches = ['a', 'b', 'c'].map((id) => fixture.launch(id, BUSY_TREE));
    const sandboxes = await Promise.all(launches);
    await fixture.runtime.close();
    for (const sandbox of sandboxes) expect((await sandbox.exited).signal).toBe('SIGKILL');
    expect(leftovers(fixture.root)).toEqual([]);
  });

  test.each([
    ['while its directories are made', ''],
    ['when its file system is there', 'rootfs'],
    ['when its configuration is written', 'config.json'],
  ])(
    'closing in the middle of a launch, %s, leaves nothing, and refuses nobody',
    async (_when, file) => {
      const launch = fixture.launch('early', BUSY_TREE);
      const outcome = launch.then(
        () => 'launched',
        (error: unknown) => (error as SandboxError).code,
      );
      await until('it is so far', () => existsSync(join(fixture.root, 'run/s/early', file)));
      await fixture.runtime.close();
      expect(['launched', 'CANCELLED']).toContain(await outcome);
      expect(leftovers(fixture.root)).toEqual([]);
      expect(existsSync(join(fixture.root, 'run/s'))).toBe(false);
    },
  );

  test('the next start kills and removes what an instance left behind (T22)', async () => {
    // A runtime that is never closed stands for a plugin-host that died: the same things are left.
    const dead = await openRuntime(fixture.root);
    const orphan = await launchScript(dead, fixture.root, 'lost', BUSY_TREE);
    orphan.freeze();
    expect(await fixture.runtime.killOrphans()).toEqual(['lost']);
    expect((await orphan.exited).signal).toBe('SIGKILL');
    expect(existsSync(join(fixture.root, 'run/s/lost'))).toBe(false);
    expect(await fixture.runtime.killOrphans()).toEqual([]);
    await dead.close();
  });

  test('all sandboxes together get a twentieth of what one busy program gets', async () => {
    const lowest = await openRuntime(join(fixture.root, 'lowest'), 'lowest');
    await launchScript(lowest, join(fixture.root, 'lowest'), 'calm', 'setInterval(() => {}, 1e3)');
    const [v1, v2] = ['cpu.shares', 'cpu.weight'].map((file) =>
      groupFile(join(fixture.root, 'lowest'), file),
    );
    expect(v1 ?? v2).toBe(v1 === undefined ? '5' : '51');
    // A tenth of the machine is left, whatever they do.
    const [quota, max] = ['cpu.cfs_quota_us', 'cpu.max'].map((file) =>
      groupFile(join(fixture.root, 'lowest'), file),
    );
    expect(Number((quota ?? max ?? '').split(' ')[0])).toBe(availableParallelism() * 90_000);
    await lowest.close();
  });

  test('memory ends at its limit, swap included, and so do processes', async () => {
    const limits = { memoryBytesMax: 256 * 4_096 * 256, processesMax: 33, diskBytesMax: 4_096_000 };
    await fixture.launch('limited', 'setInterval(() => {}, 1e3)', { limits });
    const read = (file: string): string | undefined => groupFile(fixture.root, file, 'child');
    const bytes = String(limits.memoryBytesMax);
    expect(read('memory.limit_in_bytes') ?? read('memory.max')).toBe(bytes);
    expect(['0', bytes, undefined]).toContain(
      read('memory.memsw.limit_in_bytes') ?? read('memory.swap.max'),
    );
    expect(read('pids.max')).toBe('33');
    // Only where memory is v2's.
    const high = read('memory.high');
    if (high !== undefined) expect(Number(high)).toBeLessThan(limits.memoryBytesMax);
  });

  test('twenty launches leave no descriptor of the host open', async () => {
    const openCount = () => readdirSync('/proc/self/fd').length;
    await (await fixture.launch('first', '', { argv: ['true'] })).close();
    const before = openCount();
    for (let round = 0; round < 20; round += 1) {
      await (await fixture.launch(`round-${String(round)}`, '', { argv: ['true'] })).close();
    }
    expect(openCount()).toBeLessThanOrEqual(before);
  }, 180_000);

  test('no descriptor of the host is open inside (T4)', async () => {
    const sandbox = await fixture.launch(
      'fds',
      `import fs from 'node:fs';
       const open = fs.readdirSync('/proc/self/fd').map((fd) => { try { return fs.readlinkSync('/proc/self/fd/' + fd); } catch { return 'gone'; } });
       fs.writeFileSync('/lull/work/open', JSON.stringify(open));`,
    );
    await sandbox.exited;
    const open = JSON.parse(readFileSync(join(fixture.workDir, 'open'), 'utf8')) as string[];
    const files = open.filter((path) => path.startsWith('/') && path !== '/dev/null');
    expect(files.filter((path) => !/^\/proc\/1\/fd$/.test(path))).toEqual([]);
  });
});

describe('a machine that lacks something', () => {
  const options = { stateDir: '/nonexistent/state', log: createLog('test', 'silent') };

  test('no OCI runtime: says what to install', async () => {
    const attempt = createSandboxRuntime({
      ...options,
      runDir: '/nonexistent/run',
      ociRuntime: 'no-such-runc',
    });
    const code = process.getuid?.() === 0 ? 'RUNTIME_MISSING' : 'NOT_PERMITTED';
    await expect(attempt).rejects.toMatchObject({ code });
    await expect(attempt).rejects.not.toMatchObject({ message: expect.stringContaining('\n') });
  });
});

async function untilBusy(sandbox: Sandbox): Promise<void> {
  await until('it runs', () => sandbox.cpuUs() > 150_000);
}
