// Policy: what the operator decided, with a default and its source for each number (docs/policy.md).

import type { Manifest } from '../../bundle/manifest.js';
import type { Level } from '../../conditions/confinement.js';
import type { AttentionSignal, PercentSignal, ThermalWord } from '../../conditions/reading.js';
import { BULK_BYTES, METERED_BYTES_MAX } from '../../conditions/network.js';
import type { Intrusion } from '../runs/intrusion.js';
import type { Publisher } from '../trust/publisher.js';
import { defaultDisk, type DiskPolicy } from './disk.js';
import { defaultRetry, type RetryPolicy } from './retry.js';
import type { Window } from './window.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** From when on an update is due, and the grace that it gets on top. */
export interface DeadlineRule {
  readonly deadlineMs: number;
  readonly graceMs: number;
}

/** An operator's "not this one", in the file rather than by an order. */
export interface PolicyHold {
  /** An updater's id, or a prefix of ids that ends in ".*". */
  readonly updater: string;
  /** Absent: everything of it. */
  readonly update?: string;
  readonly why: string;
  /** Infinity: for as long as it stands in the file. */
  readonly untilMs: number;
}

/** Machines that share a bound on how many of them change something at once. */
export interface Group {
  readonly name: string;
  /** Names of machines, or prefixes that end in "*". */
  readonly hosts: readonly string[];
  readonly atOnceMax: number;
}

/** A share of a fleet that an update reaches together. */
export interface Ring {
  readonly name: string;
  /** Of all machines. */
  readonly percent: number;
  /** How long it works there before the next ring opens. */
  readonly soakMs: number;
}

export interface Policy {
  readonly publishers: readonly Publisher[];
  readonly scopes: readonly Manifest['scope'][];
  readonly holds: readonly PolicyHold[];
  /** How long an operator's hold, somebody's objection, and the trip switch stand at the most. */
  readonly orderMsMax: { readonly hold: number; readonly veto: number; readonly switch: number };
  readonly groups: readonly Group[];
  readonly rollout: {
    /** In order; none: every machine at once. Machines in none of them come last. */
    readonly rings: readonly Ring[];
    /** Machines of one ring on which an update fails, and it starts nowhere any more. */
    readonly failuresMax: number;
  };
  /** The weakest confinement in which anything runs. */
  readonly confinement: Level;
  readonly waiting: {
    /** No input for so long: away. */
    readonly awayMs: number;
    /** The same for installs. */
    readonly awayForInstallMs: number;
    /** Any of the three, where the screen is locked: that is certain. */
    readonly lockedMs: number;
    /** The same where it is dark, or a screen saver is on, and it is not locked: that is likely. */
    readonly darkMs: number;
    /** After a pause, away again for so long. */
    readonly awayToResumeMs: number;
    /** A run goes on at most so often: what flaps pauses it each time, and does not wear it out. */
    readonly betweenResumesMs: number;
    /** A run that has been paused for so long gives its slot to what could run. */
    readonly giveWayMs: number;
    /** An open program is waited for so long; then it is asked for, at the level that allows it. */
    readonly appMs: number;
    /** Nothing starts so soon after Lull itself started. */
    readonly startUpMs: number;
    /** Nor after the machine was set up, started, woke up, or was logged in to. */
    readonly setUpMs: number;
    readonly bootMs: number;
    readonly resumeMs: number;
    readonly loginMs: number;
  };
  /** IANA name; windows and the rhythm are of the clock on the wall. */
  readonly timeZone: string;
  /** When anything may start; none: at any time. */
  readonly windows: readonly Window[];
  /**
   * Hours of the day in which a person is expected, until the rhythm is learnt, and in which the
   * machine does not restart. `toHour` before `fromHour`: on the next day.
   */
  readonly activeHours: { readonly fromHour: number; readonly toHour: number };
  readonly deadlines: Readonly<Record<'critical' | 'security' | 'others', DeadlineRule>>;
  /** The highest level of intrusion for each urgency. */
  readonly intrusion: Readonly<Record<'normal' | 'due' | 'overdue', Intrusion>>;
  /** The chance of quiet that a section which cannot be frozen wants, for each urgency. */
  readonly quietChance: Readonly<Record<'normal' | 'due' | 'overdue', number>>;
  /** Signs of attention that say nothing of a person on these machines. */
  readonly ignoredAttention: readonly AttentionSignal[];
  /** Heat up to which something is changed, and up to which updates are looked for. */
  readonly heat: { readonly change: ThermalWord; readonly look: ThermalWord };
  readonly network: {
    readonly othersBytesPerSMax: number;
    /** What all runs together may take; Infinity: as fast as it comes. */
    readonly bytesPerSMax: number;
    /** The same while a person is there. */
    readonly engagedBytesPerSMax: number;
    /** What one run may take over a metered network. */
    readonly meteredBytesMax: number;
    /** More than this waits where nobody knows whether the network is metered. */
    readonly meteredUnknownBytesMax: number;
    /** Hosts of a vendor's manifest that may have a private address. */
    readonly privateHosts: readonly string[];
  };
  /** Whether a reboot or a restart of an app is taken without being asked for. */
  readonly restarts: 'ask' | 'allow';
  /** Who is logged in is warned so long before the machine restarts. */
  readonly restartWarningMs: number;
  readonly breaker: {
    /** So many crashes or timeouts within the window suspend an updater for the pause. */
    readonly failuresMax: number;
    readonly windowMs: number;
    readonly pauseMs: number;
  };
  /** Runs that one updater may start in a minute. */
  readonly runsPerMinuteMax: number;
  /** Calls that one launch may make of its host in a minute. */
  readonly callsPerMinuteMax: number;
  /** A machine is kept awake for runs for so long in a session. */
  readonly keepAwakeMsMax: number;
  /** Thresholds in percent; a signal that is absent is not asked. */
  readonly load: Readonly<Partial<Record<PercentSignal, number>>>;
  /** For so long after a run of our own, load is not asked: we would measure ourselves. */
  readonly ownLoadMs: number;
  readonly battery: { readonly startPercent: number; readonly continuePercent: number };
  readonly disk: DiskPolicy;
  readonly retry: RetryPolicy;
  /** How many runs a machine takes at once. */
  readonly slots: {
    readonly change: number;
    readonly fetch: number;
    /** In all, on a machine with a rotating disk or at most two cores. */
    readonly small: number;
  };
  readonly leaseMs: number;
}

export const defaultPolicy: Policy = {
  publishers: [],
  scopes: ['user-mode'],
  holds: [],
  // A hold that outlives everybody's memory of it is a hole (snapd's 95 days); the rest ours.
  orderMsMax: { hold: 95 * DAY, veto: 14 * DAY, switch: 14 * DAY },
  groups: [],
  rollout: { rings: [], failuresMax: 2 }, // Ours: one may be the machine's own fault.
  confinement: 'confined', // Ours: every boundary and every limit, on any machine with cgroups.
  waiting: {
    awayMs: 4 * MINUTE, // Windows Task Scheduler since 8.
    awayForInstallMs: 10 * MINUTE, // Ours, between Windows' 4 and Android's 31.
    awayToResumeMs: 4 * MINUTE, // As for starting.
    betweenResumesMs: MINUTE, // Ours.
    giveWayMs: 10 * MINUTE, // Ours: a launch costs a second, and what a run had not saved is done again.
    lockedMs: 20 * SECOND, // Ours, from recordings: decision 16.
    darkMs: MINUTE, // Ours, tried on a recording: decision 111.
    appMs: 14 * DAY, // snapd.
    startUpMs: 5 * MINUTE, // Omaha.
    setUpMs: 2 * HOUR, // snapd.
    bootMs: 5 * MINUTE, // Omaha.
    resumeMs: MINUTE, // snapd.
    loginMs: MINUTE, // gnome-software.
  },
  timeZone: 'UTC',
  windows: [],
  activeHours: { fromHour: 8, toHour: 17 }, // Windows.
  deadlines: {
    critical: { deadlineMs: 7 * DAY, graceMs: 2 * DAY }, // As for security: no source sets it apart.
    security: { deadlineMs: 7 * DAY, graceMs: 2 * DAY }, // Windows Update for Business.
    others: { deadlineMs: 14 * DAY, graceMs: 7 * DAY }, // The 14 are ours.
  },
  intrusion: { normal: 'silent', due: 'gentle', overdue: 'noticeable' }, // Ours.
  quietChance: { normal: 0.92, due: 0.5, overdue: 0 }, // Ours, from recordings: decision 15.
  ignoredAttention: [],
  heat: { change: 'nominal', look: 'moderate' }, // Apple.
  network: {
    othersBytesPerSMax: 700_000, // uupd.
    bytesPerSMax: Number.POSITIVE_INFINITY, // Nobody is there to be disturbed.
    engagedBytesPerSMax: 500_000, // Ours: a call in HD takes less than most lines have left then.
    meteredBytesMax: METERED_BYTES_MAX, // Ours: a look, not a download.
    meteredUnknownBytesMax: BULK_BYTES, // Ours.
    privateHosts: [],
  },
  restarts: 'ask', // Windows, Zincati.
  restartWarningMs: 15 * MINUTE, // Windows.
  breaker: { failuresMax: 3, windowMs: DAY, pauseMs: DAY }, // Ours.
  runsPerMinuteMax: 20, // Android.
  callsPerMinuteMax: 250, // The same.
  keepAwakeMsMax: HOUR, // Windows.
  load: {
    'cpu.busy': 20, // Windows: at least 80 % idle.
    'disk.busy': 20, // The same.
    'pressure.cpu': 20, // Ours, to be measured; also the next two.
    'pressure.io': 10,
    'pressure.memory': 5,
    'memory.used': 90, // uupd.
  },
  ownLoadMs: MINUTE, // The length of the window over which pressure is measured.
  battery: { startPercent: 20, continuePercent: 10 }, // uupd.
  disk: defaultDisk,
  retry: defaultRetry,
  slots: { change: 1, fetch: 2, small: 1 }, // Installs exclude each other on Windows; the rest ours.
  leaseMs: 2 * SECOND, // Ours: the longest that a host runs on without its orchestrator.
};

/** The policy in force, which may change while Lull runs. */
export interface PolicySource {
  current: () => Policy;
  /** Calls `listener` after a whole new policy is in force; returns how to stop that. */
  onChange: (listener: () => void) => () => void;
}

export function fixedPolicy(policy: Policy): PolicySource {
  return { current: () => policy, onChange: () => () => undefined };
}
