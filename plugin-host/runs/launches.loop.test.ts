import { beforeEach, expect, test } from '@jest/globals';
import { createLog } from '../../runtime/log.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import type { SandboxExit } from '../sandbox/sandbox.js';
import { Launches, type Launched } from './launches.loop.js';
import { recordingSandbox, type RecordingSandbox } from './recording-sandbox.testing.js';

const LINGER_MS = 5_000;

interface FakeLaunch extends Launched {
  readonly sandbox: RecordingSandbox;
  readonly closed: () => boolean;
  readonly die: () => void;
}

let clock: VirtualClock;
let launches: Launches<FakeLaunch>;

beforeEach(() => {
  clock = new VirtualClock();
  launches = new Launches({ clock, log: createLog('test', 'silent') });
});

function launchOf(key: string): FakeLaunch {
  let closed = false;
  let die: () => void = () => undefined;
  const exited = new Promise<SandboxExit>((resolve) => {
    die = () => {
      resolve({ code: 1, signal: undefined });
    };
  });
  return {
    key,
    sandbox: { ...recordingSandbox(clock), exited },
    closed: () => closed,
    die: () => {
      die();
    },
    close: () => {
      closed = true;
      return Promise.resolve();
    },
  };
}

test('the same launch is taken once, frozen since its run ended, and without its brake (L1)', () => {
  const launch = launchOf('a');
  launches.keep(launch);
  expect(launch.sandbox.calls).toEqual(['freeze', 'unthrottle']);
  expect(launches.take('a')).toBe(launch);
  expect(launches.take('a')).toBeUndefined();
  clock.advance(LINGER_MS * 2);
  expect(launch.closed()).toBe(false);
});

test('a launch that would be another one closes what lingers (L3)', () => {
  const launch = launchOf('a');
  launches.keep(launch);
  expect(launches.take('b')).toBeUndefined();
  expect(launch.closed()).toBe(true);
  expect(launches.take('a')).toBeUndefined();
});

test('nobody comes for it: closed when its time is over', () => {
  const launch = launchOf('a');
  launches.keep(launch);
  clock.advance(LINGER_MS - 1);
  expect(launch.closed()).toBe(false);
  clock.advance(1);
  expect(launch.closed()).toBe(true);
  expect(launches.take('a')).toBeUndefined();
});

test('the next one that lingers takes its place (L2)', () => {
  const [one, other] = [launchOf('a'), launchOf('b')];
  launches.keep(one);
  launches.keep(other);
  expect([one.closed(), other.closed()]).toEqual([true, false]);
});

test('one that dies while it lingers is not given to anybody', async () => {
  const launch = launchOf('a');
  launches.keep(launch);
  launch.die();
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  expect(launch.closed()).toBe(true);
  expect(launches.take('a')).toBeUndefined();
});

test('after so many runs it is closed, however well they went (L2)', () => {
  const launch = launchOf('a');
  let served = 0;
  do {
    launches.keep(launch);
    served += 1;
  } while (launches.take('a') !== undefined && served < 1_000);
  expect({ served, closed: launch.closed() }).toEqual({ served: 20, closed: true });
});

test('at the end nothing lingers, and nothing begins to', async () => {
  const [one, late] = [launchOf('a'), launchOf('b')];
  launches.keep(one);
  await launches.close();
  launches.keep(late);
  expect([one.closed(), late.closed()]).toEqual([true, true]);
});
