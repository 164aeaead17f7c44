// The policy file: what it may say, and everything that is wrong with it at once.

import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parsePolicy, saysNothing } from './file.parse.js';
import { policyOf, problemsOf } from './file.testing.js';
import { defaultPolicy } from './policy.js';

const key = generateKeyPairSync('ed25519')
  .publicKey.export({ type: 'spki', format: 'der' })
  .toString('base64');

describe('what it leaves out is the default', () => {
  test.each([['', '# only words\n', 'waiting: {}', '{}']].flat())('%j', (text) => {
    expect(policyOf(text)).toEqual(defaultPolicy);
  });
});

test('what it says replaces that alone', () => {
  const policy = policyOf(`
publishers:
  - name: acme
    keys: [${key}]
    ids: [com.acme.*]
    auto: always
waiting: { away: 90s, away_for_install: 1.5h }
load: { cpu.busy: 50, disk.busy: off }
battery: { start: 30 }
disk: { free_min_mb: 200 }
retry: { first: 500ms, give_up: 2d }
`);
  expect(policy.publishers).toMatchObject([{ name: 'acme', threshold: 1, auto: 'always' }]);
  expect(policy.publishers[0]?.keys[0]?.asymmetricKeyType).toBe('ed25519');
  expect(policy.waiting).toEqual({
    ...defaultPolicy.waiting,
    awayMs: 90_000,
    awayForInstallMs: 5_400_000,
  });
  expect(policy.load['cpu.busy']).toBe(50);
  expect(policy.load).not.toHaveProperty(['disk.busy']);
  expect(policy.load['memory.used']).toBe(defaultPolicy.load['memory.used']);
  expect(policy.battery).toEqual({ startPercent: 30, continuePercent: 10 });
  expect(policy.disk.freeBytesMin).toBe(200_000_000);
  expect(policy.retry).toMatchObject({ firstMs: 500, installMs: 1_800_000, giveUpMs: 172_800_000 });
});

test('every limit has a key', () => {
  const policy = policyOf(`
heat: { change: moderate, look: critical }
network: { others_kb_per_s: 50, metered_unknown_mb: 200 }
quiet_chance: { normal: 1, overdue: 0.1 }
quotas: { runs_per_minute: 3, calls_per_minute: 1000 }
breaker: { failures: 2, window: 1h, pause: 2h }
retry: { max: 1h, failures: 9, attempts: 7, asked_max: 2h }
deadlines: { critical: { after: 1d, grace: 0s } }
orders: { hold: 180d, veto: 1h, pause_all: 30d }
keep_awake: 2h
attention: { fullscreen: off, playing: off, call: on }
`);
  expect(policy.heat).toEqual({ change: 'moderate', look: 'critical' });
  expect(policy.network.othersBytesPerSMax).toBe(50_000);
  expect(policy.quietChance).toEqual({ ...defaultPolicy.quietChance, normal: 1, overdue: 0.1 });
  expect(policy.network.meteredUnknownBytesMax).toBe(200_000_000);
  expect([policy.runsPerMinuteMax, policy.callsPerMinuteMax]).toEqual([3, 1_000]);
  expect(policy.retry.askedMsMax).toBe(7_200_000);
  expect(policy.keepAwakeMsMax).toBe(7_200_000);
  expect(policy.ignoredAttention).toEqual(['attention.fullscreen', 'attention.playing']);
  const DAY_MS = 86_400_000;
  expect(policy.orderMsMax).toEqual({ hold: 180 * DAY_MS, veto: 3_600_000, switch: 30 * DAY_MS });
  expect(policy.breaker).toEqual({ failuresMax: 2, windowMs: 3_600_000, pauseMs: 7_200_000 });
  expect(policy.retry).toMatchObject({ maxMs: 3_600_000, failuresMax: 9, attemptsMax: 7 });
  expect(policy.deadlines.critical).toEqual({ deadlineMs: 86_400_000, graceMs: 0 });
  expect(policy.deadlines.security).toEqual(defaultPolicy.deadlines.security);
});

test('hours may lie across midnight, and be all day', () => {
  const hoursOf = (text: string) => policyOf(`active_hours: ${text}`).activeHours;
  expect(hoursOf('{ from: 22, to: 6 }')).toEqual({ fromHour: 22, toHour: 6 });
  expect(hoursOf('{ from: 0, to: 24 }')).toEqual({ fromHour: 0, toHour: 24 });
});

test('holds and groups', () => {
  const policy = policyOf(`
holds:
  - { updater: com.acme.*, why: storm }
  - { updater: com.acme.tool, update: a, why: later, until: 2027-01-31T08:00:00+01:00 }
groups: [{ name: tills, hosts: [till-*, office], at_once: 2 }]
`);
  expect(policy.holds).toEqual([
    { updater: 'com.acme.*', why: 'storm', untilMs: Number.POSITIVE_INFINITY },
    {
      ...{ updater: 'com.acme.tool', update: 'a', why: 'later' },
      untilMs: Date.UTC(2027, 0, 31, 7),
    },
  ]);
  expect(policy.groups).toEqual([{ name: 'tills', hosts: ['till-*', 'office'], atOnceMax: 2 }]);
});

test.each([
  ['a hold without a reason', 'holds: [{ updater: a.b }]', 'holds, the first, why'],
  ['a hold until a day that is none', 'holds: [{ updater: a.b, why: x, until: soon }]', 'until'],
  [
    'a hold until the 31st of February',
    'holds: [{ updater: a.b, why: x, until: 2027-02-41 }]',
    'until',
  ],
  ['a group of nobody', 'groups: [{ name: g, hosts: [], at_once: 1 }]', 'groups, the first, hosts'],
  ['a group of which none may', 'groups: [{ name: g, hosts: [a], at_once: 0 }]', 'at_once'],
  [
    'a pattern that is an expression',
    'groups: [{ name: g, hosts: ["(a+)+$"], at_once: 1 }]',
    'hosts',
  ],
  ['a trip switch that nobody could use', 'orders: { pause_all: 0s }', 'orders.pause_all: is less'],
  [
    'a wait that no host passes on',
    'retry: { asked_max: 25h }',
    'retry.asked_max: is more than 24h',
  ],
  ['no calls at all', 'quotas: { calls_per_minute: 0 }', 'quotas.calls_per_minute'],
  ['a chance above one', 'quiet_chance: { normal: 1.5 }', 'quiet_chance.normal'],
  [
    'a yes where a rule is wanted',
    `publishers: [{ name: a, keys: [${key}], ids: [a.b], auto: true }]`,
    'auto',
  ],
])('%s is refused', (_what, text, said) => {
  expect(problemsOf(text).join()).toContain(said);
});

test('every problem is named at once, with where it is', () => {
  const problems = problemsOf(`
publishers: [{ name: ACME, keys: [nonsense], ids: [] }]
waiting: { away: soon, invented: 1s }
load: { cpu.busy: 101 }
colour: blue
`);
  const text = problems.join('\n');
  for (const where of [
    'publishers, the first, name',
    'publishers, the first, ids',
    'waiting.away',
    'load.cpu.busy',
  ]) {
    expect(text).toContain(where);
  }
  expect(text).toContain('invented');
  expect(text).toContain('colour');
  expect(problems.length).toBeGreaterThanOrEqual(6);
});

test('every error of the YAML is named at once', () => {
  const problems = problemsOf('waiting: { away: 4m\nload: "open\nbattery: [1\n');
  expect(problems.length).toBeGreaterThan(1);
  expect(problems.every((problem) => /^line \d+: not YAML: /.test(problem))).toBe(true);
});

test('a file that is no policy at all is not told line by line, nor quoted at length', () => {
  const page = `Some words\n\n\`\`\`\ncommand\n\`\`\`\n${'More words: and so on. '.repeat(80)}`;
  const problems = problemsOf(page.replaceAll('. ', ',\n\n'));
  expect(problems).toHaveLength(6);
  expect(problems.at(-1)).toMatch(/^\d+ more follow from that, or stand below it$/);
  expect(Math.max(...problems.map(({ length }) => length))).toBeLessThan(200);
});

test('a key that is there twice hides nothing else', () => {
  const problems = problemsOf('waiting: { away: soon }\nscopes: []\nscopes: []\ncolour: blue');
  expect(problems).toHaveLength(3);
  expect(problems.join()).toMatch(/waiting\.away.*unique.*colour/s);
});

test('a file that is wrong throughout is answered in a bounded number of lines', () => {
  const many = Array.from({ length: 5_000 }, (_, i) => `k${String(i)}: "`).join('\n');
  expect(problemsOf(many).length).toBeLessThanOrEqual(101);
  const zones = Array.from({ length: 64 }, () => '{ from: x, to: y, at: z }').join(',');
  expect(problemsOf(`windows: [${zones}]`).at(-1)).toMatch(/^and \d+ more$/);
});

describe('a file that says nothing', () => {
  test.each(['', '\t', ' \n\n', '# all of it\n  # later', '---\n', 'null', '~'])(
    '%j does',
    (text) => {
      expect(saysNothing(text)).toBe(true);
    },
  );

  test.each(['{}', 'waiting: {}', '[]', 'a: [', `#${'x'.repeat(300_000)}`])(
    '%j does not',
    (text) => {
      expect(saysNothing(text)).toBe(false);
    },
  );
});

describe('durations', () => {
  test.each([
    ['0s', 0],
    ['250ms', 250],
    ['1.5m', 90_000],
    ['366d', 366 * 86_400_000],
  ])('%s is %d ms', (text, ms) => {
    expect(policyOf(`waiting: { away: ${text} }`).waiting.awayMs).toBe(ms);
  });

  test.each(['5', '"5"', '-1s', '1e3s', '4 m', '1w', '.5s', '367d', '""', '1h30m', 'null', '[1s]'])(
    '%s is refused',
    (text) => {
      expect(problemsOf(`waiting: { away: ${text} }`).join()).toContain('waiting.away');
    },
  );
});

describe('publishers', () => {
  const publisher = (members: string): string =>
    `publishers: [{ name: a, ids: [a.b], ${members} }]`;

  test.each([
    ['a threshold above its keys', publisher(`keys: [${key}], threshold: 2`), 'fewer keys'],
    ['a threshold of nothing', publisher(`keys: [${key}], threshold: 0`), 'threshold'],
    ['no key', publisher('keys: []'), 'keys'],
    ['a key of another kind', publisher('keys: [AAAA]'), 'not Ed25519'],
    [
      'an id with a star inside',
      `publishers: [{ name: a, keys: [${key}], ids: ["a.*.b"] }]`,
      'ids',
    ],
    ['a star for everybody', `publishers: [{ name: a, keys: [${key}], ids: ["*"] }]`, 'ids'],
    [
      'the same key twice for a threshold of two',
      publisher(`keys: [${key}, ${key}], threshold: 2`),
      'fewer',
    ],
  ])('%s', (_what, text, said) => {
    expect(problemsOf(text).join('\n')).toContain(said);
  });
});

describe('named, with what is wrong about it', () => {
  test.each([
    ['a typo', 'waitng: { away: 4m }', 'waitng'],
    ['a typo one level down', 'waiting: { awya: 4m }', 'awya'],
    ['a window of no length', 'windows: [{ from: "03:00", to: "03:00" }]', 'is empty'],
    [
      'a window of no length on a day that is none',
      'windows: [{ days: [someday], from: "03:00", to: "03:00" }]',
      'is empty',
    ],
    [
      'hours that are none, with a typo',
      'active_hours: { from: 8, to: 8, at: 1 }',
      'the same hour',
    ],
    ['a time that is none', 'windows: [{ from: "25:00", to: "03:00" }]', 'is not a time'],
    ['a day that begins at its end', 'windows: [{ from: "24:00", to: "03:00" }]', 'is not a time'],
    ['a day and a minute', 'windows: [{ from: "00:00", to: "24:01" }]', 'is not a time'],
    [
      'a window on no day',
      'windows: [{ days: [], from: "01:00", to: "03:00" }]',
      'windows, the first, days',
    ],
    ['a zone that nobody knows', 'time_zone: Mars/Olympus', 'is not a time zone'],
    ['a zone of a thousand letters', `time_zone: ${'x'.repeat(1_000)}`, 'time_zone'],
    ['hours that are none', 'active_hours: { from: 8, to: 8 }', 'the same hour'],
  ])('%s', (_what, text, said) => {
    const problems = problemsOf(text);
    expect(problems.join()).toContain(said);
    expect(problems.join().length).toBeLessThan(300);
  });

  test('what would hang a careless pattern is refused in no time', () => {
    const long = 60_000;
    const bombs = [
      `waiting: { away: "${'9'.repeat(long)}" }`,
      `waiting: { away: "${'1.'.repeat(long)}s" }`,
      `publishers: [{ name: a, keys: [k], ids: ["${'a.'.repeat(long)}*!"] }]`,
      `publishers: [{ name: "${'a-'.repeat(long)}!", keys: [k], ids: [a.b] }]`,
      `windows: [{ from: "${'0'.repeat(long)}", to: "03:00" }]`,
      `holds: [{ updater: a.b, why: x, until: "2027-01-01T${'1:'.repeat(long)}" }]`,
      `groups: [{ name: g, at_once: 1, hosts: ["${'a'.repeat(long)}**"] }]`,
    ];
    const startMs = performance.now();
    for (const bomb of bombs) expect(problemsOf(bomb)).not.toEqual([]);
    // Each is linear in its length: milliseconds, where one that backtracks takes years.
    expect(performance.now() - startMs).toBeLessThan(5_000);
  });
});

describe('hostile YAML', () => {
  const bomb = ['a: &a [x,x,x,x,x,x,x,x,x,x]'];
  for (let level = 1; level < 9; level += 1) {
    const names = Array(10).fill(`*${'abcdefghi'[level - 1] ?? ''}`);
    bomb.push(`${'abcdefghi'[level] ?? ''}: &${'abcdefghi'[level] ?? ''} [${names.join(',')}]`);
  }
  test.each([
    ['a bomb of aliases', bomb.join('\n')],
    ['no mapping', 'just words'],
    ['a list', '- 1'],
    ['not YAML', 'waiting: {away: 1s'],
    ['a key twice', 'waiting: {}\nwaiting: {}'],
    ['a prototype', '__proto__: { publishers: [] }'],
    ['longer than any policy', `# ${'x'.repeat(300_000)}`],
    ['two documents', 'waiting: {}\n---\nwaiting: {}'],
  ])('%s is refused in words', (_what, text) => {
    const problems = problemsOf(text);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.join('').length).toBeLessThan(10_000);
  });

  test('no text makes it throw', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(['ok', 'invalid']).toContain(parsePolicy(text, 'UTC').kind);
        expect(['ok', 'invalid']).toContain(parsePolicy(`waiting: ${text}`, 'UTC').kind);
      }),
    );
  });
});

test('a problem says where it is, in words of whoever writes policies', () => {
  const text =
    'waitng: {}\nwaiting: { away: 3, awya: 2m }\nholds: [{ updater: a.b, why: x, til: 1 }]';
  expect([...problemsOf(text)].sort()).toEqual([
    'line 1: waitng: there is no such key; is it "waiting" that is meant?',
    'line 2: waiting.away: is not a duration such as 30s, 4m, 2h',
    'line 2: waiting.awya: there is no such key; is it "away" that is meant?',
    'line 3: holds, the first, til: there is no such key; is it "until" that is meant?',
  ]);
  expect(problemsOf('groups: [{ name: A b, hosts: [x], at_once: 1 }]')).toEqual([
    'line 1: groups, the first, name: is not a name: a-z, 0-9 and hyphens, at most 63 of them',
  ]);
});
