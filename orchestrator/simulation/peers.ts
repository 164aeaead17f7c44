// What others' updaters would have done with the same errands: their rules as their sources and pages
// state them, replayed. Each does its work without failing, and keeps what it has done when it stops.
// Where a recording lacks a signal that a rule looks at, the rule takes it as they do: for granted.

import { valueOf, type Readings, type Signal } from '../../conditions/reading.js';
import { attempt } from './attempt.js';
import { endOf, type Errand, type Ride, type Runner } from './errand.js';
import { chanceFrom, type Chance } from './seeded.js';
import { intersection, type Span } from './span.js';
import { spansWhere } from './walk.js';
import { inDays, wallDaysOf } from './wall.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

export interface Peer extends Runner {
  readonly looksAt: readonly Signal[];
}

/** A timer at a fixed hour: it asks nobody. */
const cron: Peer = {
  name: 'cron 04:00',
  looksAt: [],
  run: (errand) => attempt(errand, ticks(wallDaysOf(errand).map(({ at }) => at(4))), undefined),
};

/** Universal Blue's updater: three looks in ten minutes, then tomorrow; none while it runs. */
const uupd: Peer = {
  name: 'uupd',
  looksAt: [
    ...(['power.ac', 'power.battery', 'power.saver', 'network.metered'] as const),
    ...(['network.connectivity', 'network.others', 'memory.used'] as const),
  ],
  run: (errand) => {
    const chance = chanceOf(errand, 'uupd');
    const looks = wallDaysOf(errand).flatMap(({ at }) => {
      const firstMs = at(4) + chance.share() * 15 * MINUTE_MS;
      return [0, 5, 10].map((minutes) => firstMs + minutes * MINUTE_MS);
    });
    const agreed = spansWhere(errand.trace, (readings) => {
      const low = number(readings, 'power.battery', 100) < 20;
      if (!flag(readings, 'power.ac', true) && (low || flag(readings, 'power.saver', false))) {
        return false;
      }
      const connected = word(readings, 'network.connectivity', 'full') === 'full';
      const calm = number(readings, 'network.others', 0) <= 700_000;
      const room = number(readings, 'memory.used', 0) <= 90;
      return !isMetered(readings) && connected && calm && room;
    });
    return attempt(errand, intersection(ticks(looks), agreed), undefined);
  },
};

/** Debian's: once a day; mains and the network are looked at between two sets of packages. */
const unattendedUpgrades: Peer = {
  name: 'unattended-upgrades',
  looksAt: ['power.ac', 'network.metered'],
  run: (errand) => {
    const chance = chanceOf(errand, 'unattended-upgrades');
    const starts = wallDaysOf(errand).map(({ at }) => at(6) + chance.share() * HOUR_MS);
    const goesOn = spansWhere(
      errand.trace,
      (readings) => flag(readings, 'power.ac', true) && !isMetered(readings),
    );
    return attempt(errand, ticks(starts), goesOn);
  },
};

/** Looks every hour of a day from a random one on. Power saver and a metered network cancel it. */
const gnomeSoftware: Peer = {
  name: 'GNOME Software',
  looksAt: ['power.ac', 'power.battery', 'power.saver', 'network.metered', 'attention.game'],
  run: (errand) => {
    const chance = chanceOf(errand, 'gnome-software');
    const looks = wallDaysOf(errand).flatMap(({ at }) => {
      const firstHour = 6 + chance.share() * 5;
      const hours = Array.from({ length: 24 }, (_, i) => firstHour + i);
      return hours.filter((hour) => hour < 24).map(at);
    });
    const goesOn = spansWhere(
      errand.trace,
      (readings) => !isMetered(readings) && !flag(readings, 'power.saver', false),
    );
    const agreed = spansWhere(errand.trace, (readings) => {
      const low = !flag(readings, 'power.ac', true) && number(readings, 'power.battery', 100) < 20;
      return !low && !flag(readings, 'attention.game', false);
    });
    return attempt(errand, intersection(ticks(looks), intersection(agreed, goesOn)), goesOn);
  },
};

/** Four times a day, at random. That the app is closed, which it waits for, no recording tells. */
const snapd: Peer = {
  name: 'snapd',
  looksAt: ['app.running'],
  run: (errand) => {
    const chance = chanceOf(errand, 'snapd');
    const starts = wallDaysOf(errand).flatMap(({ at }) =>
      [0, 6, 12, 18].map((hour) => at(hour + chance.share() * 6)),
    );
    return attempt(errand, ticks(starts), undefined);
  },
};

/** Fedora CoreOS's, in a window: sessions are waited for ten minutes, then it goes ahead. */
const zincati: Peer = {
  name: 'Zincati, 02-06',
  looksAt: ['presence'],
  run: (errand) => {
    const starts = inDays(wallDaysOf(errand), 2, 6).flatMap(({ fromMs, toMs }) =>
      withPatience(errand, { fromMs, toMs }, 10 * MINUTE_MS),
    );
    return attempt(errand, starts, undefined);
  },
};

/** Whenever nobody is there, and for the rest of it after so long. */
function withPatience({ trace, arrivalMs }: Errand, window: Span, patienceMs: number): Span[] {
  const fromMs = Math.max(window.fromMs, arrivalMs);
  if (fromMs >= window.toMs) return [];
  const alone = intersection(trace.away, [{ fromMs, toMs: fromMs + patienceMs }]);
  const { toMs } = window;
  const forced = fromMs + patienceMs < toMs ? [{ fromMs: fromMs + patienceMs, toMs }] : [];
  return [...intersection(alone, [window]), ...forced];
}

/** Chromium's updater: every four and a half hours. */
const chromium: Peer = {
  name: "Chromium's updater",
  looksAt: [],
  run: (errand) => {
    const everyMs = 4.5 * HOUR_MS;
    const firstMs = errand.arrivalMs + chanceOf(errand, 'chromium').share() * everyMs;
    const starts: number[] = [];
    for (let atMs = firstMs; atMs < endOf(errand); atMs += everyMs) starts.push(atMs);
    return attempt(errand, ticks(starts), undefined);
  },
};

/** A task that Windows runs when idle: four minutes without input, processor and disk idle. */
const windowsIdle: Peer = {
  name: 'Windows idle task',
  looksAt: ['presence', 'cpu.busy', 'disk.busy'],
  run: (errand) => {
    const { trace } = errand;
    const lazy = spansWhere(
      trace,
      (readings) => number(readings, 'cpu.busy', 0) < 20 && number(readings, 'disk.busy', 0) < 20,
    );
    return attempt(errand, intersection(ripe(trace.away, 4 * MINUTE_MS), lazy), trace.away);
  },
};

/** A job that Android runs when idle and charging; at its deadline it runs whoever is there. */
const androidIdle: Peer = {
  name: 'Android idle job',
  looksAt: ['presence', 'power.ac', 'network.metered'],
  run: (errand) => {
    const { trace, deadlineMs, workMs } = errand;
    const charging = spansWhere(
      trace,
      (readings) => flag(readings, 'power.ac', true) && !isMetered(readings),
    );
    const idle = intersection(trace.away, charging);
    const overrideMs = deadlineMs - workMs;
    const forced = { fromMs: overrideMs, toMs: Infinity };
    const calm = attempt({ ...errand, untilMs: overrideMs }, ripe(idle, 31 * MINUTE_MS), idle);
    if (calm.finishedAtMs !== undefined) return calm;
    return joined(calm, errand, [forced]);
  },
};

/** What was left over is done at once. */
function joined(before: Ride, errand: Errand, starts: readonly Span[]): Ride {
  const doneMs = before.ran.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
  const lastMs = before.ran.at(-1)?.toMs ?? errand.arrivalMs;
  const rest = { ...errand, workMs: errand.workMs - doneMs, arrivalMs: lastMs };
  const after = attempt(rest, starts, undefined);
  return { ...after, ran: [...before.ran, ...after.ran], interruptions: before.interruptions };
}

export const peers: readonly Peer[] = [
  ...[cron, uupd, unattendedUpgrades, gnomeSoftware, snapd, zincati, chromium, windowsIdle],
  androidIdle,
];

/** Instants as spans in which one can begin. */
function ticks(instants: readonly number[]): Span[] {
  return instants.map((atMs) => ({ fromMs: Math.round(atMs), toMs: Math.round(atMs) + 1 }));
}

/** What is left of spans after they have lasted for so long. */
function ripe(spans: readonly Span[], forMs: number): Span[] {
  return spans
    .filter(({ fromMs, toMs }) => toMs - fromMs > forMs)
    .map(({ fromMs, toMs }) => ({ fromMs: fromMs + forMs, toMs }));
}

/** The same for the same machine and rule, another one for each. */
function chanceOf({ trace, arrivalMs }: Errand, rule: string): Chance {
  let seed = Math.floor(arrivalMs / MINUTE_MS);
  for (const char of `${rule} ${trace.device}`) {
    seed = Math.imul(seed ^ (char.codePointAt(0) ?? 0), 16_777_619);
  }
  return chanceFrom(seed);
}

function flag(readings: Readings, signal: Signal, otherwise: boolean): boolean {
  const value = valueOf(readings, signal);
  return value.kind === 'flag' ? value.flag : otherwise;
}

function number(readings: Readings, signal: Signal, otherwise: number): number {
  const value = valueOf(readings, signal);
  return value.kind === 'number' ? value.number : otherwise;
}

function word(readings: Readings, signal: Signal, otherwise: string): string {
  const value = valueOf(readings, signal);
  return value.kind === 'word' ? value.word : otherwise;
}

function isMetered(readings: Readings): boolean {
  return ['yes', 'guess-yes'].includes(word(readings, 'network.metered', 'no'));
}
