// Who gets through to what the host does for an updater, and how much of it at once and in a minute: the
// gate before each call of HostService. Its invariants are those of host.grpc.ts (V1, V2, V3, V7).

import { createHash, timingSafeEqual } from 'node:crypto';
import type { Metadata, sendUnaryData, ServerUnaryCall, ServerWritableStream } from '@grpc/grpc-js';
import { displayText } from '../../conditions/words.js';
import type { Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import { fullCallRate, takeCall } from './call-rate.js';
import { HostError, type HostReason } from './host-failure.js';
import { statusOf } from './host-status.grpc.js';
import type { HostedLaunch } from './hosted-launch.js';
import type { HostedRun } from './hosted-run.js';

/** Downloads at once; the ones above wait for a better-behaved updater. */
const FETCHES_MAX = 8;
/** Calls at once that are not downloads. */
const CALLS_MAX = 32;
/** Of a run, that the audit hears of, each once: more say nothing new. */
const REFUSALS_MAX = 16;
const WORDS_CHARS_MAX = 512;
/** What an honest updater is not refused; the rest is the network's, or the disk's. */
const refusals: ReadonlySet<HostReason> = new Set([
  ...(['TOKEN_INVALID', 'GRANT_MISSING', 'FIELD_INVALID', 'DIGEST_MISMATCH'] as const),
]);

type Unary<Request, Response> = (
  call: ServerUnaryCall<Request, Response>,
  callback: sendUnaryData<Response>,
) => void;
type Act<Request, Response> = (request: Request, run: HostedRun) => Promise<Response> | Response;

export class HostGate {
  private readonly open = { fetches: 0, calls: 0 };
  private callRate;
  /** What each run was told that it is refused, once for each. */
  private readonly told = new WeakMap<HostedRun, Set<string>>();

  constructor(
    private readonly launch: HostedLaunch,
    private readonly deps: { readonly clock: Clock; readonly log: Log },
  ) {
    this.callRate = fullCallRate(deps.clock.now().monotonicMs);
  }

  /** A call that is answered once (V2, V3). */
  inTurn<Request, Response>(act: Act<Request, Response>): Unary<Request, Response> {
    return (call, callback) => {
      const { run } = this.launch; // V1
      this.admit(call, run, act).then(
        (response) => {
          callback(null, response);
        },
        (error: unknown) => {
          callback(this.refusal(error, call, run));
        },
      );
    };
  }

  /** The same for a call that names its run (V1). */
  own<Request extends { runId: string }, Response>(
    act: Act<Request, Response>,
  ): Unary<Request, Response> {
    return this.inTurn((request: Request, run) => {
      requireOwnRun(request.runId, run);
      return act(request, run);
    });
  }

  /** The same for a call that leaves something behind (V3). */
  atRate<Request extends { runId: string }, Response>(
    act: Act<Request, Response>,
  ): Unary<Request, Response> {
    return this.own((request: Request, run) => {
      this.requireRate(run);
      return act(request, run);
    });
  }

  /** A download: it waits for its run by itself. */
  streaming<Request extends { runId: string }, Response>(
    serve: (call: ServerWritableStream<Request, Response>, run: HostedRun) => Promise<void>,
  ): (call: ServerWritableStream<Request, Response>) => void {
    return (call) => {
      const { run } = this.launch; // V1
      this.admitStream(call, run, serve).then(
        () => {
          call.end();
        },
        (error: unknown) => {
          call.emit('error', this.refusal(error, call, run));
        },
      );
    };
  }

  private async admit<Request, Response>(
    call: ServerUnaryCall<Request, Response>,
    held: HostedRun | undefined,
    act: Act<Request, Response>,
  ): Promise<Response> {
    this.requireToken(call);
    const run = requireRun(held);
    if (this.open.calls >= CALLS_MAX) throw new HostError('RATE_LIMITED', 'too many calls at once');
    this.open.calls += 1;
    try {
      await run.thawed();
      return await act(call.request, run);
    } finally {
      this.open.calls -= 1;
    }
  }

  private async admitStream<Request extends { runId: string }, Response>(
    call: ServerWritableStream<Request, Response>,
    held: HostedRun | undefined,
    serve: (call: ServerWritableStream<Request, Response>, run: HostedRun) => Promise<void>,
  ): Promise<void> {
    this.requireToken(call);
    const run = requireRun(held);
    requireOwnRun(call.request.runId, run);
    if (this.open.fetches >= FETCHES_MAX) {
      throw new HostError('RATE_LIMITED', `at most ${String(FETCHES_MAX)} downloads at once`);
    }
    this.requireRate(run);
    this.open.fetches += 1;
    try {
      await serve(call, run);
    } finally {
      this.open.fetches -= 1;
    }
  }

  private requireToken(call: { readonly metadata: Metadata }): void {
    const given = call.metadata.get('lull-token');
    const [token] = given;
    if (given.length !== 1 || typeof token !== 'string' || !sameToken(token, this.launch.token)) {
      throw new HostError('TOKEN_INVALID', 'lull-token is not the token of this launch');
    }
  }

  private requireRate({ limits: { callsPerMinuteMax } }: HostedRun): void {
    const taken = takeCall(this.callRate, this.deps.clock.now().monotonicMs, callsPerMinuteMax);
    this.callRate = taken.rate;
    if (taken.afterMs === 0) return;
    throw new HostError('RATE_LIMITED', `more than ${String(callsPerMinuteMax)} calls a minute`, {
      retryAfterMs: taken.afterMs,
    });
  }

  private refusal(error: unknown, call: Called, run: HostedRun | undefined) {
    if (run !== undefined && error instanceof HostError) this.tell(error, call, run);
    const over = run?.over.aborted === true && !(error instanceof HostError);
    return statusOf(over ? new HostError('RUN_OVER', 'the run is over') : error, this.deps.log);
  }

  /** V7. */
  private tell(error: HostError, call: Called, run: HostedRun): void {
    if (!refusals.has(error.code) || run.over.aborted) return;
    const method = call.getPath().split('/').at(-1) ?? '';
    const message = `the host refused ${method}: ${displayText(error.message, WORDS_CHARS_MAX)}`;
    const told = this.told.get(run) ?? new Set();
    if (told.has(message) || told.size >= REFUSALS_MAX) return;
    this.told.set(run, told.add(message));
    const more = told.size === REFUSALS_MAX ? ' (what is refused after this is not told)' : '';
    run.emit({ kind: 'notice', message: `${message}${more}`, reason: error.code });
  }
}

type Called = { getPath(): string };

function requireRun(run: HostedRun | undefined): HostedRun {
  if (run !== undefined) return run;
  throw new HostError('GRANT_MISSING', 'this launch holds no run');
}

function requireOwnRun(runId: string, run: HostedRun): void {
  if (runId === run.runId) return;
  throw new HostError('GRANT_MISSING', 'this launch does not hold that run');
}

function sameToken(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
