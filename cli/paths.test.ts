import { describe, expect, test } from '@jest/globals';
import { busesFrom, placesFrom } from './paths.js';

describe('where Lull keeps its things', () => {
  test.each<[string, Parameters<typeof placesFrom>, { stateDir: string; runDir: string }]>([
    ['root', [{}, { HOME: '/root' }, 0], { stateDir: '/var/lib/lull', runDir: '/run/lull' }],
    [
      'an ordinary user',
      [{}, { HOME: '/home/ann', XDG_RUNTIME_DIR: '/run/user/1000' }, 1_000],
      { stateDir: '/home/ann/.local/state/lull', runDir: '/run/user/1000/lull-1000' },
    ],
    [
      'a user with a place of his own for state',
      [{}, { HOME: '/home/ann', XDG_STATE_HOME: '/data/state' }, 1_000],
      { stateDir: '/data/state/lull', runDir: '/tmp/lull-1000' },
    ],
    [
      'the environment',
      [{}, { LULL_STATE: '/a', LULL_RUN: '/b' }, 0],
      { stateDir: '/a', runDir: '/b' },
    ],
    [
      'the command line, before the environment',
      [{ state: '/c', run: '/d' }, { LULL_STATE: '/a', LULL_RUN: '/b' }, 0],
      { stateDir: '/c', runDir: '/d' },
    ],
    ['dots', [{ state: '/c/../e', run: '/d/.' }, {}, 0], { stateDir: '/e', runDir: '/d' }],
  ])('%s', (_who, given, places) => {
    expect(placesFrom(...given)).toEqual(places);
  });

  test('a relative directory is one below where the command was called', () => {
    expect(placesFrom({ state: 'x', run: 'y' }, {}, 0)).toEqual({
      stateDir: `${process.cwd()}/x`,
      runDir: `${process.cwd()}/y`,
    });
  });
});

describe('the bus of whoever sits at the machine', () => {
  const env = { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/own' };

  test.each<
    [string, uid: number, sitting: number, ReturnType<ReturnType<typeof busesFrom>['desktopOf']>]
  >([
    [
      'is connected to by root as that user',
      0,
      1_000,
      { address: 'unix:path=/run/user/1000/bus', as: 1_000 },
    ],
    [
      'is our own where it is our own desktop',
      1_000,
      1_000,
      { address: 'unix:path=/own', as: undefined },
    ],
    [
      'is tried by another user, who can be nobody else',
      1_001,
      1_000,
      { address: 'unix:path=/run/user/1000/bus', as: undefined },
    ],
  ])('%s', (_what, uid, sitting, bus) => {
    expect(busesFrom(env, uid).desktopOf(sitting)).toEqual(bus);
  });
});
