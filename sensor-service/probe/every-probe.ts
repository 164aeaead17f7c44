import { cpuProbe } from './cpu.js';
import { diskActivityProbe } from './disk-activity.js';
import { diskFreeProbe } from './disk-free.js';
import { diskKindProbe } from './disk-kind.js';
import { memoryProbe } from './memory.js';
import { powerProbe } from './power.js';
import { pressureProbe } from './pressure.js';
import type { Probe } from './probe.js';

interface ProbeRoots {
  readonly procRoot: string;
  readonly sysRoot: string;
  readonly diskPaths: readonly string[];
}

/** Every probe there is. Together they speak of every signal but presence, each once. */
export function everyProbe({ procRoot, sysRoot, diskPaths }: ProbeRoots): Probe[] {
  return [
    cpuProbe(procRoot),
    pressureProbe(procRoot, 'cpu'),
    pressureProbe(procRoot, 'io'),
    pressureProbe(procRoot, 'memory'),
    memoryProbe(procRoot),
    diskActivityProbe(procRoot),
    diskKindProbe(sysRoot),
    diskFreeProbe([...new Set(diskPaths)]),
    powerProbe(sysRoot),
  ];
}
