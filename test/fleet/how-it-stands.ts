// How a fleet stands, in a few lines: for whoever reads that something was waited for in vain.

import type { RunningLull } from '../../harness/lull.spawn.js';
import type { FleetHost } from './fleet-host.nats.js';
import { linesOf } from './led.js';

/** The last words of each orchestrator that are more than news; and as many of what it says otherwise. */
const LINES_MAX = 8;
/** As pino counts. */
const WARN = 40;

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

function lastWords(by: RunningLull): string[] {
  const lines = linesOf(by);
  const warnings = lines.filter(({ level }) => level >= WARN).slice(-LINES_MAX);
  const last = lines.slice(-LINES_MAX).filter((line) => !warnings.includes(line));
  return [...warnings, ...last].map(
    ({ time, msg, partition, err }) =>
      `${by.logFile} ${time} ${msg}${partition === undefined ? '' : ` [${partition}]`}${err?.message === undefined ? '' : `: ${err.message}`}`,
  );
}
