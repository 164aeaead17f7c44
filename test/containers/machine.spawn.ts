// A machine in a container: Lull with all its parts, started as docker-compose.yml starts the services, but
// with a stage's directories at the same paths and on the loopback that the tests serve on.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GenericContainer, Wait } from 'testcontainers';
import { parse } from 'yaml';
import { lull, type RunningLull } from '../../harness/lull.spawn.js';
import { repositoryRoot } from '../architecture/tree.fs.js';
import { besideOthers, type Stage } from '../support/stage.js';
import type { Engine } from './docker.spawn.js';
import { LULL_IMAGE } from './images.spawn.js';

const START_MS_MAX = 60_000;
/** As docker-compose.yml gives it. */
const GRACE_MS = 30_000;

export interface MachineInContainer extends RunningLull {
  /** What a program in the container says. */
  exec(command: readonly string[]): Promise<string>;
  /** Stops it as `docker stop` does. @returns its exit code. */
  end(): Promise<number>;
}

interface ComposedMachine {
  readonly user: string;
  readonly cap_add: string[];
  readonly security_opt: string[];
}

/** What docker-compose.yml gives the machine: what is tried here is what is written there. */
function composed(): ComposedMachine {
  const text = readFileSync(join(repositoryRoot(), 'docker-compose.yml'), 'utf8');
  const { services } = parse(text, { merge: true }) as {
    services: { machine: ComposedMachine };
  };
  return services.machine;
}

/** With what deploy/compose.v2.yml adds, for which the library has no words. */
class Machine extends GenericContainer {
  withSystemPaths(): this {
    this.hostConfig.MaskedPaths = [];
    this.hostConfig.ReadonlyPaths = [];
    return this;
  }
}

export async function startMachine(stage: Stage, engine: Engine): Promise<MachineInContainer> {
  const { directory, runDir, stateDir } = stage;
  const { user, cap_add: capabilities, security_opt: security } = composed();
  const where = ['--state', stateDir, '--run', runDir];
  const nothing = 'unix:path=/nonexistent/lull-bus';
  const container = await new Machine(LULL_IMAGE)
    .withSystemPaths()
    .withUser(user)
    .withAddedCapabilities(...capabilities)
    .withSecurityOpt(...security)
    .withNetworkMode('host')
    .withBindMounts([
      { source: directory, target: directory },
      { source: '/sys/fs/cgroup', target: '/sys/fs/cgroup' },
    ])
    .withEnvironment({ LULL_RUN: runDir, DBUS_SYSTEM_BUS_ADDRESS: nothing })
    .withCommand([...where, 'up', '--policy', stage.policyFile, ...besideOthers])
    .withWaitStrategy(Wait.forLogMessage(/ is up: /))
    .withStartupTimeout(START_MS_MAX)
    .start();
  const id = container.getId();
  let ended: Promise<number> | undefined;
  const end = (): Promise<number> => {
    ended ??= (async () => {
      await container.stop({ timeout: GRACE_MS, remove: false });
      const code = await engine.docker(['inspect', '--format', '{{.State.ExitCode}}', id]);
      await engine.docker(['rm', '--force', id]);
      return Number(code);
    })();
    return ended;
  };
  return {
    runDir,
    stateDir,
    logFile: '',
    // Its processes have other numbers in there.
    pid: 0,
    exited: new Promise(() => undefined),
    command: (words) => lull([...where, ...words]),
    exec: (command) => engine.docker(['exec', id, ...command]),
    end,
    stop: async () => {
      await end();
    },
  };
}
