// One seed, one life: a machine, its person, its operator, its orchestrator and its host, for an hour
// in which everything goes wrong, and some calm hours in which it has to come right again.

import { readingsAt } from '../../orchestrator/simulation/edges.js';
import type { Readings } from '../../conditions/reading.js';
import { defaultPolicy, type Policy } from '../../orchestrator/policy/policy.js';
import { chanceFrom, type Chance } from '../../orchestrator/simulation/seeded.js';
import { Disk } from './disk.js';
import { SimulatedHost } from './host.js';
import {
  checkHost,
  checkJournal,
  checkReasons,
  checkStandstill,
  InvariantError,
} from './invariants.js';
import { Link } from './link.js';
import { chaosOrder, peaceOrders } from './orders.js';
import { Handled, SimulatedOrchestrator } from './orchestrator.js';
import { acceptance, Software } from './software.js';
import { settle, VirtualTime, type Lifetime } from './virtual-time.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const START_MS = Date.UTC(2030, 0, 7, 12);
const STORM_MS = 40 * MINUTE_MS;
/** Two scans, and every wait that a failure can have led to, fit in. */
const CALM_MS = 3 * HOUR_MS;
/** After the trip switch is durable: the link's worst lag, and a moment. */
const STANDSTILL_MS = 60_000;
const REASONS_EVERY = 16;

export interface Lived {
  readonly seed: number;
  readonly simulatedMs: number;
  readonly entryCount: number;
  readonly stepCount: number;
  readonly crashCount: number;
}

export async function live(seed: number): Promise<Lived> {
  const life = new Life(seed);
  try {
    return await life.run();
  } catch (error) {
    const at = ((life.time.nowMs - START_MS) / 1_000).toFixed(3);
    throw new Error(
      `seed ${String(seed)}, ${at} s: ${(error as Error).message}\nagain: npm run simulate -- --seed ${String(seed)}`,
      { cause: error },
    );
  }
}

class Life {
  readonly time = new VirtualTime(START_MS);
  private readonly chance: Chance;
  private readonly disk: Disk;
  private readonly software: Software;
  private readonly policy: Policy;
  private readonly faults = { on: true };
  private readonly forever: Lifetime = { over: false };
  private readonly cores: number;
  private host: SimulatedHost | undefined;
  private orchestrator: SimulatedOrchestrator | undefined;
  private handled: Handled | undefined;
  private link: Link | undefined;
  private awaySinceMs: number | undefined;
  private mains = true;
  private hostCount = 0;
  private stepCount = 0;
  private crashCount = 0;
  private trippedSinceMs: number | undefined;
  private failure: unknown;

  constructor(private readonly seed: number) {
    this.chance = chanceFrom(seed);
    this.disk = new Disk(this.time, this.chance);
    this.software = new Software(this.chance);
    this.cores = this.chance.below(2) === 0 ? 2 : 8;
    this.policy = policyFor(this.chance);
  }

  async run(): Promise<Lived> {
    this.startHost();
    await this.startOrchestrator();
    this.orchestrator?.order(this.software.updaterIds.flatMap(acceptance));
    this.mischief();
    await this.until(START_MS + STORM_MS);
    await this.calm();
    await this.until(START_MS + STORM_MS + CALM_MS);
    this.checkEnd();
    return {
      seed: this.seed,
      simulatedMs: this.time.nowMs - START_MS,
      entryCount: this.disk.entries.length,
      stepCount: this.stepCount,
      crashCount: this.crashCount,
    };
  }

  private async until(atMs: number): Promise<void> {
    while (this.time.step(atMs)) {
      await settle();
      this.stepCount += 1;
      this.check();
    }
  }

  private check(): void {
    if (this.failure !== undefined) throw this.failure as Error;
    if (this.host !== undefined) checkHost(this.host, this.policy, this.cores === 2);
    const { orchestrator, host } = this;
    if (orchestrator === undefined) return;
    if (this.stepCount % REASONS_EVERY === 0) checkReasons(orchestrator);
    const tripped = (orchestrator.ledger.world.tripped?.untilMs ?? 0) > this.time.nowMs;
    if (!tripped || this.link === undefined) this.trippedSinceMs = undefined;
    else this.trippedSinceMs ??= this.time.nowMs;
    if (host !== undefined && this.trippedSinceMs !== undefined) {
      checkStandstill(host, this.time.nowMs - this.trippedSinceMs, STANDSTILL_MS);
    }
  }

  /** At the end everything is done, nothing is held, and the journal tells it as it was. */
  private checkEnd(): void {
    const { orchestrator } = this;
    if (orchestrator === undefined) throw new InvariantError('nobody is left');
    checkReasons(orchestrator);
    checkJournal(this.disk, orchestrator.ledger.world, this.policy);
    const open = this.software.updaterIds.flatMap((id) => this.software.pending(id));
    const { world } = orchestrator.ledger;
    if (open.length > 0 || world.updates.size > 0) {
      const why = orchestrator.turns
        .planNow()
        .waiting.map(
          ({ subject, reasons }) => `${subject.key}: ${reasons.map(({ code }) => code).join(' ')}`,
        );
      throw new InvariantError(
        `starved: ${open.map(({ id }) => id).join(', ')} after ${String(CALM_MS / HOUR_MS)} quiet hours; ${why.join('; ')}`,
      );
    }
    // A scan that is due may be on; anything that nobody carries out is lost.
    const lost = [...world.runs.keys()].filter((id) => this.host?.runs.has(id) !== true);
    if (lost.length > 0) throw new InvariantError(`lost: ${lost.join(', ')}`);
  }

  /** Something happens every few seconds, until the storm is over. */
  private mischief(): void {
    this.time.after(this.chance.waiting(12_000), this.forever, () => {
      if (!this.faults.on) return;
      this.happen();
      this.mischief();
    });
  }

  private happen(): void {
    const { chance } = this;
    const dice = chance.below(100);
    if (dice < 40)
      this.awaySinceMs =
        this.awaySinceMs === undefined ? this.time.nowMs - chance.below(300_000) : undefined;
    else if (dice < 48) this.mains = !this.mains;
    else if (dice < 56) this.link?.cut();
    else if (dice < 62) this.crashHost();
    else if (dice < 67) this.crashOrchestrator();
    else this.orchestrator?.order(chaosOrder(chance, this.software, this.time.nowMs));
    if (dice < 48) this.sense();
    if (dice >= 48 && dice < 56) this.reconnect();
  }

  private async calm(): Promise<void> {
    this.faults.on = false;
    this.disk.faults = false;
    if (this.host === undefined) this.startHost();
    if (this.orchestrator === undefined) await this.startOrchestrator();
    this.awaySinceMs = this.time.nowMs;
    this.mains = true;
    this.sense();
    this.orchestrator?.order(peaceOrders(this.software));
  }

  private readings(): Readings {
    const away = this.awaySinceMs === undefined ? {} : { awaySinceMs: this.awaySinceMs };
    const readings = new Map(readingsAt({ atMs: this.time.nowMs, mains: this.mains, ...away }));
    const cores = readings.get('cpu.cores');
    if (cores !== undefined) {
      readings.set('cpu.cores', { ...cores, value: { kind: 'number', number: this.cores } });
    }
    return readings;
  }

  /** The host sees it at once; the orchestrator hears of it a little later. */
  private sense(): void {
    const readings = this.readings();
    this.host?.see(readings);
    const { orchestrator } = this;
    this.time.after(this.chance.waiting(5), this.forever, () => orchestrator?.see(readings));
  }

  private startHost(): void {
    this.hostCount += 1;
    this.host = new SimulatedHost(`instance-${String(this.hostCount)}`, {
      time: this.time,
      chance: this.chance,
      software: this.software,
      faults: this.faults,
      readings: this.readings(),
      posted: () => this.link?.pump(),
    });
    this.connect();
  }

  private async startOrchestrator(): Promise<void> {
    const { time, disk, policy } = this;
    const started = await SimulatedOrchestrator.start({
      time,
      disk,
      policy,
      readings: this.readings(),
    });
    this.orchestrator = started;
    this.handled = new Handled(started);
    started.order([{ kind: 'orchestrator.started', version: '0', policySha256: '' }]);
    this.connect();
  }

  private connect(): void {
    const { host, orchestrator, handled } = this;
    if (host === undefined || orchestrator === undefined || handled === undefined) return;
    this.link?.cut();
    this.link = new Link(host, orchestrator, handled, {
      time: this.time,
      chance: this.chance,
      faults: this.faults,
    });
  }

  private reconnect(): void {
    this.link = undefined;
    this.time.after(this.chance.waiting(8_000), this.forever, () => {
      if (this.link === undefined) this.connect();
    });
  }

  private crashHost(): void {
    this.crashCount += 1;
    this.link?.cut();
    this.link = undefined;
    this.host?.crash();
    this.host = undefined;
    this.time.after(this.chance.waiting(15_000), this.forever, () => {
      if (this.host === undefined) this.startHost();
    });
  }

  private crashOrchestrator(): void {
    this.crashCount += 1;
    this.orchestrator?.kill();
    this.disk.crash();
    this.link?.cut();
    this.link = undefined;
    this.orchestrator = undefined;
    this.time.after(this.chance.waiting(10_000), this.forever, () => {
      if (this.orchestrator !== undefined) return;
      this.startOrchestrator().catch((error: unknown) => {
        this.failure = error;
      });
    });
  }
}

/** The defaults with every wait short, so that an hour is long. */
function policyFor(chance: Chance): Policy {
  const soonMs = chance.below(2) === 0 ? 30_000 : 0;
  return {
    ...defaultPolicy,
    waiting: {
      awayMs: soonMs,
      awayForInstallMs: 2 * soonMs,
      lockedMs: 2_000,
      awayToResumeMs: soonMs,
      startUpMs: 20_000,
      bootMs: 0,
      resumeMs: 0,
      loginMs: 0,
    },
    retry: {
      firstMs: 5_000,
      maxMs: 5 * MINUTE_MS,
      installMs: MINUTE_MS,
      failuresMax: 3,
      demotedAtCount: 50,
      giveUpMs: 10 * MINUTE_MS,
      attemptsMax: 5,
    },
    breaker: { failuresMax: 3, windowMs: HOUR_MS, pauseMs: 10 * MINUTE_MS },
    deadlines:
      chance.below(3) === 0
        ? {
            critical: { deadlineMs: 3 * MINUTE_MS, graceMs: MINUTE_MS },
            security: { deadlineMs: 5 * MINUTE_MS, graceMs: 2 * MINUTE_MS },
            others: { deadlineMs: 15 * MINUTE_MS, graceMs: 5 * MINUTE_MS },
          }
        : defaultPolicy.deadlines,
    leaseMs: 10_000,
    ownLoadMs: 10_000,
  };
}
