// What an updater can see and do inside: asked of a real one.

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  writeFileSync,
} from 'node:fs';
import { cpus, getPriority } from 'node:os';
import { dirname, join } from 'node:path';
import { fixtureUid, openFixture, whyNoSandbox, type SandboxFixture } from './sandbox.testing.js';
import type { SandboxSpec } from './sandbox.js';

const missing = await whyNoSandbox();
const describeHere = missing === undefined ? describe : describe.skip;

/** Two launches at the lowest priority, beside other tests. */
const LAUNCHES_MS_MAX = 90_000;

describeHere(`inside a sandbox${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let fixture: SandboxFixture;

  beforeEach(async () => {
    fixture = await openFixture();
  });
  afterEach(async () => {
    await fixture.close();
  });

  /** Evaluates `expression` inside, where `fs`, `os` and `sh` are at hand, and returns the value. */
  async function ask(expression: string, change?: Partial<SandboxSpec>): Promise<unknown> {
    const sandbox = await fixture.launch(
      'ask',
      `import fs from 'node:fs'; import os from 'node:os';
       import { spawnSync } from 'node:child_process';
       const attempt = (fn) => { try { return fn(); } catch (error) { return error.code ?? error.message; } };
       const sh = (...argv) => { const r = spawnSync(argv[0], argv.slice(1), { encoding: 'utf8' }); return r.status + ' ' + r.stdout + r.stderr; };
       const answer = await (async () => (${expression}))();
       fs.writeFileSync('/lull/work/answer', JSON.stringify(answer));
       process.exit(0);`,
      change,
    );
    const exit = await sandbox.exited;
    expect(`${String(exit.code)} ${sandbox.outputTail()}`).toBe('0 ');
    await sandbox.close();
    return JSON.parse(readFileSync(join(fixture.workDir, 'answer'), 'utf8')) as unknown;
  }

  test('the environment is that of the launch, also through /proc/1 (T2, T3)', async () => {
    const seen = await ask(
      `[fs.readFileSync('/proc/1/environ', 'utf8').split('\\0').filter(Boolean).sort(), process.env]`,
      {
        env: new Map([
          ['LULL_TOKEN', 'secret'],
          ['PATH', '/usr/local/bin:/usr/bin'],
          ['HOME', '/tmp'],
        ]),
      },
    );
    // A Node.js that is not below /usr leads the PATH.
    const node = realpathSync(process.execPath);
    const given = '/usr/local/bin:/usr/bin';
    const path = node.startsWith('/usr/') ? given : `${dirname(node)}:${given}`;
    expect(seen).toEqual([
      ['HOME=/tmp', 'LULL_TOKEN=secret', `PATH=${path}`],
      { HOME: '/tmp', LULL_TOKEN: 'secret', PATH: path },
    ]);
  });

  test("own uid and gid, not LocalSystem's as on Windows' current platform: no other group, no capability, no new privileges, seccomp on (T6)", async () => {
    const status = await ask(`fs.readFileSync('/proc/self/status', 'utf8')`);
    const ids = `\t${String(fixtureUid)}`.repeat(4);
    expect(status).toMatch(new RegExp(`^Uid:${ids}$`, 'm'));
    expect(status).toMatch(new RegExp(`^Gid:${ids}$`, 'm'));
    expect(status).toMatch(/^Groups:\t\s*$/m);
    for (const set of ['Inh', 'Prm', 'Eff', 'Bnd', 'Amb']) {
      expect(status).toMatch(new RegExp(`^Cap${set}:\\t0+$`, 'm'));
    }
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    expect(status).toMatch(/^Seccomp:\t2$/m);
  });

  test('only the work directory, the channel and /tmp can be written', async () => {
    const written = await ask(
      `['/', '/usr', '/etc', '/dev', '/lull', '/lull/bundle', '/lull/host', '/lull/artifacts',
        '/lull/roots/tools', '/lull/work', '/lull/channel', '/tmp']
        .filter((dir) => attempt(() => fs.writeFileSync(dir + '/new', '')) === undefined)`,
      { roots: [{ name: 'tools', path: root('tools') }] },
    );
    expect(written).toEqual(['/lull/work', '/lull/channel', '/tmp']);
  });

  test('a read-only directory stays so for an owner with every permission', async () => {
    const path = root('open', 0o777);
    writeFileSync(join(path, 'program'), 'old', { mode: 0o666 });
    const seen = await ask(
      `[fs.readFileSync('/lull/roots/open/program', 'utf8'),
        attempt(() => fs.writeFileSync('/lull/roots/open/program', 'evil')),
        attempt(() => fs.unlinkSync('/lull/roots/open/program'))]`,
      { roots: [{ name: 'open', path }] },
    );
    expect(seen).toEqual(['old', 'EROFS', 'EROFS']);
  });

  test('no network but a loopback of its own, and no way to the machine below', async () => {
    expect(await ask(`Object.keys(os.networkInterfaces())`)).toEqual(['lo']);
    // vsock: no address family, instead of a socket to the hypervisor.
    expect(await ask(`sh('perl', '-e', 'print socket(S, 40, 1, 0) ? "open" : $! + 0')`)).toBe(
      '0 97',
    );
  });

  test("no process of the host, and none of the host's files", async () => {
    const [pids, paths] = (await ask(
      `[fs.readdirSync('/proc').filter((name) => /^\\d+$/.test(name)),
        ['/etc/shadow', '/root', '/home', '/var', '/run', '/sys', ${JSON.stringify(fixture.root)}]
          .filter((path) => fs.existsSync(path))]`,
    )) as [string[], string[]];
    expect(pids).toEqual(['1']);
    expect(paths).toEqual([]);
  });

  test('namespaces of its own, and of /proc nothing that tells of the machine or changes it (T3)', async () => {
    const kinds = JSON.stringify(['pid', 'net', 'ipc', 'uts', 'mnt', 'cgroup']);
    const [own, mounts] = (await ask(
      `[${kinds}.map((kind) => fs.readlinkSync('/proc/self/ns/' + kind)), fs.readFileSync('/proc/self/mountinfo', 'utf8')]`,
    )) as [string[], string];
    const ours = new Set(
      readdirSync('/proc/self/ns').map((kind) => readlinkSync(`/proc/self/ns/${kind}`)),
    );
    expect(own.filter((each) => ours.has(each))).toEqual([]);
    const there = (paths: readonly string[]) => paths.filter((path) => existsSync(path));
    const covered = mounts.split('\n').map((line) => line.split(' '));
    const isCovered = (path: string) =>
      covered.some(([, , , , at, options]) => at === path && options?.split(',')[0] === 'ro');
    const toldOfAll = [
      ...['acpi', 'interrupts', 'softirqs', 'stat', 'kcore', 'keys', 'timer_list', 'scsi'],
    ].map((name) => `/proc/${name}`);
    expect(there(toldOfAll).filter((path) => !covered.some((each) => each[4] === path))).toEqual(
      [],
    );
    const changing = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];
    expect(there(changing).filter((path) => !isCovered(path))).toEqual([]);
    expect(there(changing)).toContain('/proc/sys');
  });

  test('how many processors there are, and no count of what a person strikes on a keyboard (T3)', async () => {
    const [processors, counters] = (await ask(
      `[os.cpus().length, fs.readFileSync('/proc/stat', 'utf8')]`,
    )) as [number, string];
    expect(processors).toBe(cpus().length);
    const counted = counters.split('\n').flatMap((line) => line.split(/\s+/).slice(1));
    expect(new Set(counted)).toEqual(new Set(['0', '1']));
    expect(readFileSync('/proc/stat', 'utf8')).toMatch(/^intr [1-9]/m);
  });

  test('a namespace or a mount is refused (T6)', async () => {
    const answers = (await ask(
      `[sh('unshare', '--user', 'true'), sh('unshare', '--net', 'true'), sh('/usr/sbin/chroot', '/tmp', 'true'),
        sh('mount', '-t', 'tmpfs', 'none', '/tmp')]`,
    )) as string[];
    for (const answer of answers) expect(answer).toMatch(/^[1-9].*(not implemented|superuser)/);
  });

  test('npm and a process tree work under the profile', async () => {
    expect(await ask(`sh('npm', '--version').trim()`)).toMatch(/^0 \d+\.\d+\.\d+$/);
    expect(await ask(`sh('sh', '-c', 'echo $(echo $(echo deep))').trim()`)).toBe('0 deep');
    expect(await ask(`os.userInfo().username`)).toBe('updater');
  });

  const rank = `[os.getPriority(), fs.readFileSync('/proc/self/oom_score_adj', 'utf8').trim()]`;

  test(
    "it has the lowest priority from the start, not after the work as PackageKit's, and is the first to go without memory",
    async () => {
      await fixture.close();
      fixture = await openFixture('lowest');
      expect(await ask(rank)).toEqual([19, '1000']);
      expect(await ask(`sh('ionice').trim()`)).toBe('0 idle');
    },
    LAUNCHES_MS_MAX,
  );

  test('where it may compete with other programs it has the priority of any, and goes first all the same', async () => {
    expect(await ask(rank)).toEqual([getPriority(), '1000']);
  });

  test('a fork bomb ends at its limit (T20)', async () => {
    const started = (await ask(
      `await (async () => { const { spawn } = await import('node:child_process'); let count = 0;
        for (let i = 0; i < 100; i += 1) await new Promise((done) => {
          const child = attempt(() => spawn('sleep', ['60'], { stdio: 'ignore' }));
          if (typeof child === 'string') return done();
          child.once('spawn', () => { count += 1; done(); }).once('error', done); });
        return count; })()`,
      { limits: { memoryBytesMax: 2 ** 29, processesMax: 40, diskBytesMax: 2 ** 20 } },
    )) as number;
    expect(started).toBeGreaterThan(0);
    expect(started).toBeLessThan(40);
  });

  test('/tmp ends at its limit (T20)', async () => {
    // In files that are each below the limit of one.
    const code = await ask(
      `attempt(() => [1, 2, 3, 4, 5].forEach((n) => fs.writeFileSync('/tmp/' + n, Buffer.alloc(2 ** 19))))`,
      { limits: { memoryBytesMax: 2 ** 29, processesMax: 64, diskBytesMax: 2 ** 20 } },
    );
    expect(code).toBe('ENOSPC');
  });

  test(
    "another updater's directory is not there, not even by its path, and closed to others (T15)",
    async () => {
      const others = root('others', 0o700);
      chownSync(others, fixtureUid + 1, fixtureUid + 1);
      writeFileSync(join(others, 'token'), 'secret');
      const path = JSON.stringify(join(others, 'token'));
      expect(
        await ask(
          `[fs.readdirSync('/lull').sort(), fs.existsSync(${path}),
          ['/lull/work/..', '/lull/work/../../..' + ${path}, '/proc/1/root' + ${path}, '/proc/self/cwd/..' + ${path}]
            .map((dir) => attempt(() => fs.readFileSync(dir)))]`,
        ),
      ).toEqual([
        ['artifacts', 'bundle', 'channel', 'host', 'roots', 'work'],
        false,
        ['EISDIR', 'ENOENT', 'ENOENT', 'ENOENT'],
      ]);
      // Nor would the file system let it, were it shown: the directory is another user's.
      const shown = await ask(`attempt(() => fs.readdirSync('/lull/roots/others'))`, {
        roots: [{ name: 'others', path: others }],
      });
      expect(shown).toBe('EACCES');
    },
    LAUNCHES_MS_MAX,
  );

  function root(name: string, mode = 0o755): string {
    const path = join(fixture.root, name);
    mkdirSync(path, { mode });
    return path;
  }
});
