// The canary in a real sandbox, and in sandboxes that were weakened: a self-test that finds nothing
// wrong with those would be none.

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Confinement } from '../../conditions/confinement.js';
import { systemClock, type Clock } from '../../runtime/clock.js';
import { createLog } from '../../runtime/log.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import {
  launchScript,
  leftovers,
  openFixture,
  openRuntime,
  whyNoSandbox,
  type SandboxFixture,
} from '../sandbox/sandbox.testing.js';
import type { SandboxRuntime } from '../sandbox/sandbox.runc.js';
import { SandboxError } from '../sandbox/sandbox-error.js';
import { startSelfTest } from './self-test.loop.js';
import { trialNames } from './trials.js';

const missing = await whyNoSandbox();
const describeHere = missing === undefined ? describe : describe.skip;
const userNamespaces = readFileSync('/proc/sys/user/max_user_namespaces', 'utf8') !== '0\n';
/** It starts a hundred programs, at the lowest priority, beside other tests. */
const CANARY_MS_MAX = 180_000;
const canaryUid = 2_000_100_000 + (process.pid % 100_000);

describeHere(`the self-test${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let fixture: SandboxFixture;

  beforeEach(async () => {
    fixture = await openFixture();
  });
  afterEach(async () => {
    await fixture.close();
    expect(leftovers(fixture.root, canaryUid)).toEqual([]);
  });

  function outcomeIn(
    runtime: SandboxRuntime,
    {
      runDir = join(fixture.root, 'run'),
      clock = systemClock,
    }: {
      readonly runDir?: string;
      readonly clock?: Clock;
    } = {},
  ): Promise<Confinement> {
    mkdirSync(runDir, { recursive: true });
    return new Promise((resolve) => {
      const selfTest = startSelfTest({
        runtime,
        uid: canaryUid,
        runDir,
        clock,
        log: createLog('test', 'silent'),
        onKnown: (confinement) => {
          void Promise.resolve(selfTest.close()).then(() => {
            resolve(confinement);
          });
        },
      });
    });
  }

  /** A runtime that changes every configuration on its way to runc, by this line of JavaScript. */
  function weakened(change: string): Promise<SandboxRuntime> {
    const program = join(fixture.root, 'weak-runc');
    const script = `#!${process.execPath}
      const fs = require('node:fs');
      const args = process.argv.slice(2);
      const file = args[args.indexOf('--bundle') + 1] + '/config.json';
      if (args.includes('run')) {
        const config = JSON.parse(fs.readFileSync(file));
        const { linux, process: inside } = config;
        ${change};
        fs.writeFileSync(file, JSON.stringify(config));
      }
      const run = require('node:child_process').spawnSync('runc', args, { stdio: 'inherit' });
      process.exit(run.status ?? 1);`;
    writeFileSync(program, script, { mode: 0o755 });
    return openRuntime(join(fixture.root, 'weak'), 'normal', program);
  }

  const failing = ({ trials }: Confinement): string[] =>
    trials.filter(({ result }) => result !== 'denied').map(({ name }) => name);

  test(
    'finds every boundary and every limit in place, and leaves nothing behind',
    async () => {
      const found = await outcomeIn(fixture.runtime);
      expect(found.trials.map(({ name }) => name)).toEqual(trialNames());
      const lacking = [
        ...(existsSync('/dev/loop-control') ? [] : ['disk']),
        ...(userNamespaces ? [] : ['users']),
      ];
      expect(failing(found)).toEqual(lacking);
      expect(found.level).toBe(lacking.length === 0 ? 'sealed' : 'confined');
      expect(found.runtime).toMatch(/^runc version \d/);
      expect(['v1', 'v2', 'hybrid']).toContain(found.cgroups);
      expect(existsSync(join(fixture.root, 'run/canary'))).toBe(false);
    },
    CANARY_MS_MAX,
  );

  test(
    'finds as much below a directory where nothing may be executed, as /run is on most machines',
    async () => {
      const root = join(fixture.root, 'noexec');
      mkdirSync(root);
      const how = 'nosuid,nodev,noexec,mode=755';
      execFileSync('mount', ['-t', 'tmpfs', '-o', how, 'lull-test', root]);
      try {
        const runtime = await openRuntime(root);
        const found = await outcomeIn(runtime, { runDir: join(root, 'run') });
        await runtime.close();
        const denied = found.trials.find(({ name }) => name === 'users')?.result === 'denied';
        expect(denied).toBe(userNamespaces);
        expect(failing(found)).not.toContain('outside');
      } finally {
        execFileSync('umount', [root]);
      }
    },
    CANARY_MS_MAX,
  );

  test.each([
    [
      'a network that is shared',
      `linux.namespaces = linux.namespaces.filter(({ type }) => type !== 'network')`,
      ['network', 'sockets'],
      'none',
    ],
    [
      'processes that are shared',
      `linux.namespaces = linux.namespaces.filter(({ type }) => type !== 'pid')`,
      ['strangers'],
      'none',
    ],
    ['no filter of calls', 'delete linux.seccomp', ['namespace', 'privileges'], 'none'],
    ['rights to gain', 'inside.noNewPrivileges = false', ['privileges'], 'none'],
    [
      "the host's own /etc, and root",
      `inside.user = { uid: 0, gid: 0 }; config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith('/etc')); config.mounts.push({ destination: '/etc', type: 'bind', source: '/etc', options: ['bind', 'ro'] })`,
      ['shadow'],
      'none',
    ],
    [
      'a root that can be written',
      'config.root.readonly = false; inside.user = { uid: 0, gid: 0 }',
      ['outside'],
      'none',
    ],
    [
      'no user namespace',
      `linux.namespaces = linux.namespaces.filter(({ type }) => type !== 'user'); delete linux.uidMappings; delete linux.gidMappings`,
      ['users'],
      'confined',
    ],
    [
      'a directory without a bound',
      `const unbound = args[args.indexOf('--bundle') + 1] + '/unbound'; fs.mkdirSync(unbound); fs.chownSync(unbound, inside.user.uid, inside.user.uid); config.mounts.find(({ destination }) => destination === '/lull/work').source = unbound`,
      ['disk'],
      'confined',
    ],
    [
      'no limits',
      'linux.resources.memory = {}; linux.resources.pids = {}; inside.rlimits = []',
      ['memory', 'processes', 'files'],
      'loose',
    ],
  ])(
    'notices %s',
    async (_what, change, allowed, level) => {
      const runtime = await weakened(change);
      try {
        const found = await outcomeIn(runtime);
        expect(failing(found)).toEqual(expect.arrayContaining(allowed));
        expect(found.level).toBe(level);
      } finally {
        await runtime.close();
      }
    },
    CANARY_MS_MAX,
  );

  test(
    'a freezer that seemed to hold nobody, once: it is tried again, and what else was found stays',
    async () => {
      const mark = JSON.stringify(join(fixture.root, 'first'));
      const once = `if (!fs.existsSync(${mark})) { fs.writeFileSync(${mark}, ''); linux.cgroupsPath += '.elsewhere'; inside.noNewPrivileges = false }`;
      const runtime = await weakened(once);
      try {
        const found = await outcomeIn(runtime);
        expect(failing(found)).not.toContain('freeze');
        expect(failing(found)).toContain('privileges');
        const next = await launchScript(runtime, fixture.root, 'next', 'process.exit(7);');
        expect((await next.exited).code).toBe(7);
      } finally {
        await runtime.close();
      }
    },
    CANARY_MS_MAX,
  );

  test(
    'a freezer that holds nobody, three times: nothing is launched any more, whatever policy takes',
    async () => {
      const tries = join(fixture.root, 'tries');
      const runtime = await weakened(
        `fs.appendFileSync(${JSON.stringify(tries)}, '.'); linux.cgroupsPath += ".elsewhere"`,
      );
      try {
        const found = await outcomeIn(runtime);
        expect(readFileSync(tries, 'utf8')).toBe('...');
        expect(failing(found)).toContain('freeze');
        expect(found.level).toBe('none');
        const attempt = launchScript(runtime, fixture.root, 'next', 'process.exit(0);');
        await expect(attempt).rejects.toMatchObject({ code: 'CANNOT_FREEZE' });
      } finally {
        await runtime.close();
      }
    },
    CANARY_MS_MAX,
  );

  /** This runtime, whose first launches come to these errors. */
  function failingFirst(real: SandboxRuntime, errors: SandboxError[]): SandboxRuntime {
    const launch: SandboxRuntime['launch'] = async (spec, signal, held) => {
      const error = errors.shift();
      if (error === undefined) return real.launch(spec, signal, held);
      await real.discard(spec.id);
      throw error;
    };
    return new Proxy(real, {
      get: (target, name) => {
        if (name === 'launch') return launch;
        const member = Reflect.get(target, name) as () => unknown;
        return member.bind(target);
      },
    });
  }

  const late = new SandboxError('LAUNCH_LATE', 'the sandbox did not start within 20000 ms');
  const refused = new SandboxError('LAUNCH_REFUSED', 'no space left on device');
  test.each([
    ['late twice', [late, late], userNamespaces],
    ['late three times in a row', [late, late, late], false],
    ['late now and then', [late, late, refused, refused, late, late], userNamespaces],
    ['refused without a user namespace too, once', [refused, refused], userNamespaces],
    [
      'kept from being made, once',
      [new SandboxError('LAUNCH_FAILED', 'no space left on device')],
      userNamespaces,
    ],
  ])(
    'a sandbox that was %s says that much about user namespaces, and no more',
    async (_what, errors, expected) => {
      const clock = new VirtualClock();
      const soon = setInterval(() => {
        clock.advance(60_000);
      }, 50);
      try {
        const found = await outcomeIn(failingFirst(fixture.runtime, [...errors]), { clock });
        expect(!failing(found).includes('users')).toBe(expected);
      } finally {
        clearInterval(soon);
      }
    },
    CANARY_MS_MAX,
  );

  test(
    'goes on without a user namespace where none can be had',
    async () => {
      const refuse = `if (linux.namespaces.some(({ type }) => type === 'user')) linux.namespaces.push({ type: 'no such namespace' })`;
      const runtime = await weakened(refuse);
      try {
        const found = await outcomeIn(runtime);
        expect(failing(found)).toContain('users');
        expect(found.level).toBe('confined');
      } finally {
        await runtime.close();
      }
    },
    CANARY_MS_MAX,
  );
});
