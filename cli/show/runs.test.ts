// What a colleague is told in the morning: what ran, for how long, and why it stopped.

import { describe, expect, test } from '@jest/globals';
import { Run } from '../../proto/gen/lull/operator/v1/operator.js';
import { wordsOf } from './run-entry.js';
import { localTime, shortTime, zoneOf } from './local-time.js';
import { showRun, showRuns } from './runs.js';

const page = { nowMs: 1_900_000_000_000, columns: 80 };
const run = Run.fromPartial({
  ...{ id: 'run-12', updaterId: 'com.acme.tool', updaterVersion: '1.2.0', updateId: 'words' },
  ...{ title: 'Words', fromVersion: '1.0.0', toVersion: '1.1.0', action: 'install', attempt: 2 },
  ...{ state: 'finished', outcome: 'failed', reason: 'NO_SPACE', message: 'the disk is full' },
  ...{ admittedAtUnixMs: 1_899_999_000_000n, finishedAtUnixMs: 1_899_999_900_000n },
  ...{ pauseCount: 2, ranMs: 42_000n, heldMs: 190_000n },
});
const widest = (text: string): number => Math.max(...text.split('\n').map((each) => each.length));

test('a run tells what it was, how it ended, how long it ran and was held, and why', () => {
  const when = shortTime(1_899_999_000_000, page.nowMs);
  expect(showRuns([run], page).split('\n')).toEqual([
    `${`when (${zoneOf(page.nowMs)})`.padEnd(when.length)}  run     action   outcome  ran   held`,
    `${when.padEnd(`when (${zoneOf(page.nowMs)})`.length)}  run-12  install  failed   42 s  3 min in 2 pauses`,
    '    words 1.0.0 → 1.1.0, by com.acme.tool 1.2.0, attempt 2',
    '    NO_SPACE: the disk is full',
  ]);
});

test.each([
  ['interrupted', 'HOST_LOST', '', 'HOST_LOST: The plugin-host went away in mid-run'],
  ['interrupted', 'HOST_LOST', 'its socket closed', 'HOST_LOST: its socket closed'],
  ['paused', 'PERSON_PRESENT, ON_BATTERY', '', 'PERSON_PRESENT, ON_BATTERY'],
  ['interrupted', 'OF_THE_FUTURE', '', 'OF_THE_FUTURE'],
  ['interrupted', 'toString', '', 'toString'],
])('one that is %s says why: %s', (state, reason, message, words) => {
  const shown = showRuns([{ ...run, state, outcome: '', reason, message }], page);
  expect(shown).toContain(state);
  expect(shown).toContain(`\n    ${words}`);
});

test('a scan has no versions, and what never ran took no time', () => {
  const scan = Run.fromPartial({
    id: 'run-1',
    updaterId: 'a.b',
    updaterVersion: '1',
    action: 'scan',
  });
  const [, row = '', what] = showRuns([{ ...scan, state: 'admitted' }], page).split('\n');
  expect(row.trimEnd()).toMatch(/run-1 {2}scan {4}admitted$/);
  expect(what).toBe('    a.b 1');
});

describe('one run whole', () => {
  const entry = (sequence: bigint, body: { kind: string }) => ({
    ...{ sequence, atUnixMs: 1_899_999_000_000n, kind: body.kind, hashSha256: '' },
    bodyJson: JSON.stringify(body),
  });
  const interrupted = { kind: 'run.interrupted', code: 'HOST_LOST', message: 'it '.repeat(60) };

  test('has every entry of the journal about it, within the width of a terminal', () => {
    const shown = showRun(run, [entry(7n, interrupted), entry(9n, { kind: 'run.resumed' })], page);
    expect(shown).toMatch(/^run-12: install\n {2}what +Words \(words\)\n/);
    expect(shown).toMatch(/\n {2}attempts {2}2\n {2}outcome +failed\n {2}why +NO_SPACE: the disk/);
    expect(shown).toMatch(/\n {2}7 {2}.* {2}run\.interrupted {2}HOST_LOST: it/);
    expect(shown).toMatch(/\n {2}9 {2}.* {2}run\.resumed$/);
    expect(widest(shown)).toBeLessThanOrEqual(80);
  });

  test('has its updater, versions, instants and times, and nothing of what there is not', () => {
    const shown = showRun(run, [], { ...page, columns: Infinity });
    expect(shown.split('\n').map((line) => line.replace(/ {2,}/g, '  '))).toEqual([
      'run-12: install',
      '  what  Words (words)',
      '  updater  com.acme.tool 1.2.0',
      '  versions  1.0.0 → 1.1.0',
      `  admitted  ${localTime(1_899_999_000_000)}`,
      `  finished  ${localTime(1_899_999_900_000)}`,
      '  ran  42 s',
      '  held  3 min in 2 pauses',
      '  attempts  2',
      '  outcome  failed',
      '  why  NO_SPACE: the disk is full',
      `Its entries of the journal, on the clock of ${zoneOf(page.nowMs)}:`,
      '',
    ]);
    const scan = { id: 'run-1', title: 'A', updaterId: 'a.b', updaterVersion: '1', action: 'scan' };
    const begun = Run.fromPartial({
      ...{ ...scan, attempt: 1, state: 'running', admittedAtUnixMs: 1_899_999_000_000n },
    });
    const lines = showRun(begun, [], page).split('\n');
    expect(lines.slice(1, 6).map((line) => line.trim().split(/ {2,}/))).toEqual([
      ['what', 'A'],
      ['updater', 'a.b 1'],
      ['admitted', localTime(1_899_999_000_000)],
      ['attempts', '1'],
      ['outcome', 'running'],
    ]);
    expect(lines[6]).toMatch(/^Its entries/);
    const first = Run.fromPartial({ ...begun, toVersion: '1.1.0' });
    expect(showRun(first, [], page)).toMatch(/\n {2}versions +1\.1\.0\n/);
    expect(showRuns([{ ...first, updateId: 'x' }], page)).toMatch(/\n {4}x 1\.1\.0, by a\.b 1$/);
  });

  test('names the page with its release notes, where there is one', () => {
    const noted = { ...run, releaseNotesUrl: 'https://example.com/notes' };
    expect(showRun(noted, [], page)).toMatch(/\n {2}notes +https:\/\/example.com\/notes\n/);
    expect(showRun(run, [], page)).not.toContain('notes');
  });

  test('what was executed is told so that its arguments can be told apart', () => {
    const started = {
      kind: 'run.started',
      launchMs: 450,
      argv: ['node', './main.mjs', 'a b', '\u001b[2J'],
    };
    expect(wordsOf(JSON.stringify(started))).toBe(
      'launched in 450 ms: node ./main.mjs "a b" "\\u001b[2J"',
    );
    expect(wordsOf('{"kind":"run.started","launchMs":450}')).toBe('launched in 450 ms');
    expect(wordsOf('{"kind":"run.started","argv":["./main"]}')).toBe('never served: ./main');
    expect(wordsOf('{"kind":"run.started"}')).toBe('by the host itself');
  });

  test('a kind of entry that another version wrote is named, and no more', () => {
    expect(wordsOf('{"kind":"run.teleported","runId":"run-12"}')).toBe('');
    expect(wordsOf('{"kind":"toString","runId":"run-12"}')).toBe('');
  });
});
