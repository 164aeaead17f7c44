// HostService: an updater's only power, one server per launch on the launch's own socket.
//
// Invariants:
//   V1. The socket can be connected to by the launch's uid and by root, by nobody else. Behind it, the
//       token of this launch and the id of its run are proved again with every call (T15). A call
//       belongs to the run that it came for, also where the launch serves another one meanwhile.
//   V2. Nothing is done while the run is frozen: every call waits, without a deadline. Downloads, and
//       new critical sections, also wait where the run is throttled instead.
//   V3. What one updater can have open at once is bounded, and what it can ask in a minute (T23):
//       most of it is for the journal, which forgets nothing.
//   V4. Text of an updater is cleaned before it goes anywhere (T17).

import { createHash, timingSafeEqual } from 'node:crypto';
import { chown } from 'node:fs/promises';
import {
  type Metadata,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { displayText } from '../../conditions/words.js';
import {
  HostServiceService,
  type FetchRequest,
  type FetchResponse,
  type HostServiceServer,
} from '../../proto/gen/lull/host/v1/host.js';
import type { Clock } from '../../runtime/clock.js';
import { serveUnix, type Listener } from '../../runtime/grpc.js';
import type { Log } from '../../runtime/log.js';
import type { Artifacts } from '../artifacts/artifacts.http.js';
import type { Installer } from '../install/install.fs.js';
import { CHECKPOINT_BYTES_MAX, type Checkpoints } from '../runs/checkpoints.fs.js';
import { fullCallRate, takeCall } from './call-rate.js';
import { HostError } from './host-failure.js';
import type { HostedLaunch } from './hosted-launch.js';
import type { HostedRun } from './hosted-run.js';
import { serveFetch } from './host-fetch.grpc.js';
import { fullRate, LOG_BYTES_MAX, takeLine } from './host-log-rate.js';
import { statusOf } from './host-status.grpc.js';
import { receiptToWire, severityOf } from './host-wire.grpc.js';

/** Downloads at once; the ones above wait for a better-behaved updater. */
const FETCHES_MAX = 8;
/** Calls at once that are not downloads. */
const CALLS_MAX = 32;
const LINE_CHARS_MAX = 256;

export interface HostDeps {
  readonly socketPath: string;
  readonly artifacts: Artifacts;
  readonly installer: Installer;
  readonly checkpoints: Checkpoints;
  readonly clock: Clock;
  readonly log: Log;
}

/** Serves `launch` until closed. Calls that are open when their run is over end with CANCELLED. */
export async function serveHost(launch: HostedLaunch, deps: HostDeps): Promise<Listener> {
  const service = hostService(launch, deps);
  const listener = await serveUnix({
    path: deps.socketPath,
    mode: 0o600,
    register: (server) => {
      server.addService(HostServiceService, service);
    },
  });
  try {
    if (launch.uid !== process.getuid?.()) await chown(deps.socketPath, launch.uid, 0); // V1
  } catch (error) {
    await listener.close();
    throw error;
  }
  return listener;
}

function hostService(launch: HostedLaunch, deps: HostDeps): HostServiceServer {
  const { installer, checkpoints, clock } = deps;
  const open = { fetches: 0, calls: 0 };
  let logRate = fullRate(clock.now().monotonicMs);
  let callRate = fullCallRate(clock.now().monotonicMs);

  function answer<Request, Response>(
    act: (request: Request, run: HostedRun) => Promise<Response>,
  ): (call: ServerUnaryCall<Request, Response>, callback: sendUnaryData<Response>) => void {
    return (call, callback) => {
      const { run } = launch; // V1
      const admitted = async (): Promise<Response> => {
        requireToken(call);
        return await act(call.request, requireRun(run));
      };
      admitted().then(
        (response) => {
          callback(null, response);
        },
        (error: unknown) => {
          callback(refusal(error, run));
        },
      );
    };
  }

  /** V2 and V3 for a call that is answered once. */
  function answerInTurn<Request, Response>(
    act: (request: Request, run: HostedRun) => Promise<Response> | Response,
  ) {
    return answer(async (request: Request, run: HostedRun) => {
      if (open.calls >= CALLS_MAX) throw new HostError('RATE_LIMITED', 'too many calls at once');
      open.calls += 1;
      try {
        await run.thawed();
        return await act(request, run);
      } finally {
        open.calls -= 1;
      }
    });
  }

  /** The same for a call that names its run (V1). */
  function answerOwn<Request extends { runId: string }, Response>(
    act: (request: Request, run: HostedRun) => Promise<Response> | Response,
  ) {
    return answerInTurn((request: Request, run: HostedRun) => {
      requireOwnRun(request.runId, run);
      return act(request, run);
    });
  }

  /** The same for a call that leaves something behind (V3). */
  function answerAtRate<Request extends { runId: string }, Response>(
    act: (request: Request, run: HostedRun) => Promise<Response>,
  ) {
    return answerOwn((request: Request, run: HostedRun) => {
      requireRate(run);
      return act(request, run);
    });
  }

  function requireRate({ limits: { callsPerMinuteMax } }: HostedRun): void {
    const taken = takeCall(callRate, clock.now().monotonicMs, callsPerMinuteMax);
    callRate = taken.rate;
    if (taken.afterMs === 0) return;
    throw new HostError('RATE_LIMITED', `more than ${String(callsPerMinuteMax)} calls a minute`, {
      retryAfterMs: taken.afterMs,
    });
  }

  function refusal(error: unknown, run: HostedRun | undefined) {
    const over = run?.over.aborted === true && !(error instanceof HostError);
    return statusOf(over ? new HostError('RUN_OVER', 'the run is over') : error, deps.log);
  }

  function requireToken(call: { readonly metadata: Metadata }): void {
    const given = call.metadata.get('lull-token');
    const [token] = given;
    if (given.length !== 1 || typeof token !== 'string' || !sameToken(token, launch.token)) {
      throw new HostError('TOKEN_INVALID', 'lull-token is not the token of this launch');
    }
  }

  function requireRun(run: HostedRun | undefined): HostedRun {
    if (run !== undefined) return run;
    throw new HostError('GRANT_MISSING', 'this launch holds no run');
  }

  function requireOwnRun(runId: string, run: HostedRun): void {
    if (runId === run.runId) return;
    throw new HostError('GRANT_MISSING', 'this launch does not hold that run');
  }

  async function fetch(
    call: ServerWritableStream<FetchRequest, FetchResponse>,
    held: HostedRun | undefined,
  ): Promise<void> {
    requireToken(call);
    const run = requireRun(held);
    requireOwnRun(call.request.runId, run);
    if (open.fetches >= FETCHES_MAX) {
      throw new HostError('RATE_LIMITED', `at most ${String(FETCHES_MAX)} downloads at once`);
    }
    requireRate(run);
    open.fetches += 1;
    try {
      await serveFetch(call, run, deps);
    } finally {
      open.fetches -= 1;
    }
  }

  return {
    fetch: (call) => {
      const { run } = launch; // V1
      fetch(call, run).then(
        () => {
          call.end();
        },
        (error: unknown) => {
          call.emit('error', refusal(error, run));
        },
      );
    },
    commit: answerAtRate(async ({ root, stagedPath }, run) => ({
      receipt: receiptToWire(await installer.commit({ run, root, stagedPath })),
    })),
    revert: answerAtRate(async ({ root }, run) => ({
      receipt: receiptToWire(await installer.revert({ run, root })),
    })),
    enterCritical: answerAtRate(async ({ why, expectedS }, run) => {
      const max = run.limits.criticalSMax;
      if (max === 0) throw new HostError('GRANT_MISSING', 'no critical section was granted');
      if (why === '') throw new HostError('FIELD_INVALID', 'why is empty');
      if (expectedS === 0 || expectedS > max) {
        throw new HostError('FIELD_INVALID', `expected_s is not within 1 and ${String(max)}`);
      }
      await run.enterSection(displayText(why, LINE_CHARS_MAX)); // V4
      return {};
    }),
    // At no rate: one that is refused would stay inside.
    leaveCritical: answerOwn((_request, run) => {
      run.leaveSection();
      return {};
    }),
    saveCheckpoint: answerAtRate(async ({ checkpoint }, run) => {
      if (checkpoint.byteLength > CHECKPOINT_BYTES_MAX) {
        throw new HostError('FIELD_INVALID', 'checkpoint is larger than 64 KiB');
      }
      await checkpoints.save(run.runId, checkpoint);
      return {};
    }),
    log: answerInTurn(({ severity, message }, run) => {
      const taken = takeLine(logRate, clock.now().monotonicMs);
      logRate = taken.rate;
      if (!taken.allowed) return {};
      if (taken.droppedBefore > 0) {
        const words = `${String(taken.droppedBefore)} lines were dropped: more than 20 a second`;
        run.emit({ kind: 'log', severity: 'warn', message: words });
      }
      const bytes = Buffer.from(message).subarray(0, LOG_BYTES_MAX);
      const text = displayText(bytes.toString(), LOG_BYTES_MAX); // V4
      run.emit({ kind: 'log', severity: severityOf(severity), message: text });
      return {};
    }),
  };
}

function sameToken(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
