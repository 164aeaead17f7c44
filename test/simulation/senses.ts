// The machine and its sensors: who is there, what feeds it, what keeps it busy, and what the clock on its
// wall shows. The host sees every change at once, the orchestrator a little later and in order.

import { isDeepStrictEqual } from 'node:util';
import type { Readings } from '../../conditions/reading.js';
import { readingsAt, readingOf } from '../../orchestrator/simulation/calm.js';
import type { Chance } from '../../orchestrator/simulation/seeded.js';
import type { Sight, Truth } from './truth.js';
import type { Lifetime, VirtualTime } from './virtual-time.js';

/** What a run of ours leaves in the measurements, shorter than policy's `ownLoadMs`. */
const OWN_LOAD_MS = 6_000;
const MEASURE_EVERY_MS = 3_000;
const HEARD_MS_MEAN = 5;
/** Surely heard of by then. */
const HEARD_MS_MAX = 1_000;
/** After the clock was set nobody's instants can be compared for a while. */
const CLOCK_SETTLES_MS = 30_000;
const LONG_MS = 86_400_000;

export class Senses {
  awaySinceMs: number | undefined;
  locked = false;
  dark = false;
  mains = true;
  /** Whether the sensors know of persons at all. */
  blind = false;
  remote = false;
  /** How often the machine has started. */
  bootCount = 1;
  private bootAtMs: number;
  private othersBusy = false;
  private othersChangedAtMs = 0;
  private heardAtMs = 0;
  private measuring = false;
  private told: Readings = new Map();
  private known: { readonly state: string; readonly readings: Readings } = {
    state: '',
    readings: new Map(),
  };
  private lastRanAtMs = Number.NEGATIVE_INFINITY;
  private clockSetAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly cores: number,
    private readonly deps: {
      readonly time: VirtualTime;
      readonly chance: Chance;
      readonly truth: Truth;
      readonly lifetime: Lifetime;
      /** Whether a run of ours uses the machine now. */
      readonly isRunning: () => boolean;
      readonly toHost: (readings: Readings) => void;
      /** To whoever is the orchestrator now; told when it has heard. */
      readonly toOrchestrator: () => (readings: Readings) => boolean;
    },
  ) {
    this.bootAtMs = deps.time.wallMs - LONG_MS;
  }

  /** The machine has started anew. */
  booted(): void {
    this.bootAtMs = this.deps.time.wallMs;
    this.bootCount += 1;
  }

  /** Since when nobody is there, as far as anybody knows. */
  get seenAwaySinceMs(): number | undefined {
    return this.blind ? undefined : this.awaySinceMs;
  }

  /** Whoever watches hears of what changed, and of nothing that is as it was. */
  sense(): void {
    const { time, chance, truth, lifetime, toHost, toOrchestrator } = this.deps;
    this.noteOwnLoad();
    const readings = this.readings();
    if (readings === this.told) return;
    this.told = readings;
    toHost(readings);
    const sight = this.sightNow();
    const tell = toOrchestrator();
    this.heardAtMs = Math.max(this.heardAtMs, time.nowMs + chance.waiting(HEARD_MS_MEAN));
    time.after(this.heardAtMs - time.nowMs, lifetime, () => {
      if (tell(readings)) truth.sights.push({ ...sight, atMs: time.wallMs });
    });
  }

  /** What the sensors say, each of it since it is so. */
  readings(): Readings {
    const sight = this.sightNow();
    const ownLoad = this.deps.time.nowMs - this.lastRanAtMs < OWN_LOAD_MS;
    const state = JSON.stringify([{ ...sight, atMs: 0 }, this.blind, this.bootAtMs, ownLoad]);
    if (state !== this.known.state) {
      const { readings: known } = this.known;
      const readings = new Map(this.measured(sight, ownLoad));
      for (const [key, reading] of readings) {
        const before = known.get(key);
        if (before !== undefined && isDeepStrictEqual(before.value, reading.value))
          readings.set(key, before);
      }
      this.known = { state, readings };
    }
    return this.known.readings;
  }

  /** They count an absence without the jumps of the clock. */
  private measured({ atMs, mains, awaySinceMs }: Sight, ownLoad: boolean): Readings {
    const away = awaySinceMs === undefined ? {} : { awaySinceMs };
    const readings = new Map(readingsAt({ atMs, mains, ...away }));
    const presence = readings.get('presence');
    if (presence !== undefined && awaySinceMs !== undefined) {
      const locked = this.locked ? ({ locked: true } as const) : {};
      const dark = this.dark ? ({ dark: true } as const) : {};
      const away = { kind: 'away', sinceMs: awaySinceMs, ...locked, ...dark } as const;
      readings.set('presence', { ...presence, value: { kind: 'presence', presence: away } });
    }
    if (this.blind && presence !== undefined) {
      readings.set('presence', { ...presence, value: { kind: 'unknown', why: 'no sensor' } });
    }
    const remote = { kind: 'flag', flag: this.remote } as const;
    readings.set('session.remote', readingOf('session.remote', remote, atMs));
    const boot = { kind: 'number', number: this.bootAtMs } as const;
    readings.set('boot.at', readingOf('boot.at', boot, atMs));
    const measured = [
      ['cpu.cores', this.cores],
      ['cpu.busy', this.othersBusy || ownLoad ? 60 : 1],
    ] as const;
    for (const [signal, number] of measured) {
      const reading = readings.get(signal);
      if (reading !== undefined) {
        readings.set(signal, { ...reading, value: { kind: 'number', number } });
      }
    }
    return readings;
  }

  sightNow(): Sight {
    const { time } = this.deps;
    const sinceMs = this.seenAwaySinceMs;
    const away = sinceMs === undefined ? undefined : time.nowMs - sinceMs;
    const awaySinceMs = away === undefined ? undefined : time.wallMs - away;
    const { locked, dark, mains, othersBusy, remote } = this;
    return { atMs: time.wallMs, awaySinceMs, locked, dark, mains, othersBusy, remote };
  }

  setOthersBusy(busy: boolean): void {
    this.othersBusy = busy;
    this.othersChangedAtMs = this.deps.time.nowMs;
  }

  toggleOthersBusy(): void {
    this.setOthersBusy(!this.othersBusy);
  }

  /** Nobody else has used the machine for long enough that the orchestrator knows. */
  othersWereCalm(): boolean {
    return !this.othersBusy && this.deps.time.nowMs - this.othersChangedAtMs > HEARD_MS_MAX;
  }

  /** Somebody corrects the clock, or sets it wrong. */
  setClock(byMs: number): void {
    this.deps.time.setClock(byMs);
    this.bootAtMs += byMs; // As the kernel reckons it: from now, and for how long it has been up.
    this.clockSetAtMs = this.deps.time.nowMs;
  }

  clockIsSteady(): boolean {
    return this.deps.time.nowMs - this.clockSetAtMs > CLOCK_SETTLES_MS;
  }

  /** The sensors look again while something of ours shows in what they measure. */
  measure(): void {
    this.noteOwnLoad();
    if (this.measuring) return;
    this.measuring = true;
    const { time, lifetime } = this.deps;
    time.after(MEASURE_EVERY_MS, lifetime, () => {
      this.measuring = false;
      this.sense();
      if (time.nowMs - this.lastRanAtMs < OWN_LOAD_MS + MEASURE_EVERY_MS) this.measure();
    });
  }

  private noteOwnLoad(): void {
    if (this.deps.isRunning()) this.lastRanAtMs = this.deps.time.nowMs;
  }
}
