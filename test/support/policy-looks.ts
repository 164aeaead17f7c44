// Looks at one number of a policy: what is decided with it, in a situation that lies between its default and
// another value (test/policy-numbers.test.ts).

import {
  readingKey,
  withReadings,
  type Readings,
  type Signal,
  type Value,
} from '../../conditions/reading.js';
import { orderProblem, type OrderKind } from '../../orchestrator/api/order.js';
import { grantToWire } from '../../orchestrator/link/grant.wire.js';
import { parsePolicy } from '../../orchestrator/policy/file.parse.js';
import type { Policy } from '../../orchestrator/policy/policy.js';
import type { Update } from '../../orchestrator/runs/update.js';
import { decide } from '../../orchestrator/scheduler/decide.js';
import type { HostView } from '../../orchestrator/scheduler/host-view.js';
import type { Plan } from '../../orchestrator/scheduler/plan.js';
import {
  HOUR_MS,
  hostWith,
  offering,
  OTHER,
} from '../../orchestrator/scheduler/offering.testing.js';
import {
  admitted,
  at,
  enabled,
  failure,
  finished,
  found,
  NOW_MS,
  paused,
  perform,
  reading,
  started,
  submitted,
  thawed,
  trustingPolicy,
  updateOf,
  UPDATER,
  worldOf,
  type Dated,
} from '../../orchestrator/world/history.testing.js';

export const MINUTE_MS = 60_000;
const DAY_MS = 24 * HOUR_MS;
export const number = (value: number): Value => ({ kind: 'number', number: value });
export const flag = (value: boolean): Value => ({ kind: 'flag', flag: value });
export const word = (value: string): Value => ({ kind: 'word', word: value });
export const since = (ms: number): Value => number(NOW_MS - ms);
export const away = (ms: number, how: object = {}): Value => ({
  kind: 'presence',
  presence: { kind: 'away', sinceMs: NOW_MS - ms, ...how },
});

export function policyOf(text: string): Policy {
  const parsed = parsePolicy(text, 'UTC');
  if (parsed.kind === 'invalid') throw new Error(parsed.problems.join('; '));
  return { ...parsed.policy, publishers: trustingPolicy.publishers };
}

export type Look = (policy: Policy) => unknown;
interface Situation {
  readonly update?: Partial<Update>;
  readonly readings?: Partial<Record<Signal, Value>>;
  readonly more?: readonly Dated[];
  readonly host?: Partial<HostView>;
  /** Milliseconds after NOW_MS. */
  readonly laterMs?: number;
}

function planIn(
  policy: Policy,
  { update, readings, more = [], host, laterMs = 0 }: Situation,
): Plan {
  const dated = [...offering([updateOf('a', update)]), ...more];
  const view = { ...hostWith(readings), ...host };
  return decide(worldOf(dated, policy.retry), view, policy, NOW_MS + laterMs);
}

const mine = ({ waiting }: Plan) => waiting.find(({ subject }) => subject.state?.update.id === 'a');

/** Why `a` waits; nothing: it may begin. */
export const codes =
  (situation: Situation): Look =>
  (policy) =>
    mine(planIn(policy, situation))?.reasons.map(({ code }) => code) ?? [];
export const install = { nextAction: 'install' } as const;
/** A machine that bears more than one run. */
export const large = { 'cpu.cores': number(8), 'disk.rotating': flag(false) } as const;

/** How many of what runs are paused, go on or are stopped. */
export const held =
  (kind: 'pause' | 'resume' | 'stop', situation: Situation): Look =>
  (policy) =>
    planIn(policy, situation)[kind].length;

export const run = (update: Partial<Update> = {}) => [
  admitted('r', perform(updateOf('a', update))),
  started('r'),
];

/** It began an hour ago, and stands. */
export const pausedFor = (ms: number, ...before: Dated[]): Dated[] => [
  ...at(NOW_MS - HOUR_MS, ...run()),
  ...before,
  ...at(NOW_MS - ms, paused('r', 'PERSON_PRESENT')),
];

/** How urgent `a` has become after so many days. */
export const level =
  (days: number, update: Partial<Update> = {}): Look =>
  (policy) => {
    const { admit, waiting } = planIn(policy, { update, laterMs: days * DAY_MS - HOUR_MS });
    const all = [...admit, ...waiting];
    return all.find(({ subject }) => subject.state?.update.id === 'a')?.subject.level;
  };

/**
 * Whether ten minutes that cannot be frozen wait for a longer quiet, `days` after they were found and half a
 * minute after the screen was locked: four in ten such spells last so long. At every urgency it is
 * run while nobody is there: what may be felt waits for no quiet.
 */
export const unfrozen =
  (days: number): Look =>
  (policy) => {
    const sectioned = { critical_max_s: 600, actions: ['install'] };
    const again = [submitted(UPDATER, sectioned), enabled(), found([updateOf('a', install)])];
    const readings = { presence: away(30_000 - days * DAY_MS, { locked: true }) };
    const silent = { normal: 'silent', due: 'silent', overdue: 'silent' } as const;
    const more = at(NOW_MS - HOUR_MS, ...again);
    const situation = { update: install, readings, more, laterMs: days * DAY_MS };
    // Its scan is due as well, and has the slot.
    const reasons = mine(planIn({ ...policy, intrusion: silent }, situation))?.reasons;
    return reasons?.map(({ code }) => code).filter((code) => code === 'QUIET_TOO_SHORT');
  };

/** The machine woke up ten minutes ago, and its network is there since half a minute. */
export function networkBack(): Readings {
  const { readings } = hostWith({ 'resume.at': since(10 * MINUTE_MS) });
  const back = reading('network.connectivity', word('full'));
  return withReadings(readings, [{ ...back, observedAtMs: NOW_MS - 30_000 }]);
}

/** In how many minutes it is tried again after `count` failures; what is drawn by lot is rounded off. */
export const retried =
  (count: number, outcome: ReturnType<typeof failure>, update: Partial<Update> = {}): Look =>
  (policy) => {
    const fails = Array.from({ length: count }, (_, n) => [
      admitted(`f${String(n)}`, perform(updateOf('a', update)), { attempt: 9 }),
      started(`f${String(n)}`),
      finished(`f${String(n)}`, outcome),
    ]).flat();
    const reason = mine(planIn(policy, { update, more: at(NOW_MS - 1, ...fails) }))?.reasons[0];
    const ms = (reason?.untilMs ?? Number.NaN) - NOW_MS;
    return reason?.code === 'GAVE_UP' ? 'GAVE_UP' : Number((ms / MINUTE_MS).toPrecision(1));
  };

/** Each ended by its limit of time. */
export const crashes = (...minutesAgo: number[]): Dated[] =>
  minutesAgo.flatMap((minutes, n) =>
    at(
      NOW_MS - minutes * MINUTE_MS,
      admitted(`c${String(n)}`, perform(updateOf('a')), { attempt: 9 }),
      finished(`c${String(n)}`, failure('TIME_LIMIT')),
    ),
  );

/** It went on half a minute ago, and somebody was there again for a moment. */
export const wentOn = pausedFor(
  20_000,
  ...at(NOW_MS - 10 * MINUTE_MS, paused('r', 'PERSON_PRESENT')),
  ...at(NOW_MS - 30_000, { kind: 'run.resumed', runId: 'r' }, thawed('r')),
);
/** What `a` is too large for, and another one is not. */
export const dear = { 'network.metered': word('yes') };
export const otherWaits = at(NOW_MS - 1, found([updateOf('b', { downloadBytes: 1 })], OTHER));

/** Nine in a row within the last minute: two more than there are actions. */
export const steps = [1, 2, 3, 4, 5, 6, 7, 8, 9].flatMap((n) =>
  at(
    NOW_MS - 30_000,
    admitted(`s${String(n)}`, perform(updateOf('a'))),
    finished(`s${String(n)}`, { kind: 'more_to_do', nextAction: 'download' }),
  ),
);

/** Which attempt follows a crash. */
export const repeated: Look = (policy) =>
  planIn(policy, {
    more: at(NOW_MS - 1, ...run(), finished('r', failure('UPDATER_CRASHED'))),
    laterMs: MINUTE_MS,
  }).admit[0]?.attempt;

/** Another updater's, which runs. */
export const beside = (action: Partial<Update>): Dated[] =>
  at(
    NOW_MS - MINUTE_MS,
    found([updateOf('b', action)], OTHER),
    admitted('q', perform(updateOf('b', action)), { updaterId: OTHER }),
    started('q'),
  );

/** A restart that was agreed to: what it waits for, or for when it was ordered. At 17:46 on a Sunday. */
export const restarting: Look = (policy) => {
  const update = { nextAction: 'reboot' } as const;
  const plan = planIn({ ...policy, restarts: 'allow' }, { update, readings: quiet });
  const waits = mine(plan)?.reasons.map(({ code }) => code) ?? [];
  const { order } = plan.restart;
  return order === undefined ? waits : (order.atMs - NOW_MS) / MINUTE_MS;
};
/** It has not restarted since that was asked for. */
export const quiet = { 'boot.at': since(DAY_MS) };

function withApp(readings: Readings): Readings {
  const running = reading('app.running', flag(true), '/usr/bin/a');
  return new Map([...readings, [readingKey('app.running', '/usr/bin/a'), running]]);
}

/** What an install that is overdue waits for beside an open program, twenty days after it was found. */
export const openApp: Look = (policy) => {
  const update = updateOf('a', { ...install, security: true, closedApps: ['/usr/bin/a'] });
  const view = { ...hostWith(), readings: withApp(hostWith().readings) };
  const dated = offering([update]).map(([ms, fact]): Dated => [ms - 20 * DAY_MS, fact]);
  return mine(decide(worldOf(dated), view, policy, NOW_MS))?.reasons.map(({ code }) => code);
};

/** What its host is told of limits that it keeps by itself. */
export const granted =
  (pick: (grant: Record<string, Record<string, unknown>>) => unknown): Look =>
  (policy) => {
    const [admission] = planIn(policy, {}).admit;
    const version = admission?.subject.updater.accepted?.version;
    if (admission === undefined || version === undefined) throw new Error('it is admitted');
    const { runId, epoch, attempt, guard, subject } = admission;
    const { leaseMs, network, callsPerMinuteMax, keepAwakeMsMax, disk } = policy;
    const { value } = grantToWire({
      ...{ runId, epoch, attempt, leaseMs, guard, callsPerMinuteMax, keepAwakeMsMax, network },
      ...{ settings: new Map(), work: subject.work, disk },
      ...{ manifest: version.manifest, envelope: version.envelope },
    }) as { value: unknown };
    return pick(value as Record<string, Record<string, unknown>>);
  };

export const onBattery = (percent: number) => ({
  'power.ac': flag(false),
  'power.battery': number(percent),
});
export const unknown: Value = { kind: 'unknown', why: 'nobody tells' };
export const gone = failure('UPSTREAM_DOWN');
export const bad = failure('DIGEST_MISMATCH');
export const odd = failure('UPDATER_ERROR');

/** Whether an order for so long is refused. */
export const refusesFor =
  (kind: OrderKind, days: number): Look =>
  (policy) =>
    orderProblem(kind, 'it has a reason', days * DAY_MS, policy) !== undefined;
