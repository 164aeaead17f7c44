// What is looked at after a freeze, in time that the test moves: with a sandbox that says what the test
// wants, and with control groups whose files the test writes as a kernel would.

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '../../runtime/log.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import { ControlGroup } from '../sandbox/group.cgroup.js';
import { FreezeWatch, STANDS_MS_MAX } from './freeze-watch.loop.js';
import { Launches } from './launches.loop.js';
import { Pauses } from './pauses.loop.js';
import { recordingSandbox } from './recording-sandbox.testing.js';
import { Section } from './section.loop.js';

let clock: VirtualClock;
let [still, usedUs, writes, wentOn] = [false, 0, 0, 0];

beforeEach(() => {
  clock = new VirtualClock();
  [still, usedUs, writes, wentOn] = [false, 0, 0, 0];
});

function watch(): FreezeWatch {
  const sandbox = {
    freeze: () => void (writes += 1),
    isStill: () => still,
    cpuUs: () => usedUs,
  };
  return new FreezeWatch({ clock, sandbox, onGoesOn: () => void (wentOn += 1) });
}

/** Lets time pass in which it uses so much of one processor. */
function pass(ms: number, share: number): void {
  for (let at = 0; at < ms; at += 10) {
    usedUs += 10_000 * share;
    clock.advance(10);
  }
}

test('what stands at the first look is left alone: no second write, no further look', () => {
  still = true;
  watch();
  pass(50, 0);
  still = false;
  pass(20_000, 1);
  expect({ writes, wentOn }).toEqual({ writes: 0, wentOn: 0 });
});

test('what does not stand is written to again at each look, and ended when it goes on for half a second', () => {
  watch();
  pass(STANDS_MS_MAX - 10, 1);
  expect({ writes, wentOn }).toEqual({ writes: 9, wentOn: 0 });
  pass(10, 1);
  expect(wentOn).toBe(1);
  pass(20_000, 1);
  expect({ writes, wentOn }).toEqual({ writes: 9, wentOn: 1 });
});

test('what only waits for a processor, or is in the kernel, is not killed, and looked at for 10 s', () => {
  watch();
  pass(60_000, 0.02);
  expect(wentOn).toBe(0);
  // Nine in the first half second, and then one in each.
  expect(writes).toBe(9 + 19);
});

test('what comes out of the kernel and goes on then is ended as well', () => {
  watch();
  pass(3_000, 0);
  pass(STANDS_MS_MAX, 0.5);
  expect(wentOn).toBe(1);
});

test('one that is thawed is not looked at any more', () => {
  const watched = watch();
  pass(100, 1);
  watched.close();
  pass(20_000, 1);
  expect(wentOn).toBe(0);
});

test.each([false, true])('a run that goes on is told, attached late: %s', (late) => {
  const sandbox = {
    ...recordingSandbox(clock),
    cpuUs: () => usedUs,
    isStill: () => false,
  };
  const told: string[] = [];
  const nothing = (): void => undefined;
  const pauses = new Pauses({
    clock,
    section: new Section({ clock, emit: nothing, onOverrun: nothing }),
    ...{ runMsMax: 60_000, emit: nothing, onStep: nothing, onTimeLimit: nothing },
    onGoesOn: () => told.push('it goes on'),
  });
  if (!late) pauses.attach(sandbox);
  pauses.hold('guard', ['PERSON_PRESENT']);
  if (late) pauses.attach(sandbox);
  pass(STANDS_MS_MAX - 10, 1);
  expect(told).toEqual([]);
  pass(10, 1);
  expect(told).toEqual(['it goes on']);
});

test('a launch that goes on while it lingers is closed', () => {
  let closed = 0;
  const launches = new Launches({ clock, log: createLog('test', 'silent') });
  const sandbox = { ...recordingSandbox(clock), cpuUs: () => usedUs, isStill: () => false };
  launches.keep({
    ...{ key: 'a', sandbox },
    close: () => {
      closed += 1;
      return Promise.resolve();
    },
  });
  pass(STANDS_MS_MAX, 1);
  expect({ closed, left: launches.take('a') }).toEqual({ closed: 1, left: undefined });
});

describe.each(['v1', 'v2'] as const)('by the files of control groups, %s', (version) => {
  let root: string;
  let group: ControlGroup;
  const file = (name: string): string => join(root, 'group', name);
  const [knob, words] = version === 'v1' ? ['freezer.state', 'FROZEN'] : ['cgroup.freeze', '1'];

  /** What the kernel says when it is asked how far it is. */
  function says(frozen: boolean): void {
    if (version === 'v2') writeFileSync(file('cgroup.events'), `frozen ${frozen ? '1' : '0'}\n`);
    else writeFileSync(file('freezer.state'), frozen ? 'FROZEN\n' : 'FREEZING\n');
  }
  /** What the process has used, to the kernel. */
  function uses(us: number): void {
    if (version === 'v2') writeFileSync(file('cpu.stat'), `usage_usec ${String(us)}\n`);
    else writeFileSync(file('cpuacct.usage'), String(us * 1_000));
  }
  /** What was written to the freezer since the last look. */
  function written(): string {
    const text = readFileSync(file(knob), 'latin1').replace(/\0/g, '');
    writeFileSync(file(knob), '');
    return text;
  }

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'lull-fw-'));
    mkdirSync(join(root, 'group'));
    writeFileSync(file(knob), '');
    uses(0);
    const v1 = new Map([
      ['freezer', root],
      ['cpuacct', root],
    ]);
    const none = new Map<string, string>();
    group = new ControlGroup(
      version === 'v2' ? { unified: root, v1: none } : { unified: undefined, v1 },
      '/group',
    );
    group.freeze();
    expect(written()).toBe(words);
  });
  afterEach(() => {
    group.close();
    rmSync(root, { recursive: true });
  });

  function watchGroup(): void {
    new FreezeWatch({ clock, sandbox: group, onGoesOn: () => void (wentOn += 1) });
  }

  test('FREEZING is not frozen: it is written again, until the kernel confirms', () => {
    says(false);
    watchGroup();
    clock.advance(50);
    expect(written()).toContain(words);
    says(true);
    clock.advance(50);
    const after = written();
    clock.advance(20_000);
    expect(written()).toBe('');
    expect({ after: after.replace('FROZEN\n', ''), wentOn }).toEqual({ after: '', wentOn: 0 });
  });

  test('a tree that forks on in spite of it is told after half a second', () => {
    says(false);
    watchGroup();
    for (let ms = 0; ms < STANDS_MS_MAX; ms += 50) {
      uses((ms + 50) * 900);
      says(false);
      expect(wentOn).toBe(0);
      clock.advance(50);
    }
    expect(wentOn).toBe(1);
  });
});
