// The control group of one sandbox: freeze, thaw, brake, count, kill.
//
// The groups are made and their files opened before the runtime starts, so that freezing never has
// to look anything up.
//
// Invariants:
//   C1. freeze() is one write to a descriptor that is already open: no allocation of paths, no
//       directory walk, no child process, no wait for a confirmation.
//   C2. A kill reaches every process of the group, frozen or not, also those that fork meanwhile.

import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { noDisks, openBrake, type Brake, type Disks } from './brake.cgroup.js';
import { hierarchies, type CgroupLayout } from './hierarchy.js';
import { isGone, killOnce, pidsOf, removeGroup } from './processes.cgroup.js';

/** How long killed processes may take to go; one that waits for a dead disk takes longer. */
const GONE_MS_MAX = 5_000;
const GONE_STEP_MS = 5;
const STAT_BYTES_MAX = 4_096;

interface Freezer {
  readonly fd: number;
  readonly frozen: Buffer;
  readonly thawed: Buffer;
  /** Where the kernel says how far it is, and what it says when it is done. */
  readonly state: string;
  readonly still: RegExp;
}

/** The group that lies at `path` of every hierarchy, e.g. "/lull-1a2b3c4d/scan-7". */
export class ControlGroup {
  private readonly freezer: Freezer;
  private readonly cpu: { readonly fd: number; readonly unit: 'stat' | 'ns' };
  private readonly pressureFd: number | undefined;
  private readonly brake: Brake;
  private readonly processesDir: string;
  private lastCpuUs = 0;
  private open = true;

  /** @throws where the kernel offers no freezer, or the groups cannot be made. */
  constructor(
    private readonly layout: CgroupLayout,
    readonly path: string,
    disks: Disks = noDisks,
  ) {
    const v2 = this.make(layout.unified);
    const v1Freezer = this.make(layout.v1.get('freezer'));
    const dir = v2 !== undefined && existsSync(join(v2, 'cgroup.freeze')) ? v2 : v1Freezer;
    if (dir === undefined) {
      throw new Error('the kernel has no cgroup freezer: neither v2 (5.2 or newer) nor v1');
    }
    this.processesDir = dir;
    this.freezer =
      dir === v2
        ? { fd: openFile(dir, 'cgroup.freeze'), ...wordsOfV2 }
        : { fd: openFile(dir, 'freezer.state'), ...wordsOfV1 };
    const cpuDir = dir === v2 ? dir : this.make(layout.v1.get('cpuacct'));
    if (cpuDir === undefined) throw new Error('the kernel counts no CPU time of cgroups');
    this.cpu =
      cpuDir === v2
        ? { fd: openFile(cpuDir, 'cpu.stat', 'r'), unit: 'stat' }
        : { fd: openFile(cpuDir, 'cpuacct.usage', 'r'), unit: 'ns' };
    const pressure = v2 === undefined ? undefined : join(v2, 'cpu.pressure');
    this.pressureFd =
      pressure !== undefined && existsSync(pressure) ? openSync(pressure, 'r') : undefined;
    const braked = [v2, this.make(layout.v1.get('cpu')), this.make(layout.v1.get('blkio'))];
    this.brake = openBrake(
      braked.filter((each) => each !== undefined),
      disks,
    );
  }

  freeze(): void {
    this.write(this.freezer.frozen);
  }

  thaw(): void {
    this.write(this.freezer.thawed);
  }

  /** The kernel confirms a freeze some milliseconds later, once each process has got there. */
  isStill(): boolean {
    try {
      const text = readFileSync(join(this.processesDir, this.freezer.state), 'latin1');
      return this.freezer.still.test(text);
    } catch (error) {
      if (isGone(error)) return true;
      throw error;
    }
  }

  /**
   * Slows every process of it down, to where a person does not feel it. Synchronous, a few writes.
   * @returns false where the kernel has no quota of processors here.
   */
  throttle(): boolean {
    return this.open && this.brake.put();
  }

  unthrottle(): void {
    if (this.open) this.brake.release();
  }

  pids(): number[] {
    return pidsOf(this.processesDir);
  }

  /** CPU time used by all processes of the group so far, microseconds. */
  cpuUs(): number {
    if (!this.open) return this.lastCpuUs;
    const bytes = Buffer.alloc(STAT_BYTES_MAX);
    try {
      const text = bytes.toString('latin1', 0, readSync(this.cpu.fd, bytes, 0, bytes.length, 0));
      this.lastCpuUs =
        this.cpu.unit === 'ns'
          ? Math.round(Number(text) / 1_000)
          : Number(/^usage_usec (\d+)$/m.exec(text)?.[1] ?? this.lastCpuUs);
    } catch (error) {
      // The runtime removed the group: what was read last is what it used.
      if (!isGone(error)) throw error;
    }
    return this.lastCpuUs;
  }

  /**
   * Time in which it had work and got no processor at all, microseconds; 0 where the kernel does not
   * say. The kernel's own sum lags by up to 2 s.
   */
  starvedUs(): number {
    if (!this.open || this.pressureFd === undefined) return 0;
    const bytes = Buffer.alloc(STAT_BYTES_MAX);
    try {
      const length = readSync(this.pressureFd, bytes, 0, bytes.length, 0);
      const text = bytes.toString('latin1', 0, length);
      return Number(/^full .* total=(\d+)$/m.exec(text)?.[1] ?? 0);
    } catch (error) {
      // EOPNOTSUPP: the kernel was started with psi=0.
      if (isGone(error) || (error as NodeJS.ErrnoException).code === 'EOPNOTSUPP') return 0;
      throw error;
    }
  }

  /** SIGKILL to all, until none is left. @returns false when some would not die in time. */
  async kill(): Promise<boolean> {
    const deadlineMs = performance.now() + GONE_MS_MAX;
    for (;;) {
      // C2: repeated, because a process may have forked between the list and the signal, and the
      // runtime may still be about to join. A v1-frozen process dies only once it is thawed.
      killOnce(this.processesDir);
      this.thaw();
      if (pidsOf(this.processesDir).length === 0) return true;
      if (performance.now() > deadlineMs) return false;
      await sleep(GONE_STEP_MS);
    }
  }

  /** Closes the files and removes the groups of every hierarchy. Idempotent. */
  close(): void {
    if (!this.open) return;
    this.cpuUs();
    this.open = false;
    closeSync(this.freezer.fd);
    closeSync(this.cpu.fd);
    if (this.pressureFd !== undefined) closeSync(this.pressureFd);
    this.brake.close();
    for (const hierarchy of hierarchies(this.layout)) removeGroup(join(hierarchy, this.path));
  }

  private make(hierarchy: string | undefined): string | undefined {
    if (hierarchy === undefined) return undefined;
    const dir = join(hierarchy, this.path);
    mkdirSync(dir, { recursive: true });
    return dir;
  }

  private write(word: Buffer): void {
    if (!this.open) return;
    try {
      // C1.
      writeSync(this.freezer.fd, word);
    } catch (error) {
      // A group that went away with its last process has nothing left to stop.
      if (!isGone(error)) throw error;
    }
  }
}

const wordsOfV2 = {
  frozen: Buffer.from('1'),
  thawed: Buffer.from('0'),
  state: 'cgroup.events',
  still: /^frozen 1$/m,
};
const wordsOfV1 = {
  frozen: Buffer.from('FROZEN'),
  thawed: Buffer.from('THAWED'),
  state: 'freezer.state',
  still: /^FROZEN$/m,
};

function openFile(dir: string, file: string, flags: 'r' | 'r+' = 'r+'): number {
  return openSync(join(dir, file), flags);
}
