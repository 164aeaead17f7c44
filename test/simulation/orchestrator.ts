// The orchestrator under simulation: its real ledger, and what really attends a machine, on virtual time and a disk in
// memory. It can be killed at any instant, and started again on the same disk.

import { withReadings, type Readings } from '../../conditions/reading.js';
import type { Fact } from '../../orchestrator/journal/fact.js';
import type { HostConnection } from '../../orchestrator/link/host-session.loop.js';
import type { LinkEvent } from '../../orchestrator/link/event.wire.js';
import type { Policy } from '../../orchestrator/policy/policy.js';
import { attend, type AttendedHost } from '../../orchestrator/scheduler/attend.loop.js';
import type { HostPresence } from '../../orchestrator/scheduler/edges.loop.js';
import type { Plan } from '../../orchestrator/scheduler/plan.js';
import { openLedger, type Ledger } from '../../orchestrator/world/ledger.loop.js';
import { isRestraint } from '../../orchestrator/world/restraints.js';
import { createLog } from '../../runtime/log.js';
import type { Disk } from './disk.js';
import type { Lifetime, VirtualTime } from './virtual-time.js';

const log = createLog('simulation', 'silent');

export class SimulatedOrchestrator {
  private readings: Readings = new Map();

  private constructor(
    readonly ledger: Ledger,
    private readonly attended: AttendedHost,
    private readonly life: Lifetime,
  ) {}

  static async start(deps: {
    readonly time: VirtualTime;
    readonly disk: Disk;
    readonly policy: () => Policy;
    readonly readings: Readings;
  }): Promise<SimulatedOrchestrator> {
    const life: Lifetime = { over: false };
    const { time, disk, policy } = deps;
    const clock = time.clockOf(life);
    const ledger = await openLedger({
      journal: disk.open(life),
      clock,
      retry: () => policy().retry,
      log,
    });
    const attended = attend({
      ...{ ledger, policy, clock, log, name: 'this machine', diskPath: '/' },
      onProgress: () => undefined,
      onWanted: () => undefined,
      note: (facts) => ledger.append(facts),
      soon: (fn) => {
        time.soon(() => {
          if (!life.over) fn();
        });
      },
    });
    const self = new SimulatedOrchestrator(ledger, attended, life);
    self.see(deps.readings);
    return self;
  }

  get edges(): HostPresence {
    return this.attended.edges;
  }

  planNow(): Plan {
    return this.attended.planNow();
  }

  get alive(): boolean {
    return !this.life.over;
  }

  see(readings: Readings): void {
    this.readings = withReadings(this.readings, readings.values());
    if (!this.alive) return;
    this.attended.see(this.readings);
  }

  /** What an operator's call writes. */
  order(facts: readonly Fact[]): void {
    const wake = (): void => {
      if (this.alive) this.attended.wake();
    };
    const [first, ...rest] = facts;
    const imposed = first !== undefined && isRestraint(first);
    if (imposed) {
      void this.ledger.impose(first).then(wake, wake);
      wake();
    }
    const later = imposed ? rest : facts;
    if (later.length > 0) void this.ledger.append(later).then(wake, wake);
  }

  kill(): void {
    this.life.over = true;
    void this.attended.close();
  }
}

/** What the link keeps of each host: which of its events were handled. */
export class Handled {
  private readonly last = new Map<string, number>();

  constructor(private readonly orchestrator: SimulatedOrchestrator) {}

  /** Handles an event once, and only once it is durable says so. */
  async handle(host: HostConnection, event: LinkEvent): Promise<void> {
    const before = this.last.get(host.instanceId) ?? 0;
    if (event.sequence > before) {
      await this.orchestrator.edges.event(host, event);
      this.last.set(host.instanceId, event.sequence);
    }
  }
}
