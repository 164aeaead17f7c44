// How an updater's program runs: `await serve(updater)` is all of its main.
//
//   read LULL_* → serve UpdaterService and health on LULL_SOCKET → SIGTERM → cut runs → exit 0

import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Server, ServerCredentials, status, type sendUnaryData } from '@grpc/grpc-js';
import {
  UpdaterServiceService,
  type ForgetRequest,
  type ForgetResponse,
  type UpdaterServiceServer,
} from '../proto/gen/lull/updater/v1/updater.js';
import { readEnvironment, type LaunchEnvironment } from './environment.js';
import { fail, failureOf, statusOf } from './failure.js';
import { addHealth } from './health.js';
import { HostConnection } from './host.js';
import { MESSAGE_BYTES_MAX, METADATA_BYTES_MAX } from './limits.js';
import { Runs, type OpenCall } from './runs.js';
import type { UpdaterDefinition } from './updater.js';
import { describeResponse } from './wire.js';

/** The contract gives 5 s between SIGTERM and the end of the process. */
const STOP_MS_MAX = 4_000;
const CALLS_END_MS_MAX = 1_000;

/**
 * Serves `updater` until SIGTERM and ends the process.
 * @throws Error when the environment is not that of a launch, or the socket can't be served.
 */
export async function serve(updater: UpdaterDefinition): Promise<void> {
  const served = await serveOn(readEnvironment(process.env), updater);
  await new Promise<void>((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  // Work that does not heed its signal must not keep the process from ending in time.
  setTimeout(() => process.exit(0), STOP_MS_MAX).unref();
  await served.close();
  process.exit(0);
}

/** The same without the process: for tests, and for programs that serve more than an updater. */
export async function serveOn(
  launch: LaunchEnvironment,
  updater: UpdaterDefinition,
): Promise<{ close(): Promise<void> }> {
  const host = new HostConnection(launch);
  const openCall: OpenCall = (run, signal, traceparent) => ({
    ...run,
    signal,
    workDir: launch.workDir,
    rootDir: (name) => join(launch.rootsDir, name),
    egressSocket: launch.egressSocket,
    host: host.forRun(run.runId, signal, traceparent),
  });
  const runs = new Runs(updater, openCall, () => host.logged());
  const server = new Server({
    'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
    'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
    'grpc.max_metadata_size': METADATA_BYTES_MAX,
  });
  server.addService(UpdaterServiceService, handlers(updater, runs, launch.workDir));
  addHealth(server, ['lull.updater.v1.UpdaterService']);
  await bind(server, launch.socketPath);
  let closing: Promise<void> | undefined;
  return {
    close: () => {
      closing ??= stop(server, runs, host);
      return closing;
    },
  };
}

function handlers(updater: UpdaterDefinition, runs: Runs, workDir: string): UpdaterServiceServer {
  const absent = (what: string) => (_call: unknown, answer: sendUnaryData<never>) => {
    answer(statusOf(fail('CAPABILITY_ABSENT', `this updater does not offer ${what}`)));
  };
  return {
    describe: (_call, answer) => {
      answer(null, describeResponse(updater.describe));
    },
    scan: (stream) => {
      runs.scan(stream);
    },
    perform: (stream) => {
      runs.perform(stream);
    },
    ...(updater.describe.capabilities.pause === true
      ? pausing(runs)
      : { pause: absent('pause'), resume: absent('pause') }),
    cancel: absent('cancel'),
    forget: (call, answer) => {
      forget(updater, call.request, workDir, answer);
    },
  };
}

function pausing(runs: Runs): Pick<UpdaterServiceServer, 'pause' | 'resume'> {
  return {
    pause: (call, answer) => {
      void runs.pause(call.request.runId).then(() => {
        answer(null, {});
      });
    },
    resume: (call, answer) => {
      runs.resume(call.request.runId);
      answer(null, {});
    },
  };
}

function forget(
  updater: UpdaterDefinition,
  request: ForgetRequest,
  workDir: string,
  answer: sendUnaryData<ForgetResponse>,
): void {
  if (updater.forget === undefined) {
    answer(statusOf(fail('CAPABILITY_ABSENT', 'this updater keeps nothing')));
    return;
  }
  updater.forget(request.updateId, workDir).then(
    () => {
      answer(null, {});
    },
    (error: unknown) => {
      answer({ ...statusOf(failureOf(error, undefined)), code: status.INTERNAL });
    },
  );
}

async function bind(server: Server, path: string): Promise<void> {
  // What lies there is left from a launch that was killed; a launch has one process that serves.
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true) unlinkSync(path);
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
  chmodSync(path, 0o600);
}

async function stop(server: Server, runs: Runs, host: HostConnection): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    server.tryShutdown(() => {
      resolve();
    });
  });
  const force = setTimeout(() => {
    server.forceShutdown();
  }, CALLS_END_MS_MAX);
  await runs.close();
  await ended;
  clearTimeout(force);
  host.close();
}
