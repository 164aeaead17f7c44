// Each number of the policy, in a situation that lies between its default and another value: what is decided
// there by default, and what once a policy file says the other. A number that nothing reads, or that is
// written a second time where it is needed, fails here.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { HOUR_MS } from '../orchestrator/scheduler/offering.testing.js';
import { at, NOW_MS } from '../orchestrator/world/history.testing.js';
import {
  type Look,
  MINUTE_MS,
  away,
  bad,
  beside,
  codes,
  crashes,
  dear,
  flag,
  gone,
  granted,
  held,
  install,
  large,
  level,
  networkBack,
  number,
  odd,
  onBattery,
  openApp,
  otherWaits,
  pausedFor,
  policyOf,
  quiet,
  refusesFor,
  repeated,
  restarting,
  retried,
  run,
  since,
  steps,
  unfrozen,
  unknown,
  wentOn,
  word,
} from './support/policy-looks.js';
import { repositoryRoot } from './architecture/tree.fs.js';

const rows: [text: string, look: Look, byDefault: unknown, then: unknown][] = [
  [
    'waiting: { away: 6m }',
    codes({ readings: { presence: away(5 * MINUTE_MS) } }),
    [],
    ['PERSON_JUST_LEFT'],
  ],
  [
    'waiting: { away_for_install: 5m }',
    codes({ update: install, readings: { presence: away(7 * MINUTE_MS) } }),
    ['PERSON_JUST_LEFT'],
    [],
  ],
  [
    'waiting: { locked: 1m }',
    codes({ readings: { presence: away(30_000, { locked: true }) } }),
    [],
    ['PERSON_JUST_LEFT'],
  ],
  [
    'waiting: { dark: 2m }',
    codes({ readings: { presence: away(90_000, { dark: true }) } }),
    [],
    ['PERSON_JUST_LEFT'],
  ],
  [
    'waiting: { away_to_resume: 6m }',
    held('resume', { more: pausedFor(1_000), readings: { presence: away(5 * MINUTE_MS) } }),
    1,
    0,
  ],
  ['waiting: { between_resumes: 10s }', held('resume', { more: wentOn }), 0, 1],
  [
    'waiting: { give_way: 4m }',
    held('stop', { more: [...pausedFor(5 * MINUTE_MS), ...otherWaits], readings: dear }),
    0,
    1,
  ],
  ['waiting: { app: 30d }', openApp, ['APP_IN_USE', 'NEEDS_OPERATOR'], ['APP_IN_USE']],
  [
    'waiting: { start_up: 30s }',
    codes({ host: { servedSinceMs: NOW_MS - MINUTE_MS } }),
    ['STARTING_UP'],
    [],
  ],
  [
    'waiting: { set_up: 30m }',
    codes({ readings: { 'setup.at': since(HOUR_MS) } }),
    ['STARTING_UP'],
    [],
  ],
  [
    'waiting: { boot: 1m }',
    codes({ readings: { 'boot.at': since(2 * MINUTE_MS) } }),
    ['STARTING_UP'],
    [],
  ],
  [
    'waiting: { resume: 10s }',
    codes({ readings: { 'resume.at': since(30_000) } }),
    ['STARTING_UP'],
    [],
  ],
  ['waiting: { resume: 20s }', codes({ host: { readings: networkBack() } }), ['STARTING_UP'], []],
  [
    'waiting: { login: 10s }',
    codes({ readings: { 'login.at': since(30_000) } }),
    ['STARTING_UP'],
    [],
  ],
  ['load: { cpu.busy: 30 }', codes({ readings: { 'cpu.busy': number(25) } }), ['CPU_BUSY'], []],
  ['load: { disk.busy: 30 }', codes({ readings: { 'disk.busy': number(25) } }), ['DISK_BUSY'], []],
  [
    'load: { pressure.cpu: 30 }',
    codes({ readings: { 'pressure.cpu': number(25) } }),
    ['UNDER_PRESSURE'],
    [],
  ],
  [
    'load: { pressure.io: 20 }',
    codes({ readings: { 'pressure.io': number(15) } }),
    ['UNDER_PRESSURE'],
    [],
  ],
  [
    'load: { pressure.memory: 9 }',
    codes({ readings: { 'pressure.memory': number(7) } }),
    ['UNDER_PRESSURE'],
    [],
  ],
  [
    'load: { memory.used: 95 }',
    codes({ readings: { 'memory.used': number(92) } }),
    ['MEMORY_FULL'],
    [],
  ],
  [
    'attention: { fullscreen: off }',
    codes({ readings: { 'attention.fullscreen': flag(true) } }),
    ['ATTENTION_HELD'],
    [],
  ],
  [
    'heat: { change: moderate }',
    codes({ update: install, readings: { thermal: word('moderate') } }),
    ['TOO_HOT'],
    [],
  ],
  ['heat: { look: serious }', codes({ readings: { thermal: word('serious') } }), ['TOO_HOT'], []],
  [
    'network: { others_kb_per_s: 900 }',
    codes({ readings: { 'network.others': number(800_000) } }),
    ['NETWORK_BUSY'],
    [],
  ],
  [
    'network: { metered_mb: 3 }',
    codes({ update: { downloadBytes: 2e6 }, readings: { 'network.metered': word('yes') } }),
    ['METERED'],
    [],
  ],
  [
    'network: { metered_unknown_mb: 200 }',
    codes({ update: { downloadBytes: 1e8 }, readings: { 'network.metered': unknown } }),
    ['METERED_UNKNOWN'],
    [],
  ],
  ['battery: { start: 40 }', codes({ readings: onBattery(30) }), [], ['BATTERY_LOW']],
  [
    'battery: { continue: 18 }',
    held('pause', { more: at(NOW_MS - 1_000, ...run()), readings: onBattery(15) }),
    0,
    1,
  ],
  [
    'disk: { free_min_mb: 2000 }',
    codes({ readings: { 'disk.free': number(1.5e9) } }),
    [],
    ['NO_SPACE'],
  ],
  ['windows: [{ from: "02:00", to: "03:00" }]', codes({}), [], ['OUTSIDE_WINDOW']],
  ['active_hours: { from: 8, to: 20 }', restarting, 15, ['ACTIVE_HOURS', 'RESTART_DUE']],
  ['restart_warning: 5m', restarting, 15, 5],
  [
    'restarts: allow',
    codes({ update: { nextAction: 'reboot' }, readings: quiet }),
    ['NEEDS_OPERATOR'],
    ['RESTART_DUE'],
  ],
  ['deadlines: { others: { after: 10d } }', level(12), 'silent', 'gentle'],
  ['deadlines: { others: { grace: 10d } }', level(22), 'noticeable', 'gentle'],
  ['deadlines: { security: { after: 5d } }', level(6, { security: true }), 'silent', 'gentle'],
  ['deadlines: { security: { grace: 4d } }', level(10, { security: true }), 'noticeable', 'gentle'],
  [
    'deadlines: { critical: { after: 5d } }',
    level(6, { severity: 'critical' }),
    'silent',
    'gentle',
  ],
  [
    'deadlines: { critical: { grace: 4d } }',
    level(10, { severity: 'critical' }),
    'noticeable',
    'gentle',
  ],
  ['intrusion: { normal: gentle }', level(1), 'silent', 'gentle'],
  ['intrusion: { due: silent }', level(15), 'gentle', 'silent'],
  ['intrusion: { overdue: forced }', level(22), 'noticeable', 'forced'],
  ['quiet_chance: { normal: 0.3, due: 0.3 }', unfrozen(0), ['QUIET_TOO_SHORT'], []],
  ['quiet_chance: { due: 0.3 }', unfrozen(13), ['QUIET_TOO_SHORT'], []],
  ['quiet_chance: { due: 0.3 }', unfrozen(15), ['QUIET_TOO_SHORT'], []],
  ['quiet_chance: { overdue: 0.45 }', unfrozen(22), [], ['QUIET_TOO_SHORT']],
  [
    'slots: { change: 2 }',
    codes({ update: install, more: beside(install), readings: large }),
    ['SLOT_TAKEN'],
    [],
  ],
  ['slots: { fetch: 1 }', codes({ more: beside({}), readings: large }), [], ['SLOT_TAKEN']],
  ['slots: { small: 2 }', codes({ more: beside({}) }), ['SLOT_TAKEN'], []],
  ['breaker: { failures: 2 }', codes({ more: crashes(30, 10) }), [], ['BREAKER_OPEN']],
  ['breaker: { window: 10m }', codes({ more: crashes(50, 30, 10) }), ['BREAKER_OPEN'], []],
  ['breaker: { pause: 5m }', codes({ more: crashes(50, 30, 10) }), ['BREAKER_OPEN'], []],
  ['quotas: { runs_per_minute: 2 }', codes({ more: steps }), [], ['QUOTA']],
  ['retry: { attempts: 1 }', repeated, 2, 1],
  ['confinement: loose', codes({ host: { level: 'loose' } }), ['CONFINEMENT_WEAK'], []],
  ['retry: { first: 10m }', retried(1, odd), 0.5, 10],
  ['retry: { max: 1h }', retried(11, odd), 300, 60],
  ['retry: { install: 10m }', retried(1, odd, install), 30, 10],
  ['retry: { failures: 5 }', retried(4, odd, install), 1_000, 30],
  ['retry: { give_up: 3d }', retried(3, odd, install), 1_000, 4_000],
  ['retry: { demoted_at: 4 }', retried(4, odd, install), 1_000, 'GAVE_UP'],
  ['retry: { demoted_at: 4 }', retried(4, gone), 4, 300],
  ['retry: { bad_content: 8d }', retried(1, bad), 1_000, 10_000],
  ['retry: { bad_content_max: 4d }', retried(6, bad), 20_000, 6_000],
  ['retry: { network_down: 5m }', retried(8, gone), 20, 5],
  [
    'retry: { asked_max: 1h }',
    retried(1, { ...gone, retryAfterMs: 20 * HOUR_MS } as typeof gone),
    1_000,
    60,
  ],
  ['orders: { hold: 30d }', refusesFor('hold', 60), false, true],
  ['orders: { veto: 5d }', refusesFor('veto', 10), false, true],
  ['orders: { pause_all: 5d }', refusesFor('switch', 10), false, true],
  ['keep_awake: 10m', granted(({ limits }) => limits?.['keepAwakeMsMax']), 3_600_000n, 600_000n],
  [
    'quotas: { calls_per_minute: 9 }',
    granted(({ limits }) => limits?.['callsPerMinuteMax']),
    250,
    9,
  ],
  ['disk: { previous_versions: 3 }', granted(({ limits }) => limits?.['previousVersions']), 1, 3],
  [
    'disk: { read_kb_per_s: 5 }',
    granted(({ limits }) => limits?.['diskReadBytesPerSMax']),
    0n,
    5_000n,
  ],
  [
    'disk: { write_kb_per_s: 5 }',
    granted(({ limits }) => limits?.['diskWriteBytesPerSMax']),
    0n,
    5_000n,
  ],
  ['network: { kb_per_s: 600 }', granted(({ network }) => network?.['bytesPerSMax']), 0n, 600_000n],
  [
    'network: { engaged_kb_per_s: 9 }',
    granted(({ network }) => network?.['engagedBytesPerSMax']),
    500_000n,
    9_000n,
  ],
];

test.each(rows)('%s', (text, look, byDefault, then) => {
  expect([look(policyOf('{}')), look(policyOf(text))]).toEqual([byDefault, then]);
});

/** What is no number, or is tried where it is at home. */
const elsewhere = [
  ...['publishers[].', 'scopes', 'holds[].', 'time_zone', 'windows[].', 'groups[].', 'rollout.'],
  ...['attention.', 'active_hours.to', 'network.private_hosts'],
  'disk.keep_withdrawn',
];

test('no number of the page on policy is left out', () => {
  const page = readFileSync(join(repositoryRoot(), 'docs/policy.md'), 'utf8');
  const keys = [...page.matchAll(/^\| `([a-z_.[\]]+)`/gm)].map(([, key = '']) => key);
  expect(keys.length).toBeGreaterThan(rows.length);
  const tried = new Set(rows.map(([text]) => text.replaceAll(': { ', '.').split(':')[0]));
  const missing = keys.filter(
    (key) => !tried.has(key) && !elsewhere.some((each) => key.startsWith(each)),
  );
  expect(missing).toEqual([]);
});
