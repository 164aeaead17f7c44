import { expect, test } from '@jest/globals';
import { compare, lull, policyForTraces } from './comparison.js';
import { defaultPolicy } from '../policy/policy.js';
import { errandsOf } from './errand.js';
import { syntheticTraces } from './synthetic.js';
import { timelineOf } from './timeline.js';

const DAY_MS = 86_400_000;
const traces = syntheticTraces(1, 4, 4);
const errands = traces.flatMap((trace) =>
  errandsOf(trace, { workMs: 600_000, stepMs: 0, deadlineMs: DAY_MS, everyMs: DAY_MS }),
);

test('every policy has its row, and foreign names stay words', () => {
  const [errand] = errands;
  if (errand === undefined) throw new Error('no errand');
  const compared = compare([lull('<script>&"', policyForTraces(defaultPolicy, DAY_MS))], errands);
  const rows = compared.map(({ name, rides }) => ({
    name,
    ride: rides[0] ?? { ran: [], interruptions: 0 },
  }));
  const svg = timelineOf(errand, rows, 'A title');
  expect(svg).toContain('&lt;script&gt;&amp;&quot;');
  expect(svg).not.toContain('<script');
  for (const { name } of rows.slice(0, -1)) expect(svg).toContain(`>${name}</text>`);
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
});

test('what it takes to freeze is not drawn as if it had run beside a person', () => {
  const [errand] = errands;
  if (errand === undefined) throw new Error('no errand');
  const [first] = errand.trace.quiet;
  if (first === undefined) throw new Error('nothing is quiet');
  const drawn = (lateMs: number): string => {
    const ran = [{ fromMs: first.toMs - 60_000, toMs: first.toMs + lateMs }];
    return timelineOf(errand, [{ name: 'a', ride: { ran, interruptions: 1 } }], 'A title');
  };
  const faults = (svg: string): number => svg.split('#d64545').length;
  expect(faults(drawn(60_000))).toBe(faults(drawn(5)) + 1);
});

test('the same seed makes the same people, and more of them do not change the first', () => {
  expect(syntheticTraces(1, 2, 4)).toEqual(traces.slice(0, 2));
  expect(syntheticTraces(2, 2, 4)).not.toEqual(traces.slice(0, 2));
  for (const { startMs, endMs, away } of traces) {
    expect(endMs - startMs).toBe(4 * DAY_MS);
    for (const { fromMs, toMs } of away) {
      expect(fromMs).toBeGreaterThanOrEqual(startMs);
      expect(toMs).toBeGreaterThan(fromMs);
      expect(toMs).toBeLessThanOrEqual(endMs);
    }
  }
});

test('an update comes at the start, and again as often as its whole time fits', () => {
  expect(errands).toHaveLength(16);
  const short = errandsOf(traces[0] ?? never(), {
    workMs: 1,
    stepMs: 0,
    deadlineMs: 9 * DAY_MS,
    everyMs: DAY_MS,
  });
  expect(short).toHaveLength(1);
  expect(short[0]?.deadlineMs).toBe(traces[0]?.endMs);
});

function never(): never {
  throw new Error('no trace');
}
