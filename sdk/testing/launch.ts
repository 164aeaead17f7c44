// Starts an updater's program as the plugin-host does, without the sandbox, and talks to it.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { join } from 'node:path';
import { credentials, type ClientReadableStream } from '@grpc/grpc-js';
import type { Action } from '../../proto/gen/lull/updater/v1/updater.js';
import {
  UpdaterServiceClient,
  type Outcome,
  type PerformResponse,
  type ScanResponse,
  type Update,
} from '../../proto/gen/lull/updater/v1/updater.js';
import type { FakeHost } from './fake-host.js';
import { saysServing } from './health.js';

/** The contract's time to serve. */
const READY_MS_MAX = 10_000;
const POLL_MS = 10;

export interface LaunchOptions {
  readonly argv: readonly string[];
  readonly host: FakeHost;
  readonly dir: string;
  readonly token: string;
  readonly egressSocket?: string;
  readonly settings?: Readonly<Record<string, string>>;
}

export interface Launched {
  readonly client: UpdaterServiceClient;
  readonly child: ChildProcess;
  /** From the start of the process to SERVING. */
  readonly readyMs: number;
  scan(runId: string): Promise<Update[]>;
  /** Resolves with the outcome; `onResponse` sees everything before it. */
  perform(
    run: { runId: string; update: Update; action: Action },
    onResponse?: (response: PerformResponse) => void,
  ): Promise<Outcome['kind']>;
  /** The last of what it wrote there. */
  stderr(): string;
  /** Ends it with `signal` and waits. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<{ code: number | null; stderr: string }>;
}

export async function launchUpdater(options: LaunchOptions): Promise<Launched> {
  const { host, dir } = options;
  const socketPath = join(dir, 'updater.sock');
  const beganAt = performance.now();
  const [program = '', ...args] = options.argv;
  const child = spawn(program, args, {
    env: {
      PATH: process.env['PATH'],
      LULL_SOCKET: socketPath,
      LULL_HOST_SOCKET: host.socketPath,
      LULL_TOKEN: options.token,
      LULL_WORK: host.workDir,
      LULL_ROOTS: host.rootsDir,
      LULL_PROTOCOLS: '1',
      ...(options.egressSocket !== undefined && { LULL_EGRESS_SOCKET: options.egressSocket }),
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (text: Buffer) => (stderr = (stderr + text.toString()).slice(-8_192)));
  const exited = once(child, 'exit');
  await serving(socketPath, child, () => stderr);
  const readyMs = performance.now() - beganAt;
  const client = new UpdaterServiceClient(`unix:${socketPath}`, credentials.createInsecure());
  const settings = Object.entries(options.settings ?? {}).map(([name, value]) => ({ name, value }));
  return {
    client,
    child,
    readyMs,
    stderr: () => stderr,
    scan: async (runId) => {
      const found: Update[] = [];
      await drain(client.scan({ runId, dryRun: false, settings }), ({ update }: ScanResponse) => {
        if (update !== undefined) found.push(update);
      });
      return found;
    },
    perform: async (run, onResponse) => {
      let outcome: Outcome['kind'];
      const request = { ...run, attempt: 1, checkpoint: Buffer.alloc(0), settings };
      await drain(client.perform(request), (response: PerformResponse) => {
        onResponse?.(response);
        if (response.kind?.$case === 'outcome') outcome = response.kind.value.kind;
      });
      return outcome;
    },
    end: async (signal) => {
      client.close();
      if (child.exitCode === null && child.signalCode === null) {
        child.kill(signal);
        await exited;
      }
      return { code: child.exitCode, stderr };
    },
  };
}

function drain<Message>(
  stream: ClientReadableStream<Message>,
  onMessage: (message: Message) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.on('data', onMessage);
    stream.once('error', reject);
    stream.once('end', resolve);
  });
}

async function serving(
  socketPath: string,
  child: ChildProcess,
  stderr: () => string,
): Promise<void> {
  for (let waitedMs = 0; waitedMs < READY_MS_MAX; waitedMs += POLL_MS) {
    if (child.exitCode !== null) throw new Error(`the updater ended: ${stderr()}`);
    if (await saysServing(socketPath)) return;
    await pause(POLL_MS);
  }
  child.kill('SIGKILL');
  throw new Error(`the updater does not serve: ${stderr()}`);
}
