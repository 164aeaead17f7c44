// Calls that only look at something, one after the other, on a loop on which others must not wait: it may be
// the one that guards a person. What is ordered waits for none of them.
//
// Invariants:
//   U1. Between two of them everybody else has a turn, and as long a one as the call took.
//   U2. Only so many wait; one more is refused, and told to ask again.

import { setImmediate as othersFirst } from 'node:timers/promises';
import { ServerInterceptingCall, type ServerInterceptor, type StatusObject } from '@grpc/grpc-js';
import { pause } from './deadline.js';

/** U2. Some seconds of calls that take long. */
const WAITING_MAX = 256;
/** Less is not worth a rest. */
const SHORT_MS = 2;
/** Nor is what others did meanwhile. */
const REST_MS_MAX = 50;

/**
 * @param waits whether a call of this path takes turns
 * @param refusal what one too many is answered with
 */
export function takeTurns(
  waits: (path: string) => boolean,
  refusal: (message: string) => StatusObject,
): ServerInterceptor {
  const waiting: (() => void)[] = [];
  let serving = false;

  async function serve(): Promise<void> {
    serving = true;
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const beganMs = performance.now();
      next();
      await othersFirst(); // U1
      const tookMs = performance.now() - beganMs;
      if (tookMs > SHORT_MS) await pause(Math.min(tookMs, REST_MS_MAX));
    }
    serving = false;
  }

  return (method, call) => {
    if (method.requestStream || method.responseStream || !waits(method.path)) {
      return new ServerInterceptingCall(call);
    }
    return new ServerInterceptingCall(call, {
      start: (next) => {
        next({
          // The handler of a call that is answered once is started by this.
          onReceiveHalfClose: (start) => {
            if (waiting.length >= WAITING_MAX) {
              const message = `${String(WAITING_MAX)} calls wait for an answer already: ask again in a moment`;
              call.sendStatus(refusal(message)); // U2
              return;
            }
            waiting.push(start);
            if (!serving) void serve();
          },
        });
      },
    });
  };
}
