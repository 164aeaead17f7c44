// How a fleet stands, in a few lines: for whoever reads that something was waited for in vain.

import { readFileSync } from 'node:fs';
import type { RunningLull } from '../../harness/lull.spawn.js';
import type { FleetHost } from './fleet-host.nats.js';

/** The last words of each orchestrator that are more than news; and as many of what it says otherwise. */
const LINES_MAX = 8;
/** Of pino. */
const WARN = 40;

interface Line {
  readonly level: number;
  readonly time: string;
  readonly msg: string;
  readonly partition?: string;
  readonly err?: { readonly message?: string };
}

export function howItStands(
  machines: readonly FleetHost[],
  orchestrators: readonly RunningLull[],
): string {
  const each = machines.map(
    ({ hostId, welcomedCount, granted, finished }) =>
      `${hostId}: welcomed ${String(welcomedCount)}, granted ${String(granted.length)}, finished ${String(finished.length)}`,
  );
  return [...each, ...orchestrators.flatMap(lastWords)].join('\n');
}

function lastWords({ logFile }: RunningLull): string[] {
  const log = readFileSync(logFile, 'utf8');
  const whole = log.slice(0, log.lastIndexOf('\n') + 1).trim();
  const lines = whole.split('\n').map((line) => JSON.parse(line) as Line);
  const warnings = lines.filter(({ level }) => level >= WARN).slice(-LINES_MAX);
  const last = lines.slice(-LINES_MAX).filter((line) => !warnings.includes(line));
  return [...warnings, ...last].map(
    ({ time, msg, partition, err }) =>
      `${logFile} ${time} ${msg}${partition === undefined ? '' : ` [${partition}]`}${err?.message === undefined ? '' : `: ${err.message}`}`,
  );
}
