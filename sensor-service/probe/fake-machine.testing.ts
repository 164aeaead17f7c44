// A machine made of files in a temporary directory. Nothing outside tests imports it.

import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Signal, Value } from '../../conditions/reading.js';
import type { Closeable } from '../../runtime/shutdown.js';
import type { Probe } from './probe.js';

const START_MS = 1_900_000_000_000;

/** Its files that this process keeps open. */
export function filesOpenIn({ dir }: FakeMachine): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(join('/proc/self/fd', fd))].filter((at) => at.startsWith(dir));
    } catch {
      return []; // The one by which they are listed.
    }
  });
}

export interface FakeMachine extends Closeable {
  readonly dir: string;
  readonly procRoot: string;
  readonly sysRoot: string;
  /** Writes a file, given its path from the root: "proc/stat". */
  write(path: string, text: string): void;
  remove(path: string): void;
  /** From now on it is seen from a container, which has processes of its own. */
  hideProcesses(): void;
  close(): void;
}

/** An idle desktop with two cores, one SSD, and no battery. */
export function createFakeMachine(): FakeMachine {
  const dir = mkdtempSync(join(tmpdir(), 'lull-machine-'));
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  };
  write('proc/stat', statText({ busy: 1_000, idle: 9_000 }));
  // Every process of it is seen, as outside of containers.
  write('proc/1/comm', 'systemd\n');
  mkdirSync(join(dir, 'proc/self/ns'), { recursive: true });
  symlinkSync('pid:[4026531836]', join(dir, 'proc/self/ns/pid'));
  for (const resource of ['cpu', 'io', 'memory']) {
    write(`proc/pressure/${resource}`, pressureText(1_000_000));
  }
  write(
    'proc/meminfo',
    'MemTotal:       8000 kB\nMemFree:        1000 kB\nMemAvailable:   6000 kB\n',
  );
  write('proc/diskstats', diskText('sda', 4_000));
  write('proc/1/cgroup', '0::/init.scope\n');
  write('sys/block/sda/queue/rotational', '0\n');
  mkdirSync(join(dir, 'sys/class/power_supply'), { recursive: true });
  return {
    dir,
    procRoot: join(dir, 'proc'),
    sysRoot: join(dir, 'sys'),
    write,
    remove: (path) => {
      rmSync(join(dir, path), { recursive: true });
    },
    hideProcesses: () => {
      rmSync(join(dir, 'proc/self/ns/pid'));
      symlinkSync('pid:[4026532281]', join(dir, 'proc/self/ns/pid'));
      write('proc/1/comm', 'node\n');
    },
    close: () => {
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** What a probe says of a signal so many milliseconds after the start. */
export async function valueOf(probe: Probe, signal: Signal, ms = 0, instance = ''): Promise<Value> {
  const measured = await probe.measure({ wallMs: START_MS + ms, monotonicMs: ms });
  const found = measured.find((each) => each.signal === signal && each.instance === instance);
  if (found === undefined) throw new Error(`${probe.name} said nothing of ${signal}`);
  return found.value;
}

export function statText(ticks: { busy: number; idle: number }): string {
  const columns = `${String(ticks.busy)} 0 0 ${String(ticks.idle)} 0 0 0 0 0 0`;
  return `cpu  ${columns}\ncpu0 ${columns}\ncpu1 ${columns}\nctxt 1\n`;
}

export function pressureText(totalUs: number): string {
  const averages = 'avg10=0.00 avg60=0.00 avg300=0.00';
  return `some ${averages} total=${String(totalUs)}\nfull ${averages} total=0\n`;
}

export function diskText(name: string, busyMs: number): string {
  return `   8       0 ${name} 10 0 80 5 20 0 160 9 0 ${String(busyMs)} 14 0 0 0 0 0 0\n`;
}
