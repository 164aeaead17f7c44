// What lives on a simulated machine: its host, its orchestrator and the link of both, which start, crash,
// lose each other and come back, and end with each restart of the machine.

import type { Readings } from '../../conditions/reading.js';
import type { Chance } from '../../orchestrator/simulation/seeded.js';
import type { CancelTimer } from '../../runtime/clock.js';
import type { Disk } from './disk.js';
import type { HostFaults } from './fate.js';
import { SimulatedHost } from './host.js';
import { Link } from './link.js';
import { Handled, SimulatedOrchestrator } from './orchestrator.js';
import type { Policies } from './policy.js';
import type { Senses } from './senses.js';
import type { Software } from './software.js';
import type { Truth } from './truth.js';
import type { Lifetime, VirtualTime } from './virtual-time.js';

export class SimulatedMachine {
  host: SimulatedHost | undefined;
  orchestrator: SimulatedOrchestrator | undefined;
  link: Link | undefined;
  crashCount = 0;
  /** An orchestrator that could not start. */
  failure: unknown;
  private handled: Handled | undefined;
  private hostCount = 0;
  private restartAtMs: number | undefined;
  private restartTimer: CancelTimer = () => undefined;

  constructor(
    private readonly deps: {
      readonly time: VirtualTime;
      readonly chance: Chance;
      readonly disk: Disk;
      readonly software: Software;
      readonly policies: Policies;
      readonly faults: HostFaults;
      readonly truth: Truth;
      readonly senses: Senses;
      readonly forever: Lifetime;
      /** Some kernels do not say which start of the machine it is. */
      readonly bootsHaveNames: boolean;
    },
  ) {}

  private get bootId(): string | undefined {
    return this.deps.bootsHaveNames ? `boot-${String(this.deps.senses.bootCount)}` : undefined;
  }

  /** Something of a run makes progress. */
  isRunning(): boolean {
    return [...(this.host?.runs.values() ?? [])].some(({ holds }) => holds.size === 0);
  }

  /** What is on its way when an orchestrator dies does not reach the next one. @returns whether it did. */
  wayToOrchestrator(): (readings: Readings) => boolean {
    const { orchestrator } = this;
    return (readings) => {
      if (orchestrator === undefined || orchestrator !== this.orchestrator) return false;
      orchestrator.see(readings);
      return true;
    };
  }

  /** Whoever is down comes back at once. */
  async comeBack(): Promise<void> {
    if (this.host === undefined) this.startHost();
    if (this.orchestrator === undefined) await this.startOrchestrator();
  }

  /** The clock on the wall was set, by which a restart is to come. */
  clockWasSet(): void {
    this.restartAt(this.restartAtMs);
  }

  reconnect(): void {
    this.link = undefined;
    this.deps.time.after(this.deps.chance.waiting(8_000), this.deps.forever, () => {
      if (this.link === undefined) this.connect();
    });
  }

  crashHost(): void {
    this.crashCount += 1;
    this.link?.cut();
    this.link = undefined;
    this.host?.crash();
    this.host = undefined;
    this.deps.time.after(this.deps.chance.waiting(15_000), this.deps.forever, () => {
      if (this.host === undefined) this.startHost();
    });
  }

  crashOrchestrator(): void {
    this.crashCount += 1;
    this.orchestrator?.kill();
    this.deps.disk.crash();
    this.link?.cut();
    this.link = undefined;
    this.orchestrator = undefined;
    this.deps.time.after(this.deps.chance.waiting(10_000), this.deps.forever, () => {
      if (this.orchestrator !== undefined) return;
      this.startOrchestrator().catch((error: unknown) => {
        this.failure = error;
      });
    });
  }

  /** The machine: everything on it ends, and comes back. */
  restart(): void {
    this.restartAt(undefined);
    this.crashOrchestrator();
    this.crashHost();
    this.deps.senses.booted();
  }

  /** By the clock on the wall, as logind does it: whoever sets that moves the restart. */
  private restartAt(atMs: number | undefined): void {
    this.restartTimer();
    this.restartAtMs = atMs;
    if (atMs === undefined) return;
    const { time, forever } = this.deps;
    this.restartTimer = time.after(atMs - time.wallMs, forever, () => {
      this.restart();
    });
  }

  private startHost(): void {
    const { time, chance, software, faults, truth, senses } = this.deps;
    this.hostCount += 1;
    const instanceId = `instance-${String(this.hostCount)}`;
    truth.lives(instanceId, senses.bootCount);
    this.host = new SimulatedHost(instanceId, this.bootId, {
      ...{ time, chance, software, faults, truth },
      readings: senses.readings(),
      restart: (atMs) => {
        this.restartAt(atMs);
      },
      posted: () => {
        this.link?.pump();
        senses.measure();
      },
    });
    this.connect();
  }

  private async startOrchestrator(): Promise<void> {
    const { time, disk, policies, truth, senses } = this.deps;
    truth.sights.push(senses.sightNow());
    const started = await SimulatedOrchestrator.start({
      ...{ time, disk },
      policy: () => policies.current,
      readings: senses.readings(),
    });
    this.orchestrator = started;
    this.handled = new Handled(started);
    started.order([{ kind: 'orchestrator.started', version: '0', policySha256: '' }]);
    this.connect();
  }

  private connect(): void {
    const { host, orchestrator, handled } = this;
    if (host === undefined || orchestrator === undefined || handled === undefined) return;
    const { time, chance, faults } = this.deps;
    this.link?.cut();
    this.link = new Link(host, orchestrator, handled, {
      ...{ time, chance, faults },
    });
  }
}
