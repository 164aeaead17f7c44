// Policy: what the operator decided, with a default and its source for each number (docs/policy.md).

import type { Manifest } from '../../bundle/manifest.js';
import type { PercentSignal } from '../../conditions/reading.js';
import type { Publisher } from '../trust/publisher.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export interface Policy {
  readonly publishers: readonly Publisher[];
  readonly scopes: readonly Manifest['scope'][];
  readonly waiting: {
    /** No input for so long: away. */
    readonly awayMs: number;
    /** The same for installs. */
    readonly awayForInstallMs: number;
    /** After a pause, away again for so long. */
    readonly awayToResumeMs: number;
    /** Nothing starts so soon after Lull itself started. */
    readonly startUpMs: number;
  };
  /** Thresholds in percent; a signal that is absent is not asked. */
  readonly load: Readonly<Partial<Record<PercentSignal, number>>>;
  /** For so long after a run of our own, load is not asked: we would measure ourselves. */
  readonly ownLoadMs: number;
  readonly battery: { readonly startPercent: number; readonly continuePercent: number };
  readonly disk: { readonly marginShare: number; readonly freeBytesMin: number };
  readonly retry: {
    readonly firstMs: number;
    readonly maxMs: number;
    readonly installMs: number;
    /** After so many failures of an update: once a day. */
    readonly failuresMax: number;
    readonly giveUpMs: number;
    /** Attempts at one run when the updater crashes or the host goes away. */
    readonly attemptsMax: number;
  };
  /** How many runs a machine takes at once. */
  readonly slots: number;
  readonly leaseMs: number;
}

export const defaultPolicy: Policy = {
  publishers: [],
  scopes: ['user-mode'],
  waiting: {
    awayMs: 4 * MINUTE, // Windows Task Scheduler since 8.
    awayForInstallMs: 10 * MINUTE, // Ours, between Windows' 4 and Android's 31.
    awayToResumeMs: 4 * MINUTE, // As for starting.
    startUpMs: 5 * MINUTE, // Omaha.
  },
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
  disk: { marginShare: 0.1, freeBytesMin: 1_073_741_824 }, // Ours.
  retry: {
    firstMs: 30 * SECOND, // Android.
    maxMs: 5 * HOUR, // The same.
    installMs: 30 * MINUTE, // Windows' OEM updates.
    failuresMax: 3, // The same.
    giveUpMs: DAY, // The same.
    attemptsMax: 5, // Ours.
  },
  slots: 1, // Installs exclude each other on Windows; two cores or a rotating disk bear no more.
  leaseMs: 2 * SECOND, // Ours: the longest that a host runs on without its orchestrator.
};
