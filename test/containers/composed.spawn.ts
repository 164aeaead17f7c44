// docker-compose.yml, with images that are here instead of those that it names.

import { execFile } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from '../architecture/tree.fs.js';
import type { Engine } from './docker.spawn.js';
import { LULL_IMAGE, NATS_IMAGE } from './images.spawn.js';

const run = promisify(execFile);
const root = repositoryRoot();

const COMMAND_MS_MAX = 150_000;
/** Until everything that was started is healthy. */
const HEALTHY_S_MAX = '90';

/** The old one takes docker-compose.yml alone, the new one what .env names: decision 94. */
export const composes = {
  'docker-compose 1.29': {
    program: '/usr/bin/docker-compose',
    files: ['-f', 'docker-compose.yml'],
  },
  'docker compose': { program: join(root, 'dist/tools/docker-compose'), files: [] },
} as const;
export type Compose = keyof typeof composes;

/** Why it cannot be had here, or undefined. */
export function noCompose(which: Compose): string | undefined {
  return existsSync(composes[which].program) ? undefined : `needs ${which}`;
}

/** `docker compose …` on docker-compose.yml. @returns what it says on stdout. @throws with what it said. */
export async function compose(
  which: Compose,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { program, files } = composes[which];
  const options = {
    ...{ cwd: root, timeout: COMMAND_MS_MAX, maxBuffer: 16 * 1024 * 1024 },
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/nonexistent', ...env },
  };
  return (await run(program, [...files, ...args], options)).stdout;
}

export interface Composed {
  /** What a program in a service's container says. */
  exec(service: string, command: readonly string[]): Promise<string>;
  /** The last that every service logged. */
  logs(): Promise<string>;
  /** Stops all, in order. @returns the exit code of each service. */
  stop(): Promise<ReadonlyMap<string, number>>;
  /** Removes containers, volumes and the network. */
  close(): Promise<void>;
}

/**
 * Starts services and what they depend on, and waits until they are healthy.
 * @param over what is laid over the file, by service.
 * @param directory for a file of ours.
 */
export async function composeUp(
  engine: Engine,
  services: readonly string[],
  given: {
    readonly policyFile: string;
    readonly over: Readonly<Record<string, object>>;
    readonly directory: string;
  },
): Promise<Composed> {
  const over = join(given.directory, 'over.json');
  writeFileSync(over, JSON.stringify({ services: given.over }));
  const env = {
    DOCKER_HOST: engine.host,
    COMPOSE_PROJECT_NAME: 'lull-test',
    COMPOSE_FILE: `docker-compose.yml:deploy/compose.v2.yml:${over}`,
    LULL_IMAGE,
    LULL_POLICY: given.policyFile,
    NATS_IMAGE,
    NATS_PORT: String(await freePort()),
    LULL_HEALTH_INTERVAL: '2s',
    // Nobody collects.
    OTEL_ENDPOINT: '',
  };
  const say = (args: readonly string[]): Promise<string> => compose('docker compose', args, env);
  const logs = (): Promise<string> => say(['logs', '--no-color', '--tail', '20']);
  const close = async (): Promise<void> => {
    await say(['down', '--volumes', '--timeout', '30']);
  };
  try {
    const wait = ['--wait', '--wait-timeout', HEALTHY_S_MAX];
    await say(['up', '--detach', '--no-build', '--pull', 'never', ...wait, ...services]);
  } catch (error) {
    const said = await logs();
    await close();
    throw new Error(`not everything became healthy:\n${said}`, { cause: error });
  }
  return {
    logs,
    exec: (service, command) => say(['exec', '-T', service, ...command]),
    stop: async () => {
      await say(['stop']);
      const codes = services.map(async (service) => {
        const id = (await say(['ps', '--all', '--quiet', service])).trim();
        const code = await engine.docker(['inspect', '--format', '{{.State.ExitCode}}', id]);
        return [service, Number(code)] as const;
      });
      return new Map(await Promise.all(codes));
    },
    close,
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
