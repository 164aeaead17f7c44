// A sandbox for tests that writes down what is done to it, and when.

import type { Clock } from '../../runtime/clock.js';
import type { Sandbox, SandboxExit } from '../sandbox/sandbox.js';

export interface RecordingSandbox extends Sandbox {
  readonly calls: string[];
  readonly isFrozen: () => boolean;
}

/** Uses one millisecond of CPU for each that passes while it is not frozen. */
export function recordingSandbox(clock: Clock): RecordingSandbox {
  const calls: string[] = [];
  const bornMs = clock.now().monotonicMs;
  let frozenAtMs: number | undefined;
  let frozenMs = 0;
  return {
    id: 'recording',
    argv: [],
    configSha256: '',
    hasQuota: true,
    calls,
    isFrozen: () => frozenAtMs !== undefined,
    freeze: () => {
      calls.push('freeze');
      frozenAtMs ??= clock.now().monotonicMs;
    },
    thaw: () => {
      calls.push('thaw');
      frozenMs += clock.now().monotonicMs - (frozenAtMs ?? clock.now().monotonicMs);
      frozenAtMs = undefined;
    },
    isStill: () => true,
    throttle: () => {
      calls.push('throttle');
      return true;
    },
    unthrottle: () => {
      calls.push('unthrottle');
    },
    terminate: () => {
      calls.push('terminate');
      return true;
    },
    cpuUs: () => ((frozenAtMs ?? clock.now().monotonicMs) - bornMs - frozenMs) * 1_000,
    starvedUs: () => 0,
    show: () => {
      calls.push('show');
      return Promise.resolve(true);
    },
    outputTail: () => '',
    exited: new Promise<SandboxExit>(() => undefined),
    close: () => {
      calls.push('close');
      return Promise.resolve();
    },
  };
}
