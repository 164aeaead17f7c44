// An updater that its vendor started and serves on a socket, in a debugger say. It is asked, and answered at
// the host's sockets; what would end, hold or launch it is not tried.

import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { credentials } from '@grpc/grpc-js';
import { UpdaterServiceClient } from '../../proto/gen/lull/updater/v1/updater.js';
import { saysServing } from '../testing/health.js';
import type { Claims, Launch, Place, Subject } from './subject.js';

export interface SocketSubjectOptions {
  readonly socketPath: string;
  /** The host's sockets and the directories lie in it. */
  readonly dir: string;
  readonly token: string;
  readonly claims: Claims | undefined;
  readonly settings: ReadonlyMap<string, string>;
  readonly roots: ReadonlyMap<string, string>;
  /** How long somebody has to start it. */
  readonly startMsMax: number;
}

const LOOK_MS = 100;

/** What the updater has to be started with. */
export function socketEnvironment(options: SocketSubjectOptions): ReadonlyMap<string, string> {
  const { workDir, rootsDir } = placeOf(options);
  return new Map([
    ['LULL_SOCKET', options.socketPath],
    ['LULL_HOST_SOCKET', join(options.dir, 'host.sock')],
    ['LULL_EGRESS_SOCKET', join(options.dir, 'egress.sock')],
    ['LULL_TOKEN', options.token],
    ['LULL_WORK', workDir],
    ['LULL_ROOTS', rootsDir],
    ['LULL_PROTOCOLS', '1'],
  ]);
}

function placeOf({ dir }: SocketSubjectOptions): Place {
  const [workDir, rootsDir] = [join(dir, 'work'), join(dir, 'roots')];
  return { dir, workDir, rootsDir, artifactsDir: join(dir, 'artifacts') };
}

export function socketSubject(options: SocketSubjectOptions): Subject {
  const { socketPath, dir, token, claims, settings, roots, startMsMax } = options;
  const place = placeOf(options);
  /** There is one updater, at one pair of sockets: the scene before has had them. */
  let closeLast = (): Promise<void> => Promise.resolve();
  return {
    name: socketPath,
    claims,
    settings,
    powers: new Set(),
    prepare: async () => {
      for (const each of [place.workDir, place.rootsDir]) {
        await rm(each, { recursive: true, force: true });
        await mkdir(each, { recursive: true });
      }
      for (const [name, from] of roots) {
        await cp(from, join(place.rootsDir, name), { recursive: true, verbatimSymlinks: true });
      }
      return place;
    },
    clear: () => Promise.resolve(),
    launch: async (_place, doors): Promise<Launch> => {
      await closeLast();
      const beganAtMs = performance.now();
      const host = await doors.host({ socketPath: join(dir, 'host.sock'), token });
      const egress = await doors.egress(join(dir, 'egress.sock'));
      const closeDoors = async (): Promise<void> => {
        closeLast = () => Promise.resolve();
        await Promise.all([host.close(), egress.close()]);
      };
      closeLast = closeDoors;
      while (!(await saysServing(socketPath))) {
        if (performance.now() - beganAtMs > startMsMax) {
          await closeDoors();
          throw new Error(`nobody serves at ${socketPath}`);
        }
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
      const client = new UpdaterServiceClient(`unix:${socketPath}`, credentials.createInsecure());
      const cannot = (): never => {
        throw new Error('it was not started here');
      };
      return {
        ...{ client, token, readyMs: performance.now() - beganAtMs },
        exit: () => undefined,
        exited: new Promise(() => undefined),
        said: () => '',
        ...{ kill: cannot, freeze: cannot, thaw: cannot, terminate: cannot },
        close: async () => {
          client.close();
          await closeDoors();
        },
      };
    },
    close: () => rm(dir, { recursive: true, force: true }),
  };
}
