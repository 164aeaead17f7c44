// The link between a simulated host and the orchestrator: in order, late, and cut at any instant.

import type { LinkEvent } from '../../orchestrator/link/event.wire.js';
import type { HostConnection } from '../../orchestrator/link/host-session.loop.js';
import type { Chance } from '../../orchestrator/simulation/seeded.js';
import type { SimulatedHost } from './host.js';
import type { Handled } from './orchestrator.js';
import { type SimulatedOrchestrator } from './orchestrator.js';
import type { Lifetime, VirtualTime } from './virtual-time.js';

const simulated = { level: 'confined', runtime: '', cgroups: 'none', trials: [] } as const;
const DELAY_MS_MEAN = 3;
const LAG_MS_MEAN = 4_000;

/** As the real host says it: a run whose end was not heard yet is still held. */
function heldBy({ runs, outbox }: SimulatedHost): Map<string, number> {
  const held = new Map([...runs].map(([runId, { epoch }]) => [runId, epoch]));
  for (const { runId, epoch } of outbox) held.set(runId, Math.max(epoch, held.get(runId) ?? epoch));
  return held;
}

export class Link {
  readonly life: Lifetime = { over: false };
  private readonly connection: HostConnection;
  private attached = false;
  private downAtMs = 0;
  private upAtMs = 0;
  private sentSequence = 0;
  private readonly arrived: LinkEvent[] = [];
  private handling = false;

  constructor(
    private readonly host: SimulatedHost,
    private readonly orchestrator: SimulatedOrchestrator,
    private readonly handled: Handled,
    private readonly deps: {
      readonly time: VirtualTime;
      readonly chance: Chance;
      readonly faults: { on: boolean };
    },
  ) {
    this.connection = {
      hostId: 'host-1',
      instanceId: host.instanceId,
      bootId: host.bootId,
      confinement: simulated,
      held: heldBy(host),
      diskPath: '/',
      send: (command) => {
        if (this.life.over) return;
        this.downAtMs = Math.max(this.downAtMs, deps.time.nowMs + this.delayMs());
        deps.time.after(this.downAtMs - deps.time.nowMs, this.life, () => {
          host.obey(command);
        });
      },
    };
    void this.attach();
  }

  private async attach(): Promise<void> {
    await this.orchestrator.edges.attached(this.connection);
    if (this.life.over) return;
    this.attached = true;
    this.pump();
  }

  /** Sends what the host has posted since. */
  pump(): void {
    if (!this.attached || this.life.over) return;
    const { time } = this.deps;
    for (const event of this.host.outbox) {
      if (event.sequence <= this.sentSequence) continue;
      this.sentSequence = event.sequence;
      this.upAtMs = Math.max(this.upAtMs, time.nowMs + this.delayMs());
      time.after(this.upAtMs - time.nowMs, this.life, () => {
        this.arrived.push(event);
        if (!this.handling) void this.handleArrived();
      });
    }
  }

  private async handleArrived(): Promise<void> {
    this.handling = true;
    for (let event = this.arrived.shift(); event !== undefined; event = this.arrived.shift()) {
      await this.handled.handle(this.connection, event);
      if (this.life.over) return; // The acknowledgement is lost: it will be sent again.
      this.host.acknowledge(event.sequence);
    }
    this.handling = false;
  }

  cut(): void {
    if (this.life.over) return;
    this.life.over = true;
    if (this.orchestrator.alive) this.orchestrator.edges.detached(this.connection);
  }

  private delayMs(): number {
    const { chance, faults } = this.deps;
    const lags = faults.on && chance.below(200) === 0;
    return chance.waiting(lags ? LAG_MS_MEAN : DELAY_MS_MEAN);
  }
}
