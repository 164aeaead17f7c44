// One seed, one life: a machine, its person, its operator, its orchestrator and its host, for an hour
// in which everything goes wrong, and some calm hours in which it has to come right again.

import { chanceFrom, type Chance } from '../../orchestrator/simulation/seeded.js';
import { parseEntry } from '../../orchestrator/world/entry-log.loop.js';
import { Disk } from './disk.js';
import { checkEnd, isDone } from './end.js';
import { SimulatedMachine } from './machine.js';
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
  private readonly machine: SimulatedMachine;
  private readonly bootsHaveNames: boolean;
  /** By the clock on the wall, as scans are dated. */
  private calmSinceMs = Number.POSITIVE_INFINITY;

  constructor(private readonly seed: number) {
    this.chance = chanceFrom(seed);
    this.disk = new Disk(this.time, this.chance);
    this.software = new Software(this.chance);
    const cores = this.chance.below(2) === 0 ? 2 : 8;
    this.policies = new Policies(this.chance, this.time);
    this.bootsHaveNames = this.chance.below(8) > 0;
    const { time, chance, truth, disk, policies, software, faults, forever } = this;
    this.senses = new Senses(cores, {
      ...{ time, chance, truth, lifetime: forever },
      isRunning: () => this.machine.isRunning(),
      toHost: (readings) => this.machine.host?.see(readings),
      toOrchestrator: () => this.machine.wayToOrchestrator(),
    });
    const { senses, bootsHaveNames } = this;
    this.machine = new SimulatedMachine({
      ...{ time, chance, disk, software, policies, faults, truth, senses },
      ...{ forever, bootsHaveNames },
    });
    this.watch = new Watch({ time, disk, policies, truth, senses, small: cores === 2 });
  }

  async run(): Promise<Lived> {
    const { machine, software, disk, policies, watch } = this;
    await machine.comeBack();
    machine.orchestrator?.order(software.updaterIds.flatMap((id) => software.acceptance(id)));
    this.mischief();
    await this.until(START_MS + STORM_MS);
    await this.calm();
    await this.until(START_MS + STORM_MS + CALM_MS, () =>
      isDone(machine, software, this.calmSinceMs),
    );
    checkEnd(machine, { disk, software, policies, watch });
    return {
      seed: this.seed,
      simulatedMs: this.time.nowMs - START_MS,
      entryCount: disk.entries.length,
      stepCount: watch.stepCount,
      crashCount: machine.crashCount,
      kinds: [...new Set(disk.entries.map((entry) => parseEntry(entry).fact.kind))].sort(),
    };
  }

  private async until(atMs: number, isEnough = (): boolean => false): Promise<void> {
    while (!isEnough() && this.time.step(atMs)) {
      await this.time.settle();
      const { failure, host, orchestrator, link } = this.machine;
      if (failure !== undefined) throw failure as Error;
      this.watch.look(host, orchestrator, link !== undefined);
    }
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
    const { chance, senses, time, machine } = this;
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
    else if (dice < 60) machine.link?.cut();
    else if (dice < 66) machine.crashHost();
    else if (dice < 71) machine.crashOrchestrator();
    else if (dice < 74) senses.blind = !senses.blind;
    else if (dice < 76) senses.remote = !senses.remote;
    else if (dice < 79) this.changePolicy();
    else if (dice < 80) machine.restart();
    else machine.orchestrator?.order(chaosOrder(chance, this.software, time.wallMs));
    if (dice < 52 || (dice >= 71 && dice < 76)) senses.sense();
    else if (dice < 60) machine.reconnect();
  }

  private setClock(): void {
    const byMs = this.chance.below(2) === 0 ? DAY_MS : -DAY_MS;
    // Where its clock alone tells of a restart, one can be missed now, or made up.
    if (!this.bootsHaveNames) this.truth.restartsAreTold = false;
    this.senses.setClock(byMs);
    this.machine.clockWasSet();
  }

  /** As when its file was written anew. */
  private changePolicy(): void {
    this.policies.change();
    this.machine.orchestrator?.order([{ kind: 'policy.changed', policySha256: '' }]);
  }

  private async calm(): Promise<void> {
    this.calmSinceMs = this.time.wallMs;
    this.faults.on = false;
    this.disk.faults = false;
    await this.machine.comeBack();
    this.senses.awaySinceMs = this.time.nowMs;
    this.senses.mains = true;
    this.senses.blind = false;
    this.senses.remote = false;
    this.senses.setOthersBusy(false);
    this.senses.sense();
    this.policies.trust();
    this.machine.orchestrator?.order(peaceOrders(this.software));
    // Whoever is asked to restart the machine does, some time.
    for (const afterMs of RESTARTS_MS) {
      this.time.after(afterMs, this.forever, () => {
        this.machine.restart();
      });
    }
  }
}
