// What policies would have done, as a table.

import { expect, test } from '@jest/globals';
import type { Simulated } from '../commands/simulate.js';
import { showSimulated } from './simulated.js';

const policy = {
  ...{ name: 'Lull', count: 4, doneShare: 0.9876, missCount: 1, notAllowedMeanS: 12.34 },
  ...{ notAllowedP99S: 60, timeToUpdateP50H: 1.234, interruptionsMean: 0.5 },
  ...{ costMean: 2.345, regretMean: 0.0506, regretWorstTenth: 1 },
};
const recording = {
  faults: { count: 0, lines: [] as string[] },
  mended: { touchingCount: 0, emptyCount: 0 },
};
const simulated: Simulated = {
  ...{ source: 'night.csv', deviceCount: 1, updateCount: 4, overdueAfterMs: 72 * 3_600_000 },
  ...{ timeZone: 'UTC', told: ['presence', 'power.ac'], takenForGranted: {}, recording },
  policies: [
    policy,
    { ...policy, name: `/${'long/'.repeat(6)}policy.yaml`, notAllowedMeanS: 0.0456 },
  ],
};
const partsOf = (changes: Partial<Simulated> = {}, columns = Infinity): string[] =>
  showSimulated({ ...simulated, ...changes }, { columns }).split('\n\n');

test('what it is of, a line for each policy, and what the figures mean', () => {
  expect(partsOf()).toEqual([
    'night.csv: 1 device, 4 updates; missed is what is not done after 3 d, or when the recording ends;\nclock of UTC',
    [
      '                                            not      not      to',
      'policy                    done  missed  allowed  allowed  update  stopped  cost  regret',
      '                             %          s, mean   s, p99  h, p50     mean  mean    mean',
      'Lull                      98.8       1     12.3     60.0    1.23     0.50  2.35   0.051',
      '…g/long/long/policy.yaml  98.8       1    0.046     60.0    1.23     0.50  2.35   0.051',
    ].join('\n'),
    [
      'Recorded: presence, power.ac. All else is as on a calm machine.',
      'Not allowed is time with a person there, or on battery. Cost: 6 per minute not allowed, 1 per hour',
      "waited, 72 per update missed. Regret: cost over the clairvoyant's.",
    ].join('\n'),
  ]);
});

test('columns move together where the terminal is narrow, and words go on below', () => {
  const lines = showSimulated(simulated, { columns: 86 }).split('\n');
  expect(lines).toContain(
    '…g/long/long/policy.yaml 98.8      1   0.046    60.0   1.23    0.50 2.35  0.051',
  );
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(86);
  // One that just fits stays as it is.
  expect(showSimulated(simulated, { columns: 87 })).toContain('  0.046     60.0');
});

test('what was left out, put right and taken for granted is told, and where the drawing lies', () => {
  const lines = ['1', '2', '3', '4', '5', '6'];
  const odd = {
    ...{ takenForGranted: { uupd: ['network.metered', 'power.ac'] as const }, svgFile: 'x.svg' },
    recording: { faults: { count: 7, lines }, mended: { touchingCount: 1, emptyCount: 2 } },
  };
  const [, leftOut, putRight, , notes, drawn] = partsOf(odd);
  expect(leftOut).toBe('left out:\n  1\n  2\n  3\n  4\n  5\n  and 2 more');
  expect(putRight).toBe('put right: 1 window that touched, 2 that were empty');
  expect(notes).toContain('take it for granted: uupd (network.metered, power.ac).\n');
  expect(drawn).toBe('drawn: x.svg');
  const five = { ...recording, faults: { count: 5, lines: lines.slice(0, 5) } };
  expect(partsOf({ recording: five })[1]).toBe('left out:\n  1\n  2\n  3\n  4\n  5');
  for (const mended of [
    { touchingCount: 0, emptyCount: 1 },
    { touchingCount: 1, emptyCount: 0 },
  ]) {
    expect(partsOf({ recording: { ...recording, mended } })[1]).toMatch(/^put right: /);
  }
});

test('a name that just fits is not shortened', () => {
  const named = (name: string) => partsOf({ policies: [{ ...policy, name }] })[1];
  expect(named('x'.repeat(24))).toContain(`\n${'x'.repeat(24)}  98.8`);
  expect(named('x'.repeat(25))).toContain(`\n…${'x'.repeat(23)}  98.8`);
});
