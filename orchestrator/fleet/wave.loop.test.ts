// Ten thousand machines that may start at once, and that must stop at once.

import { beforeEach, describe, expect, test } from '@jest/globals';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import type { Fact } from '../journal/fact.js';
import { createWave, type Wave } from './wave.loop.js';

const MACHINES = 1_000;
let clock: VirtualClock;
let soon: (() => void)[];
let wave: Wave;
let woken: string[];

function admitted(machine: string): Fact {
  return {
    ...{ kind: 'run.admitted', machine, runId: 'run-1', epoch: 1, attempt: 1, hostId: machine },
    ...{ updaterId: 'a.b', updaterVersion: '1.0.0', work: { kind: 'scan' } },
  };
}

function finished(machine: string): Fact {
  const outcome = { kind: 'succeeded' } as const;
  return { kind: 'run.finished', machine, runId: 'run-1', outcome, stderrTail: '' };
}

beforeEach(() => {
  clock = new VirtualClock(1_000);
  [soon, woken] = [[], []];
  wave = createWave(clock, (fn) => soon.push(fn));
});

function machines(): (() => void)[] {
  return Array.from({ length: MACHINES }, (_, n) => () => {
    woken.push(`m${String(n)}`);
    wave.see(admitted(`m${String(n)}`));
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
  test('that rises waits while many run, and goes on as they end', () => {
    wave.rise(machines());
    steps();
    expect(woken).toHaveLength(64);
    clock.advance(200);
    steps();
    expect(woken).toHaveLength(64);
    for (const machine of woken.slice(0, 10)) wave.see(finished(machine));
    clock.advance(51);
    steps();
    expect(woken.length).toBeGreaterThan(64);
    expect(woken.length).toBeLessThan(64 + 10 + 4);
  });

  test('that rises reaches everybody once, when they end', () => {
    wave.rise(machines());
    for (let look = 0; look < 2_000 && woken.length < MACHINES; look += 1) {
      steps();
      for (const machine of woken) wave.see(finished(machine));
      clock.advance(51);
    }
    expect(new Set(woken).size).toBe(MACHINES);
    expect(woken).toHaveLength(MACHINES);
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
