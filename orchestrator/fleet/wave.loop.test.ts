// Ten thousand machines that may start at once, and that must stop at once.

import { beforeEach, describe, expect, test } from '@jest/globals';
import { createWave, type Wave } from './wave.loop.js';

const MACHINES = 1_000;
let soon: (() => void)[];
let wave: Wave;
let woken: string[];

beforeEach(() => {
  [soon, woken] = [[], []];
  wave = createWave((fn) => soon.push(fn));
});

function machines(): (() => void)[] {
  return Array.from({ length: MACHINES }, (_, n) => () => {
    woken.push(`m${String(n)}`);
  });
}

/** Everything that is due now, and one look at the network after each. */
function steps(): number {
  let count = 0;
  for (let next = soon.shift(); next !== undefined; next = soon.shift()) {
    count += 1;
    next();
  }
  return count;
}

describe('a wave', () => {
  test('that rises reaches everybody once, and lets the network be heard between its slices', () => {
    wave.rise(machines());
    expect(woken).toHaveLength(4);
    steps();
    expect(new Set(woken).size).toBe(MACHINES);
    expect(woken).toHaveLength(MACHINES);
  });

  test('that rises while another one does takes its place', () => {
    wave.rise(machines());
    wave.rise(machines());
    steps();
    expect(new Set(woken).size).toBe(MACHINES);
    expect(woken.length).toBeLessThanOrEqual(MACHINES + 4);
  });

  test('that falls waits for nobody, and lets the network be heard between its slices', () => {
    wave.fall(machines());
    expect(woken).toHaveLength(4);
    expect(steps()).toBe(MACHINES / 4 - 1);
    expect(woken).toHaveLength(MACHINES);
  });

  test('that is closed goes nowhere', () => {
    wave.rise(machines());
    wave.close();
    steps();
    expect(woken).toHaveLength(4);
  });
});
