// The image that deploy/Dockerfile makes does what a machine does: a real update, with the updater in a
// sandbox that a runc inside of the container makes; and docker-compose.yml starts a fleet. See decisions
// 92 to 94.

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { distinctName, parseMountinfo } from '../../plugin-host/sandbox/hierarchy.js';
import { parentPath } from '../../plugin-host/sandbox/parent.cgroup.js';
import { utmpRecord, utmpType } from '../../sensor-service/reading/utmp-record.testing.js';
import { natsServerProgram } from '../../runtime/nats-server.testing.js';
import { onNpmScene, programPackage, SCENE_MS_MAX } from '../support/npm-scene.js';
import { versionOfApp } from '../support/apps.js';
import { pause } from '../../runtime/deadline.js';
import { besideOthers, onStage, type Stage } from '../support/stage.js';
import { ended, STEP_MS_MAX } from '../support/story.js';
import {
  compose,
  composes,
  composeUp,
  noCompose,
  type Compose,
  type Composed,
} from './composed.spawn.js';
import { noEngine, startEngine, type Engine } from './docker.spawn.js';
import { buildLull, buildNats, LULL_IMAGE } from './images.spawn.js';
import { startMachine, type MachineInContainer } from './machine.spawn.js';
import { typeAtTerminal, type TypedAt } from './terminal.spawn.js';

const missing = noEngine();
const why = missing === undefined ? '' : ` (skipped here: ${missing})`;
const inContainers = missing === undefined ? test : test.skip;

const BUILD_MS_MAX = 180_000;
const COMPOSE_MS_MAX = 300_000;

let engine: Engine;
const before = { ...process.env };

beforeAll(async () => {
  if (missing !== undefined) return;
  engine = await startEngine();
  // How testcontainers is told: an engine of one's own, and nothing that tidies up behind it.
  process.env['DOCKER_HOST'] = engine.host;
  process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true';
  process.env['TESTCONTAINERS_HOST_OVERRIDE'] = '127.0.0.1';
  await buildLull(engine);
}, BUILD_MS_MAX);

afterAll(async () => {
  process.env = before;
  if (missing === undefined) await engine.close();
}, BUILD_MS_MAX);

/** The groups of sandboxes, as the machine itself sees them. */
function groupsNamed(name: string): string[] {
  const root = '/sys/fs/cgroup';
  const hierarchies = [root, ...readdirSync(root).map((each) => join(root, each))];
  return hierarchies.map((dir) => join(dir, name)).filter((dir) => existsSync(dir));
}

/** What the plugin-host in the container calls its groups. */
async function groupOf(machine: MachineInContainer): Promise<string> {
  const mounts = parseMountinfo(await machine.exec(['cat', '/proc/self/mountinfo']));
  const name = distinctName(join(machine.stateDir, 'plugin-host'), mounts);
  return `/lull-${createHash('sha256').update(name).digest('hex').slice(0, 8)}`;
}

inContainers(
  `a machine in a container updates a program, in a sandbox within${why}`,
  async () => {
    const packages = [programPackage('hello', '1.0.0'), programPackage('hello', '1.1.0')];
    let machine: MachineInContainer | undefined;
    const start = async (stage: Parameters<typeof startMachine>[0]) =>
      (machine = await startMachine(stage, engine));
    try {
      await onNpmScene({ packages, start }, async ({ follower, add, versionOf, running }) => {
        if (machine === undefined) throw new Error('it was not started');
        await follower.report('engaged');
        await add();
        await follower.report('away');
        await ended(follower, 'verify', 'succeeded');
        expect(await versionOf('hello')).toBe('1.1.0');

        const confined = follower.facts.find(({ kind }) => kind === 'host.confined');
        expect(confined).toMatchObject({ level: 'confined' });
        expect(await machine.exec(['lull', 'health'])).toMatch(/^plugin-host .*: well$/m);
        // Another Lull with the same paths, on the machine or in a container, has groups of its own.
        const group = await groupOf(machine);
        expect(group).not.toBe(parentPath(join(running.stateDir, 'plugin-host')));
        expect(groupsNamed(group)).not.toEqual([]);

        // In order, and within the time that the compose file gives.
        expect(await machine.end()).toBe(0);
        expect(groupsNamed(group)).toEqual([]);
        expect(readdirSync(running.runDir)).toEqual([]);
      });
    } finally {
      await machine?.end();
    }
  },
  SCENE_MS_MAX,
);

describe('somebody who types at a terminal of the machine', () => {
  let terminal: TypedAt;
  let utmp: string;

  beforeAll(async () => {
    if (missing !== undefined) return;
    terminal = await typeAtTerminal();
    utmp = join(mkdtempSync(join(tmpdir(), 'lull-utmp-')), 'utmp');
    const { line, pid } = terminal;
    const session = { type: utmpType.session, pid, line, host: '203.0.113.9', atMs: Date.now() };
    writeFileSync(utmp, utmpRecord(session, process.arch));
  });

  afterAll(async () => {
    if (missing !== undefined) return;
    await terminal.close();
    rmSync(dirname(utmp), { recursive: true });
  });

  inContainers.each<[string, string[], RegExp, RegExp]>([
    [
      'is seen by a container that is shown the processes and terminals of the machine',
      ['--pid', 'host', '--volume', '/dev:/dev'],
      /^presence +engaged /m,
      /^session\.remote +yes /m,
    ],
    [
      'is not known to one with processes of its own, which says what it takes',
      [],
      /^presence +unknown /m,
      /^session\.remote +unknown .*--pid=host$/m,
    ],
  ])(`%s${why}`, async (_situation, given, presence, remote) => {
    const shown = ['--user', '0:0', '--volume', `${utmp}:/run/utmp`, ...given];
    const up = ['up', '--only', 'sensor-service', 'orchestrator', '--profile', 'headless'];
    const run = ['run', '--detach', '--network', 'none', ...shown, LULL_IMAGE, ...up];
    const id = (await engine.docker(run)).trim();
    try {
      const ask = (): Promise<string> => engine.docker(['exec', id, 'lull', 'sensors']);
      await untilTold(() => ask().catch(String), remote);
      expect(await ask()).toMatch(presence);
    } finally {
      await engine.docker(['rm', '--force', id]);
    }
  });
});

describe('without what it needs, the plugin-host says in one line what that is', () => {
  inContainers.each([
    ['as the image comes, nobody in particular', [], /confining updaters needs root/],
    [
      'as root of an ordinary container',
      ['--user', '0:0'],
      /It lacks CAP_SYS_ADMIN \(makes namespaces, mounts and control groups\)/,
    ],
    [
      'without the right to write control groups',
      ['--user', '0:0', '--cap-add', 'SYS_ADMIN'],
      /the control groups in \/sys\/fs\/cgroup\S* cannot be changed/,
    ],
  ])(`%s${why}`, async (_situation, given, words) => {
    const run = ['run', '--rm', '--network', 'none', ...given, LULL_IMAGE, 'up'];
    const failed = await engine.docker(run).then(
      () => undefined,
      (error: unknown) => error as { code: number; stderr: string },
    );
    expect(failed).toMatchObject({ code: 1 });
    expect(failed?.stderr.trim().split('\n')).toEqual([expect.stringMatching(words)]);
  });
});

describe('docker-compose.yml is taken without a word', () => {
  const files = Object.keys(composes) as Compose[];
  const cases = files.map((which) => [which, noCompose(which)] as const);

  for (const [which, absent] of cases) {
    const said = absent === undefined ? '' : ` (skipped here: ${absent})`;
    (absent === undefined ? test : test.skip)(
      `by ${which}${said}`,
      async () => {
        expect(await compose(which, ['config', '--quiet'])).toBe('');
        const whole = parseYaml(await compose(which, ['config'])) as {
          services: { machine: { cgroup?: string } };
        };
        expect(whole.services.machine.cgroup).toBe(which === 'docker compose' ? 'host' : undefined);
      },
      COMPOSE_MS_MAX,
    );
  }
});

const unready = missing ?? noCompose('docker compose') ?? noFleet();

(unready === undefined ? test : test.skip)(
  `docker-compose.yml starts a fleet, whose machine is updated${unready === undefined ? '' : ` (skipped here: ${unready})`}`,
  async () => {
    const links = readdirSync('/sys/class/net');
    await buildNats(engine, natsServerProgram ?? '');
    await onStage(async (stage, apps) => {
      // Orchestrators are nobody in particular, and read the bundle and the policy there.
      chmodSync(stage.directory, 0o755);
      const bundle = await stage.bundle('program');
      const fleet = await composeUp(engine, services, { ...stage, over: laidOver(stage) });
      try {
        const order = (...words: string[]): Promise<string> =>
          fleet.exec('orchestrator-a', ['lull', ...words]);
        const ask = (...words: string[]): Promise<string> => order('--host', 'machine', ...words);
        await fleet.exec('machine', ['lull', 'presence', 'engaged']);
        await order('updaters', 'add', bundle, '--enable', '--set', `apps=${apps}`);
        await untilTold(() => ask('explain'), /PERSON_PRESENT/);
        expect(await versionOfApp(apps)).toBe('1.0.0');

        await fleet.exec('machine', ['lull', 'presence', 'away']);
        await untilTold(() => ask('history'), /install\s.*succeeded/);
        expect(await versionOfApp(apps)).toBe('2.0.0');
        expect(await ask('host')).toContain('confinement confined');

        for (const each of ['orchestrator-a', 'orchestrator-b']) {
          expect(await fleet.exec(each, ['lull', 'health'])).toMatch(/^orchestrator .*: well$/m);
          // Nobody in particular, and without a power.
          const status = await fleet.exec(each, ['cat', '/proc/1/status']);
          expect(status).toMatch(/^Uid:\s+60999\s/m);
          expect(status).toMatch(/^CapBnd:\s+0+$/m);
        }
        await eachHasItsOwnKeysAlone(fleet);
        // What says how the server is says so to its own container alone.
        await expect(fleet.exec('nats', ['wget', '-q', '-O', '/dev/null', HEALTH])).resolves.toBe(
          '',
        );
        const afar = `fetch("${HEALTH.replace('127.0.0.1', 'nats')}").catch((e) => console.log(e.cause.code))`;
        expect(await fleet.exec('machine', ['node', '-e', afar])).toBe('ECONNREFUSED\n');
        const ends = await fleet.stop();
        for (const each of services)
          if (each !== 'nats') expect([each, ends.get(each)]).toEqual([each, 0]);
      } catch (error) {
        throw new Error(`the fleet said:\n${await fleet.logs()}`, { cause: error });
      } finally {
        await fleet.close();
      }
    });
    expect(readdirSync('/sys/class/net')).toEqual(links);
  },
  COMPOSE_MS_MAX,
);

const HEALTH = 'http://127.0.0.1:8222/healthz';

/** Whoever holds the authority's is everybody. */
async function eachHasItsOwnKeysAlone(fleet: Composed): Promise<void> {
  for (const [service, own] of [
    ['nats', '/keys/nats-server'],
    ['orchestrator-a', '/keys/orchestrator-a'],
    ['orchestrator-b', '/keys/orchestrator-b'],
    ['machine', '/keys/host-machine'],
  ] as const) {
    expect([service, await fleet.exec(service, ['sh', '-c', 'echo /keys/*'])]).toEqual([
      service,
      `${own}\n`,
    ]);
  }
}

const services = ['nats', 'orchestrator-a', 'orchestrator-b', 'machine'];

/** The stage's directory where it is. */
function laidOver({ directory }: Stage): Readonly<Record<string, object>> {
  const volumes = [`${directory}:${directory}`];
  return {
    'orchestrator-a': { volumes },
    machine: {
      volumes,
      command: ['up', '--only', 'sensor-service', 'plugin-host', ...besideOthers],
    },
  };
}

/** Asks until the answer matches. */
async function untilTold(ask: () => Promise<string>, wanted: RegExp): Promise<void> {
  const deadlineMs = performance.now() + STEP_MS_MAX;
  for (;;) {
    const said = await ask();
    if (wanted.test(said)) return;
    if (performance.now() > deadlineMs) throw new Error(`never ${String(wanted)}, but:\n${said}`);
    await pause(1_000);
  }
}

/** What of it is not here, or undefined. */
function noFleet(): string | undefined {
  return natsServerProgram === undefined ? 'needs nats-server 2.10 or newer' : undefined;
}
