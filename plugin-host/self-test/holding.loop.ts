// What the host tries on the canary from outside: whether it stands while it is frozen, and is slow while
// it is slowed. At its start the canary is busy: what goes on all the same uses CPU, or comes to its end.
//
// What was in the kernel at the write may go on for a while on a busy machine, so that one look is no
// verdict. A machine that gives the canary no processor anyway shows nothing of a quota; where the kernel
// has none, that is known without a look. Decision 179.

import type { TrialResult } from '../../conditions/confinement.js';
import { pause } from '../../runtime/deadline.js';
import type { Sandbox } from '../sandbox/sandbox.js';

/** Without anything that holds it the canary is at its end after some of these. */
const LOOK_MS = 100;
const LOOKS_MAX = 10;
/** Of one processor. A tenth is what it may use; what the kernel counts late comes on top (ours). */
const SLOWED_SHARE_MAX = 0.3;

type Held = Pick<Sandbox, 'freeze' | 'thaw' | 'throttle' | 'unthrottle' | 'cpuUs' | 'exited'>;

/** A group that has counted nothing so far is one that the canary is not in. */
export async function tryToFreeze(sandbox: Held): Promise<TrialResult> {
  sandbox.freeze();
  try {
    return await holds(sandbox, ({ beforeUs, usedUs }) => beforeUs > 0 && usedUs === 0);
  } finally {
    sandbox.thaw();
  }
}

export async function tryToThrottle(sandbox: Held): Promise<TrialResult> {
  const hasQuota = sandbox.throttle();
  try {
    if (!hasQuota) return 'allowed';
    return await holds(sandbox, ({ usedUs, tookUs }) => usedUs <= tookUs * SLOWED_SHARE_MAX);
  } finally {
    sandbox.unthrottle();
  }
}

/** What it had used before a look, what it used during it, and how long that took, microseconds. */
interface Look {
  readonly beforeUs: number;
  readonly usedUs: number;
  readonly tookUs: number;
}

/** Denied at the first look that is as it should be. */
async function holds(sandbox: Held, isHeld: (look: Look) => boolean): Promise<TrialResult> {
  const seen = { ended: false };
  void sandbox.exited.then(() => (seen.ended = true));
  for (let look = 0; look < LOOKS_MAX; look += 1) {
    const beforeUs = sandbox.cpuUs();
    const fromMs = performance.now();
    await pause(LOOK_MS);
    const tookUs = (performance.now() - fromMs) * 1_000;
    if (!isHeld({ beforeUs, usedUs: sandbox.cpuUs() - beforeUs, tookUs })) continue;
    return seen.ended ? 'allowed' : 'denied';
  }
  return 'allowed';
}
