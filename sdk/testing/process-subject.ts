// An updater's program as what the conformance suite tries, without the sandbox: for a vendor's own tests,
// which need no root. `lull conformance` tries a bundle where it will run.

import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Claims, Launch, Subject } from '../conformance/subject.js';
import { launchUpdater } from './launch.js';

export interface ProcessSubjectOptions {
  readonly argv: readonly string[];
  readonly claims: Claims;
  readonly settings?: Readonly<Record<string, string>>;
  /** What roots hold before anything was updated: directories that are copied, by name. */
  readonly roots?: Readonly<Record<string, string>>;
}

export function processSubject(options: ProcessSubjectOptions): Subject {
  const { argv, claims, settings = {}, roots = {} } = options;
  const dir = mkdtempSync(join(tmpdir(), 'lull-ps-'));
  const artifactsDir = join(dir, 'artifacts');
  let sceneCount = 0;
  return {
    name: argv.join(' '),
    claims,
    settings: new Map(Object.entries(settings)),
    powers: new Set(['launch', 'kill', 'terminate', 'freeze'] as const),
    prepare: () => {
      sceneCount += 1;
      const place = join(dir, String(sceneCount));
      const [workDir, rootsDir] = [join(place, 'work'), join(place, 'roots')];
      for (const each of [workDir, rootsDir, artifactsDir]) mkdirSync(each, { recursive: true });
      for (const [name, from] of Object.entries(roots)) {
        if (existsSync(from))
          cpSync(from, join(rootsDir, name), { recursive: true, verbatimSymlinks: true });
      }
      return Promise.resolve({ dir: place, workDir, rootsDir, artifactsDir });
    },
    clear: (place) => {
      rmSync(place.dir, { recursive: true, force: true });
      return Promise.resolve();
    },
    launch: async (place, doors): Promise<Launch> => {
      // As in a sandbox: what an earlier launch served on is not there any more.
      const own = mkdtempSync(join(place.dir, 'l-'));
      const token = randomBytes(16).toString('hex');
      const host = await doors.host({ socketPath: join(own, 'host.sock'), token });
      const egressSocket = join(own, 'egress.sock');
      const egress = claims.egress.length > 0 ? await doors.egress(egressSocket) : undefined;
      const way = egress === undefined ? {} : { egressSocket };
      const closeDoors = async (): Promise<void> => {
        await Promise.all([host.close(), egress?.close()]);
      };
      const launched = await launchUpdater({
        argv,
        host,
        dir: own,
        token,
        settings,
        ...way,
      }).catch(async (error: unknown) => {
        await closeDoors();
        throw error;
      });
      const { child, client, readyMs } = launched;
      const exit: Launch['exit'] = () =>
        child.exitCode === null && child.signalCode === null
          ? undefined
          : { code: child.exitCode ?? undefined, signal: child.signalCode ?? undefined };
      const exited = once(child, 'exit').then(
        () => exit() ?? { code: undefined, signal: undefined },
      );
      return {
        ...{ client, readyMs, token, exit, exited },
        said: () => launched.stderr(),
        kill: async () => {
          await launched.end('SIGKILL');
        },
        freeze: () => child.kill('SIGSTOP'),
        thaw: () => child.kill('SIGCONT'),
        terminate: () => child.kill('SIGTERM'),
        close: async () => {
          await launched.end('SIGKILL');
          await closeDoors();
        },
      };
    },
    close: () => {
      rmSync(dir, { recursive: true, force: true });
      return Promise.resolve();
    },
  };
}
