// A Docker engine of the tests' own: its data, its socket and its processes below one directory. It makes
// no bridge and no rule of a firewall by itself, so that nothing is left of it.

import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pause, within } from '../../runtime/deadline.js';

const run = promisify(execFile);

const READY_MS_MAX = 30_000;
const STEP_MS = 100;
const STOP_MS_MAX = 30_000;
const COMMAND_MS_MAX = 120_000;
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;

/** Debian's client, which fits its engine; another one on PATH may want plugins that are not there. */
const CLIENT = '/usr/bin/docker';
const ENGINE = '/usr/sbin/dockerd';

export interface Engine {
  /** For DOCKER_HOST. */
  readonly host: string;
  /** `docker …`. @returns what it says on stdout. */
  docker(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<string>;
  close(): Promise<void>;
}

/** Why there can be none here, or undefined. */
export function noEngine(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  const absent = [ENGINE, CLIENT].find((path) => !existsSync(path));
  if (absent !== undefined) return 'needs docker.io: node scripts/setup.mjs --try-docker';
  return undefined;
}

export async function startEngine(): Promise<Engine> {
  const dir = mkdtempSync(join(tmpdir(), 'lull-engine-'));
  const groupsBefore = new Set(dockerGroups());
  const host = `unix://${join(dir, 'sock')}`;
  const log = openSync(join(dir, 'log'), 'w');
  const args = [
    ...['--data-root', join(dir, 'data'), '--exec-root', join(dir, 'exec')],
    ...['--pidfile', join(dir, 'pid'), '--host', host],
    ...['--bridge=none', '--iptables=false', '--ip6tables=false', '--ip-forward=false'],
    // What docker-compose.yml asks for where it can; see deploy/compose.v2.yml.
    '--default-cgroupns-mode=host',
  ];
  // Its own containerd and runc, not what else PATH has.
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };
  const child = spawn(ENGINE, args, { stdio: ['ignore', log, log], env });
  const docker: Engine['docker'] = async (words, more) => {
    const options = {
      ...{ timeout: COMMAND_MS_MAX, maxBuffer: OUTPUT_BYTES_MAX },
      env: { ...env, HOME: dir, DOCKER_HOST: host, DOCKER_BUILDKIT: '1', ...more },
    };
    return (await run(CLIENT, words, options)).stdout;
  };
  const close = async (): Promise<void> => {
    await stop(child);
    for (const path of mountsBelow(dir)) execFileSync('umount', ['--lazy', path]);
    await rm(dir, { recursive: true, force: true });
    for (const group of dockerGroups()) if (!groupsBefore.has(group)) removeGroup(group);
  };
  try {
    await ready(child, () => docker(['version']), join(dir, 'log'));
    return { host, docker, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function ready(
  child: ChildProcess,
  ask: () => Promise<unknown>,
  logFile: string,
): Promise<void> {
  const deadlineMs = performance.now() + READY_MS_MAX;
  for (;;) {
    const error = await ask().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (error === undefined) return;
    if (child.exitCode !== null || performance.now() > deadlineMs) {
      const words = readFileSync(logFile, 'utf8').slice(-2_000);
      throw new Error(`the Docker engine does not start:\n${words}`, { cause: error });
    }
    await pause(STEP_MS);
  }
}

/** Its containers and its containerd end with it. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await within(exited, STOP_MS_MAX, 'the Docker engine').catch(async () => {
    child.kill('SIGKILL');
    await exited;
  });
}

/** Innermost first. */
function mountsBelow(dir: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((path) => path.startsWith(`${dir}/`))
    .reverse();
}

/** With those below: what builds images has one too. The files of a group go with it. */
function removeGroup(dir: string): void {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    if (entry.isDirectory()) removeGroup(join(dir, entry.name));
  }
  rmdirSync(dir);
}

/** The groups that an engine makes for its containers, in every hierarchy. */
function dockerGroups(): string[] {
  const root = '/sys/fs/cgroup';
  const hierarchies = [root, ...readdirSync(root).map((name) => join(root, name))];
  return hierarchies.map((dir) => join(dir, 'docker')).filter((dir) => existsSync(dir));
}
