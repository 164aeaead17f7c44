// The policy of a simulated machine: the defaults with every wait short, so that an hour is long.

import { defaultPolicy, type Policy } from '../../orchestrator/policy/policy.js';
import type { Chance } from '../../orchestrator/simulation/seeded.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Some are patient, some have near deadlines. */
export function policyFor(chance: Chance): Policy {
  const soonMs = chance.below(2) === 0 ? 30_000 : 0;
  return {
    ...defaultPolicy,
    waiting: {
      awayMs: soonMs,
      awayForInstallMs: 2 * soonMs,
      lockedMs: 2_000,
      awayToResumeMs: soonMs,
      betweenResumesMs: soonMs,
      giveWayMs: MINUTE_MS,
      appMs: 10 * MINUTE_MS,
      startUpMs: 20_000,
      setUpMs: 0,
      bootMs: 0,
      resumeMs: 0,
      loginMs: 0,
    },
    retry: {
      firstMs: 5_000,
      maxMs: 5 * MINUTE_MS,
      installMs: MINUTE_MS,
      failuresMax: 3,
      demotedAtCount: 50,
      giveUpMs: 10 * MINUTE_MS,
      badContentMs: MINUTE_MS,
      badContentMsMax: 5 * MINUTE_MS,
      networkDownMs: MINUTE_MS,
      attemptsMax: 5,
    },
    breaker: { failuresMax: 3, windowMs: HOUR_MS, pauseMs: 10 * MINUTE_MS },
    deadlines:
      chance.below(3) === 0
        ? {
            critical: { deadlineMs: 3 * MINUTE_MS, graceMs: MINUTE_MS },
            security: { deadlineMs: 5 * MINUTE_MS, graceMs: 2 * MINUTE_MS },
            others: { deadlineMs: 15 * MINUTE_MS, graceMs: 5 * MINUTE_MS },
          }
        : defaultPolicy.deadlines,
    leaseMs: 10_000,
    ownLoadMs: 10_000,
  };
}
