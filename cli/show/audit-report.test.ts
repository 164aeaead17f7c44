// The journal in plain words, entry by entry.

import { expect, test } from '@jest/globals';
import type { Fact } from '../../orchestrator/journal/fact.js';
import { reportFrom } from './audit-report.js';
import { localTime } from './local-time.js';
import { orderWords } from './order-words.js';

const AT_MS = 1_900_000_000_000;
const at = localTime(AT_MS);
const SHA = '0123456789abcdef'.repeat(4);
type Told = Readonly<Record<string, unknown>> & { readonly kind: string };

/** What is told of these entries, by chapter, without the chapters of which nothing is. */
function told(facts: readonly Told[], { from = 1, allFiles = false } = {}): string[] {
  const report = reportFrom(from, allFiles);
  facts.forEach((fact, index) => {
    const body = JSON.stringify(fact);
    report.take({ sequence: index + 1, atMs: AT_MS, body, hash: '' });
  });
  const chapters = report.text().split('\n\n');
  expect(chapters.map((chapter) => chapter.split('\n', 1)[0])).toEqual([
    ...['Who vouched', 'What ran', 'What came in, and what went out', 'What changed'],
    'What was ordered, and set',
  ]);
  return chapters
    .flatMap((chapter) => chapter.split('\n').slice(1))
    .filter((line) => line !== '  nothing')
    .map((line) => line.replace(`  ${at}  `, ''));
}

const update = { id: 'x', fromVersion: '1', toVersion: '2', nextAction: 'install' };
const admitted = {
  ...{ kind: 'run.admitted', runId: 'run-1', updaterId: 'a.b', updaterVersion: '3' },
  work: { kind: 'action', update },
};
const tree = {
  ...{ runId: 'run-1', root: 'r', path: '/opt/r', treeBeforeSha256: '', treeAfterSha256: SHA },
  ...{ fileCount: 1, sizeBytes: 5, truncated: false, changes: [], reverted: false },
};
const download = {
  ...{ kind: 'content.downloaded', runId: 'run-1', url: 'https://e.example/x', redirects: [] },
  ...{ remoteAddress: '192.0.2.1', sizeBytes: 5, sha256: SHA, cached: false },
};
const operator = { actor: 'operator' };

test.each<[string, Told, string[]]>([
  [
    'an updater that came',
    {
      ...{ kind: 'updater.submitted', id: 'a.b', version: '3', publisher: 'P', keyIds: ['k', 'l'] },
      bundleSha256: SHA,
    },
    ['a.b 3 by P, signed with k, l [1]', `      bundle sha256 ${SHA}`],
  ],
  [
    'one that nobody signed, and who brought it',
    {
      ...{ kind: 'updater.submitted', id: 'a.b', version: '3', publisher: 'P', keyIds: [] },
      ...{ bundleSha256: SHA, by: 'ann' },
    },
    ['a.b 3 by P, signed with no key, submitted by ann [1]', `      bundle sha256 ${SHA}`],
  ],
  [
    'one that was refused',
    { kind: 'updater.refused', id: 'a.b', version: '3', code: 'C', message: 'm' },
    ['refused a.b 3: C: m [1]'],
  ],
  [
    'one that was accepted, with what was set, said, and for how long',
    {
      ...{ kind: 'updater.enabled', id: 'a.b', version: '3', ...operator, by: 'ann' },
      ...{ settings: [['dir', '/opt']], attestation: 'seen', manifestSha256: SHA, untilMs: AT_MS },
    },
    [
      'a.b 3 accepted by operator ann [1]',
      ...['      said: seen', `      until ${at}`, '      dir = /opt'],
      `      manifest sha256 ${SHA}`,
    ],
  ],
  [
    'one that was accepted long ago',
    {
      ...{ kind: 'updater.enabled', id: 'a.b', version: '3', ...operator },
      ...{ settings: [], attestation: '' },
    },
    ['a.b 3 accepted by operator [1]'],
  ],
  [
    'one that was suspended',
    { kind: 'updater.suspended', id: 'a.b', actor: 'policy', code: 'C', why: 'w' },
    ['a.b suspended by policy: C: w [1]'],
  ],
  [
    'one that was withdrawn',
    { kind: 'updater.withdrawn', id: 'a.b', ...operator },
    ['a.b withdrawn by operator [1]'],
  ],
  [
    'a download, and by way of what',
    { ...download, redirects: ['https://f.example'] },
    [
      'https://e.example/x, from 192.0.2.1 [1]',
      `      5 B, sha256 ${SHA}, for run-1`,
      '      by way of https://f.example',
    ],
  ],
  [
    'one that was here already',
    { ...download, cached: true },
    ['https://e.example/x, was here already [1]', `      5 B, sha256 ${SHA}, for run-1`],
  ],
  [
    'what went out',
    { kind: 'egress.seen', runId: 'run-1', host: 'h', port: 443, allowed: false },
    ['h:443 refused, by run-1 [1]'],
  ],
  [
    'what was put back',
    {
      kind: 'content.installed',
      ...tree,
      treeBeforeSha256: SHA,
      treeAfterSha256: '',
      reverted: true,
    },
    [
      'put back in /opt/r: 1 file, 5 B, by run-1 [1]',
      ...[`      tree sha256 ${SHA} → none`, '      0 new, 0 gone, 0 files changed'],
    ],
  ],
  [
    'what changed in a root, with modes where they are known',
    {
      ...{ kind: 'root.changed', ...tree, truncated: true },
      changes: [
        { path: 'new', beforeSha256: '', afterSha256: 'b', mode: 0o100_755 },
        { path: 'gone', beforeSha256: 'a', afterSha256: '', mode: 0, beforeMode: 0o644 },
        { path: 'same', beforeSha256: 'a', afterSha256: 'b', mode: 0o4_755, beforeMode: 0o7 },
        { path: 'old', beforeSha256: 'a', afterSha256: 'b', mode: 0o600 },
      ],
    },
    [
      '/opt/r: 4 changes and more, by run-1 [1]',
      ...[`      tree sha256 none → ${SHA}`, '      1 new, 1 gone, 2 files changed'],
      ...['      new: new → b 0755', '      gone: a 0644 → gone'],
      ...['      same: a 0007 → b 4755', '      old: a  → b 0600'],
      '      and some that no entry holds',
    ],
  ],
  [
    'a policy',
    { kind: 'policy.changed', policySha256: SHA },
    [`policy.changed, policy sha256 ${SHA} [1]`],
  ],
  [
    'a start',
    { kind: 'orchestrator.started', policySha256: SHA },
    [`orchestrator.started, policy sha256 ${SHA} [1]`],
  ],
  ['a clock', { kind: 'clock.set', byMs: -5 }, ['the clock was set by -5 ms [1]']],
  [
    'what was left out',
    { kind: 'facts.refused', code: 'C', count: 1 },
    ['1 entry left out: C [1]'],
  ],
  [
    'a hold, with who said it and until when',
    {
      ...{ kind: 'hold.placed', ...operator, by: 'ann', updaterId: 'a.b', updateId: '' },
      ...{ why: 'later', untilMs: AT_MS },
    },
    [`a.b held back until ${at}: later, by operator ann [1]`],
  ],
  [
    'a restart',
    { kind: 'restart.ordered', hostId: 'm', atMs: AT_MS, updates: ['x'] },
    [`a restart of m at ${at}, for x [1]`],
  ],
  ['what is none of it', { kind: 'rhythm.hour', hourOfWeek: 1 }, []],
  ['a name of everything (T24)', { kind: 'constructor' }, []],
  [
    'a name that writes to a terminal',
    { kind: 'updater.withdrawn', id: '\u001b[2J', ...operator },
    ['\ufffd[2J withdrawn by operator [1]'],
  ],
])('%s', (_what, fact, lines) => {
  expect(told([fact])).toEqual(lines);
});

test.each([
  ...['hold.placed', 'hold.lifted', 'veto.placed', 'veto.lifted', 'switch.tripped', 'run.demanded'],
  ...['switch.released', 'rollout.stopped', 'rollout.resumed', 'restart.ordered'],
  ...['restart.cancelled', 'restart.failed'],
])('%s is among what was ordered, in words', (kind) => {
  const fact = {
    ...{ kind, actor: 'operator', updaterId: 'a.b', updateId: 'x', toVersion: '2', why: 'w' },
    ...{
      untilMs: AT_MS,
      vetoId: 'veto-1',
      owner: 'till',
      hostId: 'm',
      atMs: AT_MS,
      updates: ['x'],
    },
    ...{ code: 'PERSON_PRESENT', message: 'somebody came' },
  };
  expect(told([fact])).toEqual([`${orderWords(fact as Parameters<typeof orderWords>[0])} [1]`]);
});

test('a run is told with what it was admitted for, by what, and how it was confined', () => {
  const terms = { bundleSha256: 'b', confinement: 'sealed', presenceBy: 'sensors' };
  const run = { runId: 'run-1' };
  const scan = { ...admitted, runId: 'run-2', work: { kind: 'scan' } };
  expect(
    told([
      { ...admitted, ...terms },
      { kind: 'run.started', ...run, sandboxSha256: SHA, launchMs: 5 },
      { kind: 'critical.changed', ...run, entered: true, why: 'the index' },
      { kind: 'run.notice', ...run, message: 'said by itself' },
      { kind: 'run.notice', ...run, message: 'no', reason: 'GRANT_MISSING' },
      { kind: 'run.interrupted', ...run, code: 'HOST_LOST', message: 'gone' },
      scan,
      { kind: 'run.started', runId: 'run-2', sandboxSha256: '' },
      { kind: 'run.finished', runId: 'run-2', outcome: { kind: 'succeeded' }, stderrTail: '' },
      { ...admitted, work: { kind: 'revert', update } },
      { kind: 'run.started', ...run, sandboxSha256: SHA, argv: ['./main'] },
      { kind: 'run.interrupted', ...run, code: 'HELD', message: 'm' },
      { kind: 'run.interrupted', runId: 'run-9', code: 'HELD', message: 'm' },
    ]),
  ).toEqual([
    'run-1, install x 1 → 2 by a.b 3: launched in 5 ms [2]',
    ...['      bundle sha256 b', '      the machine confined it as sealed'],
    ...['      who is there was said by sensors', `      sandbox sha256 ${SHA}`],
    'run-1, install x 1 → 2 by a.b 3: entered: the index [3]',
    'run-1, install x 1 → 2 by a.b 3: GRANT_MISSING: no [5]',
    'run-1, install x 1 → 2 by a.b 3: HOST_LOST: gone [6]',
    'run-2, scan by a.b 3: by the host itself [8]',
    'run-2, scan by a.b 3: succeeded [9]',
    'run-1, put back x 1 → 2 by a.b 3: never served: ./main [11]',
    `      sandbox sha256 ${SHA}`,
    'run-1, put back x 1 → 2 by a.b 3: HELD: m [12]',
    'run-9: HELD: m [13]',
  ]);
});

test('of two machines that have a run of one id each is told apart, and entries before the first are read', () => {
  const ended = { kind: 'run.interrupted', runId: 'run-1', code: 'HELD', message: 'm' };
  const facts = [
    { ...admitted, machine: 'm1' },
    { ...admitted, machine: 'm2', updaterId: 'c.d' },
    { ...ended, machine: 'm1' },
    { ...ended, machine: 'm2' },
  ];
  expect(told(facts, { from: 3 })).toEqual([
    'm1: run-1, install x 1 → 2 by a.b 3: HELD: m [3]',
    'm2: run-1, install x 1 → 2 by c.d 3: HELD: m [4]',
  ]);
  expect(told(facts, { from: 4 })).toHaveLength(1);
});

test('of many files the first eight are told, or each', () => {
  const changeOf = (n: number) => ({
    ...{ path: String(n), beforeSha256: '', afterSha256: 'b', mode: 0o644 },
  });
  const ofFiles = (count: number): Told => {
    const changes = Array.from({ length: count }, (_each, n) => changeOf(n));
    return { kind: 'content.installed' satisfies Fact['kind'], ...tree, changes };
  };
  expect(told([ofFiles(8)])).toHaveLength(11);
  expect(told([ofFiles(9)]).at(-1)).toBe('      and 1 file more: --files tells each');
  expect(told([ofFiles(9)], { allFiles: true }).at(-1)).toBe('      8: new → b 0644');
});
