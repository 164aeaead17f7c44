import { describe, expect, test } from '@jest/globals';
import { busesFrom, hostAndPort, listenFrom, orchestratorFrom, placesFrom } from './paths.js';

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

describe('an address', () => {
  test.each([
    ['lull.example.com:7400', 'lull.example.com', 7_400],
    ['10.0.0.1:0', '10.0.0.1', 0],
    ['[::1]:65535', '::1', 65_535],
    ['[FE80::1]:1', 'FE80::1', 1],
  ])('%s', (text, host, port) => {
    expect(hostAndPort('--listen', text)).toEqual({ host, port });
  });

  test.each(['', 'h', 'h:', ':7400', 'h:65536', 'h:123456', 'h:x', '::1:7400', '[::1]', '[]:7400'])(
    '%j is none',
    (text) => {
      const refused = { message: `--listen wants HOST:PORT, not "${text}"`, exitCode: 2 };
      expect(() => hostAndPort('--listen', text)).toThrow(expect.objectContaining(refused));
    },
  );

  test.each(['h:7400 ', ' h:7400', 'h h:7400', 'h:7400\n', 'x[::1]:7400'])('nor is %j', (text) => {
    expect(() => hostAndPort('--listen', text)).toThrow('wants HOST:PORT');
  });
});

describe('which orchestrator is asked', () => {
  const run = '/run/lull';
  const env = { LULL_ORCHESTRATOR: 'e:1', LULL_TLS_DIR: '/keys' };

  test.each<[string, Parameters<typeof orchestratorFrom>, ReturnType<typeof orchestratorFrom>]>([
    ["this machine's", [{}, {}, run], { runDir: run }],
    ["this machine's, where the name is empty", [{ orchestrator: '' }, env, run], { runDir: run }],
    ['of the environment', [{}, env, run], { address: 'e:1', tlsDir: '/keys' }],
    [
      'of the command line, before it',
      [{ orchestrator: 'c:2', tlsDir: '/own' }, env, run],
      { address: 'c:2', tlsDir: '/own' },
    ],
  ])('%s', (_what, given, at) => {
    expect(orchestratorFrom(...given)).toEqual(at);
  });

  test('none without a certificate, and none at half an address', () => {
    const refused = { message: expect.stringContaining('wants --tls-dir') as unknown, exitCode: 2 };
    for (const tlsDir of [undefined, '']) {
      expect(() =>
        orchestratorFrom(
          { orchestrator: 'c:2', ...(tlsDir === undefined ? {} : { tlsDir }) },
          {},
          run,
        ),
      ).toThrow(expect.objectContaining(refused));
    }
    expect(() => listenFrom('c:2', undefined)).toThrow('--listen wants --tls-dir');
    expect(() => orchestratorFrom({ orchestrator: 'c' }, env, run)).toThrow(
      '--orchestrator wants HOST:PORT',
    );
    expect(listenFrom(undefined, undefined)).toBeUndefined();
    expect(listenFrom('c:2', '/own')).toEqual({ address: 'c:2', tlsDir: '/own' });
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
