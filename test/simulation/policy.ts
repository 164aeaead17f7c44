// The policy of a simulated machine: the defaults with every wait short, so that an hour is long.

import { days } from '../../orchestrator/policy/window.js';
import { defaultPolicy, type Policy } from '../../orchestrator/policy/policy.js';
import type { Chance } from '../../orchestrator/simulation/seeded.js';
import type { Publisher } from '../../orchestrator/trust/publisher.js';
import type { VirtualTime } from './virtual-time.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Closed for the beginning of a storm and again in the middle of it, open when it is over. */
const windows: Policy['windows'] = [
  { days, fromMinute: 12 * 60 + 45, toMinute: 13 * 60 },
  { days, fromMinute: 13 * 60 + 10, toMinute: 20 * 60 },
];

/** Whose updaters there are. Nobody has to have signed what is simulated. */
const example: Publisher = {
  name: 'example',
  keys: [],
  threshold: 0,
  ids: ['com.example.*'],
  auto: 'never',
};

/** Some are patient, some have near deadlines, windows, groups, or restart by themselves. */
export function policyFor(chance: Chance): Policy {
  const soonMs = chance.below(2) === 0 ? 30_000 : 0;
  return {
    ...defaultPolicy,
    publishers: [example],
    waiting: {
      awayMs: soonMs,
      awayForInstallMs: 2 * soonMs,
      lockedMs: 2_000,
      darkMs: 3_000,
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
      askedMsMax: 5 * MINUTE_MS,
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
    windows: chance.below(3) === 0 ? windows : [],
    groups: chance.below(2) === 0 ? [{ name: 'all', hosts: ['host-*'], atOnceMax: 1 }] : [],
    slots: { ...defaultPolicy.slots, change: 1 + chance.below(2) },
    restarts: chance.below(2) === 0 ? 'allow' : 'ask',
    restartWarningMs: 2 * MINUTE_MS,
    quietChance: { normal: [0.92, 0.5, 0][chance.below(3)] ?? 0, due: 0, overdue: 0 },
    leaseMs: 10_000,
    ownLoadMs: 10_000,
  };
}

/** The policy in force, and those before it: an auditor has to know which one was decided by. */
export class Policies {
  private readonly past: { readonly fromMs: number; readonly policy: Policy }[] = [];

  constructor(
    private readonly chance: Chance,
    private readonly time: VirtualTime,
  ) {
    this.change();
  }

  get current(): Policy {
    return this.past.at(-1)?.policy ?? defaultPolicy;
  }

  /** Some trust nobody any more. */
  change(): void {
    const policy = policyFor(this.chance);
    const publishers = this.past.length > 0 && this.chance.below(4) === 0 ? [] : policy.publishers;
    this.past.push({ fromMs: this.time.nowMs, policy: { ...policy, publishers } });
  }

  /** As it is, and with trust in who is there. */
  trust(): void {
    const policy = { ...this.current, publishers: [example] };
    this.past.push({ fromMs: this.time.nowMs, policy });
  }

  /** The most slots that any of them had: what was admitted by one is not taken back by the next. */
  slotsMax(): Policy['slots'] {
    const changes = this.past.map(({ policy }) => policy.slots.change);
    return { ...this.current.slots, change: Math.max(...changes) };
  }

  /** The one in force at an instant of the clock as it is set now; both, in which it changed. */
  at(wallMs: number): Policy[] {
    const atMs = wallMs - (this.time.wallMs - this.time.nowMs);
    const before = this.past.findLastIndex(({ fromMs }) => fromMs < atMs);
    const from = this.past.slice(Math.max(0, before));
    return from.filter(({ fromMs }, i) => i === 0 || fromMs <= atMs).map(({ policy }) => policy);
  }
}
