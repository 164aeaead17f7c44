import { describe, expect, test } from '@jest/globals';
import type { Fact } from '../journal/fact.js';
import { figuresAtStart } from './figures-at-start.js';
import { figuresOf } from './figures.js';
import { submitted } from './history.testing.js';

const run = { runId: 'r', epoch: 1 };

/** Without the count of entries, which every fact has. */
function figures(fact: Fact): unknown[] {
  const [entry, ...more] = figuresOf(fact);
  expect(entry).toMatchObject({ name: 'lull.journal.entries', by: 1, labels: { kind: fact.kind } });
  return more;
}

describe('a run adds to the figures', () => {
  test('when it ended: the outcome, and the code of what did not go well', () => {
    const failed = { kind: 'failed', code: 'VERIFY_FAILED', message: 'no', retry: true } as const;
    expect(
      figures({ kind: 'run.finished', ...run, outcome: failed, stderrTail: 'x' }),
    ).toMatchObject([
      { name: 'lull.runs.finished', labels: { outcome: 'failed', code: 'VERIFY_FAILED' } },
    ]);
    const well: Fact = {
      ...{ kind: 'run.finished', ...run, stderrTail: '' },
      outcome: { kind: 'succeeded' },
    };
    expect(figures(well)).toMatchObject([{ labels: { outcome: 'succeeded', code: '' } }]);
  });

  test('when it served: how long that took; one that never did adds no time', () => {
    const started = { kind: 'run.started', ...run, sandboxSha256: '' } as const;
    expect(figures({ ...started, launchMs: 250 })).toMatchObject([{ seconds: 0.25 }]);
    expect(figures(started)).toEqual([]);
  });

  test('when it was frozen: seconds from what the sensor saw, where that is known', () => {
    const paused = { kind: 'run.paused', ...run, reasons: ['PERSON_PRESENT'], cpuUs: 5 } as const;
    expect(figures({ ...paused, reactionNs: 2_500_000 })).toEqual([
      { kind: 'time', name: 'lull.pause.reaction', seconds: 0.0025, labels: { rung: 'frozen' } },
    ]);
    expect(figures(paused)).toEqual([]);
  });

  test('when it was let go: how long it stood, and what it used meanwhile', () => {
    const thawed = { kind: 'run.thawed', ...run, frozenMs: 1_500, cpuUsWhileFrozen: 250 } as const;
    expect(figures(thawed)).toMatchObject([
      { name: 'lull.run.frozen', by: 1.5, unit: 's' },
      { name: 'lull.run.frozen.cpu', by: 0.00025, unit: 's' },
    ]);
  });
});

test('no id and no free text becomes a label', () => {
  const secret = 'told in confidence';
  const facts: Fact[] = [
    submitted(),
    { kind: 'updater.refused', id: secret, version: '1', code: 'BUNDLE_INVALID', message: secret },
    { kind: 'run.interrupted', runId: secret, code: 'HOST_LOST', message: secret },
    { kind: 'run.notice', ...run, message: secret },
  ];
  const labels = facts.flatMap(figuresOf).flatMap((each) => Object.values(each.labels));
  expect(labels).not.toContain(secret);
});

test('what an orchestrator begins with has the names and labels of what is counted later', () => {
  const failed = { kind: 'failed', code: 'NO_SPACE', message: '', retry: true } as const;
  const later = figuresOf({ kind: 'run.finished', ...run, outcome: failed, stderrTail: '' });
  const [ended] = later.filter(({ name }) => name === 'lull.runs.finished');
  expect(figuresAtStart).toContainEqual({ ...ended, by: 0 });
  expect(figuresAtStart.every(({ by }) => by === 0)).toBe(true);
  const keys = figuresAtStart.map(({ name, labels }) => JSON.stringify([name, labels]));
  expect(new Set(keys).size).toBe(keys.length);
});
