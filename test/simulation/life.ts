// One seed, one life: a machine, its person, its operator, its orchestrator and its host, for an hour
// in which everything goes wrong, and some calm hours in which it has to come right again.

import { chanceFrom, type Chance } from '../../orchestrator/simulation/seeded.js';
import type { CancelTimer } from '../../runtime/clock.js';
import { parseEntry } from '../../orchestrator/world/entry-log.loop.js';
import { Disk } from './disk.js';
import { SimulatedHost } from './host.js';
import { updateKey, type UpdateState } from '../../orchestrator/world/world.js';
import { InvariantError } from './invariant-error.js';
import { checkJournal, checkReasons } from './invariants.js';
import { Link } from './link.js';
import { Handled, SimulatedOrchestrator } from './orchestrator.js';
import { chaosOrder, peaceOrders } from './orders.js';
import { Policies } from './policy.js';
import { Senses } from './senses.js';
import { Software } from './software.js';
import { Truth } from './truth.js';
import { VirtualTime, type Lifetime } from './virtual-time.js';
import { Watch } from './watch.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** An hour of the rhythm ends in the storm. */
const START_MS = Date.UTC(2030, 0, 7, 12, 40);
const STORM_MS = 40 * MINUTE_MS;
/** Two scans, and every wait that a failure can have led to, fit in. */
const CALM_MS = 3 * HOUR_MS;
const RESTARTS_MS = [60 * MINUTE_MS, 120 * MINUTE_MS];
const DAY_MS = 24 * HOUR_MS;

export interface Lived {
  readonly seed: number;
  readonly simulatedMs: number;
  readonly entryCount: number;
  readonly stepCount: number;
  readonly crashCount: number;
  /** Every kind of entry that its journal has. */
  readonly kinds: readonly string[];
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
  private readonly policies: Policies;
  private readonly faults = { on: true };
  private readonly truth = new Truth();
  private readonly forever: Lifetime = { over: false };
  private readonly senses: Senses;
  private readonly watch: Watch;
  private host: SimulatedHost | undefined;
  private orchestrator: SimulatedOrchestrator | undefined;
  private handled: Handled | undefined;
  private link: Link | undefined;
  private restartTimer: CancelTimer = () => undefined;
  /** Some kernels do not say which start of the machine it is. */
  private readonly bootsHaveNames: boolean;
  private restartAtMs: number | undefined;
  private hostCount = 0;
  private crashCount = 0;
  /** By the clock on the wall, as scans are dated. */
  private calmSinceMs = Number.POSITIVE_INFINITY;
  private failure: unknown;

  constructor(private readonly seed: number) {
    this.chance = chanceFrom(seed);
    this.disk = new Disk(this.time, this.chance);
    this.software = new Software(this.chance);
    const cores = this.chance.below(2) === 0 ? 2 : 8;
    this.policies = new Policies(this.chance, this.time);
    this.bootsHaveNames = this.chance.below(8) > 0;
    const { time, chance, truth, disk, policies } = this;
    this.senses = new Senses(cores, {
      ...{ time, chance, truth, lifetime: this.forever },
      isRunning: () => [...(this.host?.runs.values() ?? [])].some(({ holds }) => holds.size === 0),
      toHost: (readings) => this.host?.see(readings),
      toOrchestrator: () => {
        const { orchestrator } = this;
        return (readings) => {
          if (orchestrator === undefined || orchestrator !== this.orchestrator) return false;
          orchestrator.see(readings);
          return true;
        };
      },
    });
    const { senses } = this;
    this.watch = new Watch({ time, disk, policies, truth, senses, small: cores === 2 });
  }

  async run(): Promise<Lived> {
    this.startHost();
    await this.startOrchestrator();
    this.orchestrator?.order(
      this.software.updaterIds.flatMap((id) => this.software.acceptance(id)),
    );
    this.mischief();
    await this.until(START_MS + STORM_MS);
    await this.calm();
    await this.until(START_MS + STORM_MS + CALM_MS, () => this.isDone());
    this.checkEnd();
    return {
      seed: this.seed,
      simulatedMs: this.time.nowMs - START_MS,
      entryCount: this.disk.entries.length,
      stepCount: this.watch.stepCount,
      crashCount: this.crashCount,
      kinds: [...new Set(this.disk.entries.map((entry) => parseEntry(entry).fact.kind))].sort(),
    };
  }

  private async until(atMs: number, isEnough = (): boolean => false): Promise<void> {
    while (!isEnough() && this.time.step(atMs)) {
      await this.time.settle();
      if (this.failure !== undefined) throw this.failure as Error;
      this.watch.look(this.host, this.orchestrator, this.link !== undefined);
    }
  }

  /** There is nothing left to do, and all that is told of it has been heard. */
  private isDone(): boolean {
    const { orchestrator, host } = this;
    if (orchestrator === undefined || host === undefined) return false;
    const { updates, runs, updaters } = orchestrator.ledger.world;
    const scans = [...updaters.values()].map(({ lastScanAtMs = 0 }) => lastScanAtMs);
    const isOver = [...updates.values()].every(isGivenUp);
    const idle = isOver && runs.size + host.runs.size + host.outbox.length === 0;
    const scanned = scans.every((atMs) => atMs > this.calmSinceMs);
    return (
      idle &&
      scanned &&
      this.software.updaterIds.every((id) =>
        this.software.pending(id).every((update) => updates.has(updateKey(id, update.id))),
      )
    );
  }

  /** At the end everything is done, nothing is held, and the journal tells it as it was. */
  private checkEnd(): void {
    const { orchestrator } = this;
    if (orchestrator === undefined) throw new InvariantError('nobody is left');
    checkReasons(orchestrator.ledger.inForce, orchestrator.planNow());
    checkJournal(this.disk, orchestrator.ledger.world, this.policies.current.retry);
    const { world } = orchestrator.ledger;
    // What does not work was put back, and waits for a person: nobody is one in the calm.
    const undone = [...world.updates.values()].filter((state) => !isGivenUp(state));
    for (const [subject, state] of world.updates)
      if (isGivenUp(state)) this.watch.audit.verdicts.mayBeGivenUp(subject);
    const waits = new Set([...world.updates.keys()]);
    for (const { updaterId, update } of undone) waits.delete(updateKey(updaterId, update.id));
    const open = this.software.updaterIds.flatMap((updaterId) =>
      this.software.pending(updaterId).filter(({ id }) => !waits.has(updateKey(updaterId, id))),
    );
    if (open.length > 0 || undone.length > 0) {
      const why = orchestrator
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
    const { chance, senses, time } = this;
    const dice = chance.below(112);
    if (dice < 40) {
      const isThere = senses.awaySinceMs === undefined;
      senses.locked = chance.below(2) === 0;
      const agoMs = isThere ? chance.below(300_000) : 0;
      senses.dark = !senses.locked && agoMs % 2 === 0;
      senses.awaySinceMs = isThere ? time.nowMs - agoMs : undefined;
    } else if (dice < 48) senses.mains = !senses.mains;
    else if (dice < 51) senses.toggleOthersBusy();
    else if (dice < 52) this.setClock();
    else if (dice < 60) this.link?.cut();
    else if (dice < 66) this.crashHost();
    else if (dice < 71) this.crashOrchestrator();
    else if (dice < 74) senses.blind = !senses.blind;
    else if (dice < 76) senses.remote = !senses.remote;
    else if (dice < 79) this.changePolicy();
    else if (dice < 80) this.restart();
    else this.orchestrator?.order(chaosOrder(chance, this.software, time.wallMs));
    if (dice < 52 || (dice >= 71 && dice < 76)) senses.sense();
    else if (dice < 60) this.reconnect();
  }

  private setClock(): void {
    const byMs = this.chance.below(2) === 0 ? DAY_MS : -DAY_MS;
    // Where its clock alone tells of a restart, one can be missed now, or made up.
    if (!this.bootsHaveNames) this.truth.restartsAreTold = false;
    this.senses.setClock(byMs);
    this.restartAt(this.restartAtMs);
  }

  /** As when its file was written anew. */
  private changePolicy(): void {
    this.policies.change();
    this.orchestrator?.order([{ kind: 'policy.changed', policySha256: '' }]);
  }

  /** The machine: everything on it ends, and comes back. */
  private restart(): void {
    this.restartAt(undefined);
    this.crashOrchestrator();
    this.crashHost();
    this.senses.booted();
  }

  /** By the clock on the wall, as logind does it: whoever sets that moves the restart. */
  private restartAt(atMs: number | undefined): void {
    this.restartTimer();
    this.restartAtMs = atMs;
    if (atMs === undefined) return;
    this.restartTimer = this.time.after(atMs - this.time.wallMs, this.forever, () => {
      this.restart();
    });
  }

  private async calm(): Promise<void> {
    this.calmSinceMs = this.time.wallMs;
    this.faults.on = false;
    this.disk.faults = false;
    if (this.host === undefined) this.startHost();
    if (this.orchestrator === undefined) await this.startOrchestrator();
    this.senses.awaySinceMs = this.time.nowMs;
    this.senses.mains = true;
    this.senses.blind = false;
    this.senses.remote = false;
    this.senses.setOthersBusy(false);
    this.senses.sense();
    this.policies.trust();
    this.orchestrator?.order(peaceOrders(this.software));
    // Whoever is asked to restart the machine does, some time.
    for (const afterMs of RESTARTS_MS) {
      this.time.after(afterMs, this.forever, () => {
        this.restart();
      });
    }
  }

  private get bootId(): string | undefined {
    return this.bootsHaveNames ? `boot-${String(this.senses.bootCount)}` : undefined;
  }

  private startHost(): void {
    this.hostCount += 1;
    const instanceId = `instance-${String(this.hostCount)}`;
    this.truth.lives(instanceId, this.senses.bootCount);
    this.host = new SimulatedHost(instanceId, this.bootId, {
      time: this.time,
      chance: this.chance,
      software: this.software,
      faults: this.faults,
      readings: this.senses.readings(),
      truth: this.truth,
      restart: (atMs) => {
        this.restartAt(atMs);
      },
      posted: () => {
        this.link?.pump();
        this.senses.measure();
      },
    });
    this.connect();
  }

  private async startOrchestrator(): Promise<void> {
    const { time, disk, policies } = this;
    this.truth.sights.push(this.senses.sightNow());
    const started = await SimulatedOrchestrator.start({
      time,
      disk,
      policy: () => policies.current,
      readings: this.senses.readings(),
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

/** Put back, or nobody can. */
function isGivenUp({ gaveUp }: UpdateState): boolean {
  return gaveUp?.code === 'MARKED_BAD' || gaveUp?.code === 'LOST';
}
