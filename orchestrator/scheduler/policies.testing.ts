// Any policy that a file can say, also an odd one: what it names is mostly as by default, and now and then at
// the end of what is possible.

import fc from 'fast-check';
import { levels } from '../../conditions/confinement.js';
import { thermalWords } from '../../conditions/reading.js';
import type { Policy, PolicyHold, Ring } from '../policy/policy.js';
import { days, type Window } from '../policy/window.js';
import { intrusions, type Intrusion } from '../runs/intrusion.js';
import { NOW_MS, trustingPolicy } from '../world/history.testing.js';
import { willingPolicy } from './willing.testing.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const YEAR_MS = 366 * 24 * HOUR_MS;

/** What is there by default, three times of four. */
function mostly<T>(usual: T, ...odd: readonly fc.Arbitrary<T>[]): fc.Arbitrary<T> {
  return fc.oneof({ weight: 3 * odd.length, arbitrary: fc.constant(usual) }, ...odd);
}

const { waiting, deadlines, breaker, battery, heat, quietChance, load } = trustingPolicy;
const durationMs = fc.oneof(
  fc.constantFrom(0, 1, 1_000, MINUTE_MS, HOUR_MS, YEAR_MS),
  fc.nat(200 * HOUR_MS),
);
const chance = fc.double({ min: 0, max: 1, noNaN: true });

const anyWaiting = fc.record(
  Object.fromEntries(
    Object.entries(waiting).map(([key, usualMs]) => [key, mostly(usualMs, durationMs)]),
  ) as { [K in keyof Policy['waiting']]: fc.Arbitrary<number> },
);

const rule = fc.record({ deadlineMs: durationMs, graceMs: durationMs });
const anyDeadlines = fc.record({
  critical: mostly(deadlines.critical, rule),
  security: mostly(deadlines.security, rule),
  others: mostly(deadlines.others, rule),
});

const windows = fc
  .record({
    days: fc.subarray([...days], { minLength: 1 }),
    fromMinute: fc.nat(1_439),
    toMinute: fc.nat(1_440),
  })
  .filter(({ fromMinute, toMinute }) => fromMinute !== toMinute);
const anyWindows = mostly<readonly Window[]>(
  [],
  windows.map((window): readonly Window[] => [{ ...window, days }]),
  fc.array(windows, { minLength: 1, maxLength: 2 }),
);

const anyLevels = fc
  .array(fc.constantFrom<Intrusion>(...intrusions, 'silent'), { minLength: 3, maxLength: 3 })
  .map((all): Policy['intrusion'] => {
    const rank = (level: Intrusion): number => intrusions.indexOf(level);
    const [normal = 'silent', due = 'silent', overdue = 'silent'] = [...all].sort(
      (a, b) => rank(a) - rank(b),
    );
    return { normal, due, overdue };
  });

const ring = fc.record({
  name: fc.constantFrom('first', 'second'),
  percent: fc.constantFrom(0.001, 1, 50),
  soakMs: durationMs,
});
const anyRollout = mostly<Policy['rollout']>(
  trustingPolicy.rollout,
  fc.record({
    rings: fc.uniqueArray<Ring, string>(ring, { selector: ({ name }) => name, minLength: 1 }),
    failuresMax: fc.integer({ min: 1, max: 2 }),
  }),
);

const hold = fc.record({
  updater: fc.constantFrom('com.acme.*', 'com.acme.tool', 'org.other'),
  why: fc.constant('w'),
  untilMs: fc.oneof(
    fc.constant(Infinity),
    durationMs.map((ms) => NOW_MS + ms),
  ),
});

/** Of people, machines and a fleet. */
const anyRules = fc.record({
  publishers: mostly(trustingPolicy.publishers, fc.constant([])),
  scopes: mostly(trustingPolicy.scopes, fc.constant([])),
  holds: mostly<readonly PolicyHold[]>(
    [],
    hold.map((each) => [each]),
  ),
  groups: mostly<Policy['groups']>(
    [],
    fc.constant([{ name: 'tills', hosts: ['host-*'], atOnceMax: 1 }]),
  ),
  rollout: anyRollout,
  confinement: mostly(trustingPolicy.confinement, fc.constantFrom(...levels)),
  restarts: fc.constantFrom('ask' as const, 'allow' as const),
  restartWarningMs: mostly(trustingPolicy.restartWarningMs, durationMs),
  activeHours: fc.record({ fromHour: fc.nat(23), toHour: fc.integer({ min: 1, max: 24 }) }),
  slots: fc.record({
    change: fc.integer({ min: 1, max: 2 }),
    fetch: fc.constant(2),
    small: fc.integer({ min: 1, max: 3 }),
  }),
});

const anyLimits = fc.record({
  waiting: anyWaiting,
  deadlines: anyDeadlines,
  windows: anyWindows,
  intrusion: anyLevels,
  breaker: mostly(
    breaker,
    fc.record({
      failuresMax: fc.integer({ min: 1, max: 16 }),
      windowMs: durationMs,
      pauseMs: durationMs,
    }),
  ),
  runsPerMinuteMax: mostly(trustingPolicy.runsPerMinuteMax, fc.integer({ min: 1, max: 2 })),
  battery: mostly(battery, fc.constant({ startPercent: 100, continuePercent: 0 })),
  heat: mostly(
    heat,
    fc.record({ change: fc.constantFrom(...thermalWords), look: fc.constantFrom(...thermalWords) }),
  ),
  quietChance: mostly(quietChance, fc.record({ normal: chance, due: chance, overdue: chance })),
  load: mostly<Policy['load']>(load, fc.constant({}), fc.constant({ 'cpu.busy': 0 })),
  ownLoadMs: mostly(trustingPolicy.ownLoadMs, durationMs),
});

const oddPolicy: fc.Arbitrary<Policy> = fc
  .tuple(anyRules, anyLimits)
  .map(([rules, limits]): Policy => ({ ...trustingPolicy, ...rules, ...limits }));

export const anyPolicy: fc.Arbitrary<Policy> = fc.oneof(oddPolicy, willingPolicy);
