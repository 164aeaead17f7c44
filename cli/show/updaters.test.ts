// What people read of updaters: which version runs, and what enabling another one would accept.

import { expect, test } from '@jest/globals';
import { TrustState, Updater } from '../../proto/gen/lull/registry/v1/registry.js';
import { showUpdaters, showUpdatersAsking, updaterForPrograms } from './updaters.js';

const npm = Updater.fromPartial({
  id: 'dev.lull.npm',
  version: '1.0.0',
  acceptedVersion: '1.0.0',
  state: TrustState.ENABLED,
  updateCount: 2,
});
const open = Updater.fromPartial({
  id: 'a.b',
  version: '2.0.0',
  state: TrustState.VERIFIED,
  settingsMissing: ['prefix: no value', 'feed: no value'],
  asks: ['scope user-mode, runtime host', 'host {feed}'],
  manifestSha256: 'abc0',
});
const newer = { ...npm, version: '1.1.0', asks: ['host evil.example'] };

test('their state, and what is missing or why', () => {
  const stopped = Updater.fromPartial({
    id: 'a.c',
    version: '3.0.0',
    acceptedVersion: '3.0.0',
    state: TrustState.SUSPENDED,
    why: 'it is loud',
    settingsMissing: ['x'],
  });
  expect(showUpdaters([npm, open, stopped]).split('\n')).toEqual([
    'dev.lull.npm  1.0.0  enabled    2 updates',
    'a.b           2.0.0  verified   0 updates  prefix: no value; feed: no value',
    'a.c           3.0.0  suspended  0 updates  it is loud',
  ]);
});

test('until when one was accepted', () => {
  const limited = { ...npm, acceptedUntilUnixMs: 1_900_000_000_000n };
  expect(showUpdaters([limited])).toMatch(/enabled {2}2 updates {2}accepted until 2030-03-17 /);
  expect(showUpdaters([npm])).not.toContain('until');
});

test('one whose publisher policy does not trust any more is not told as enabled', () => {
  const why = 'policy trusts no publisher "lull" for dev.lull.npm; add its key under "publishers"';
  const distrusted = { ...npm, distrusted: why };
  expect(showUpdaters([distrusted])).toBe(`dev.lull.npm  1.0.0  distrusted  2 updates  ${why}`);
  expect(updaterForPrograms(distrusted)).toMatchObject({ state: 'enabled', distrusted: why });
  const loud = { ...distrusted, state: TrustState.SUSPENDED, why: 'it is loud' };
  expect(showUpdaters([loud])).toContain(`${why}; it is loud`);
});

test('a newer version that nobody has accepted is not told as enabled', () => {
  expect(showUpdaters([newer])).toBe(
    'dev.lull.npm  1.0.0  enabled  2 updates  1.1.0 waits to be enabled',
  );
});

test('what waits to be enabled says what it asks for, and how to accept that', () => {
  expect(showUpdatersAsking([open, npm], Infinity).split('\n')).toEqual([
    'a.b           2.0.0  verified  0 updates  prefix: no value; feed: no value',
    '  it asks for:',
    '    scope user-mode, runtime host',
    '    host {feed}',
    '  to accept that: lull updaters enable a.b 2.0.0@abc0 --set prefix=VALUE feed=VALUE',
    'dev.lull.npm  1.0.0  enabled   2 updates',
  ]);
});

test('an orchestrator that tells no digest is not asked for one', () => {
  const older = showUpdatersAsking([{ ...open, manifestSha256: '' }], 80);
  expect(older).toContain('enable a.b 2.0.0 --set');
});

test('of a newer version it is what goes beyond the accepted one', () => {
  const asking = (asks: string[]) =>
    showUpdatersAsking([{ ...newer, asks }], 80)
      .split('\n')
      .slice(1);
  expect(asking(['host evil.example'])).toEqual([
    '  1.1.0 asks for more than 1.0.0:',
    '    host evil.example',
    '  to accept that: lull updaters enable dev.lull.npm 1.1.0',
  ]);
  expect(asking([])[0]).toBe('  1.1.0 asks for no more than 1.0.0');
});

test('a long reason of a vendor is folded, and does not run out of the terminal', () => {
  const asks = [`setting words (path): ${'the directory '.repeat(10)}`];
  const lines = showUpdatersAsking([{ ...open, asks }], 60)
    .split('\n')
    .slice(1);
  // The command is copied, and stays in one piece.
  const words = lines.slice(0, -1);
  expect(Math.max(...words.map(({ length }) => length))).toBeLessThan(75);
  expect(lines.length).toBeGreaterThan(4);
});

test('a program reads the state of an updater as a word', () => {
  expect(updaterForPrograms(npm)).toMatchObject({ id: 'dev.lull.npm', state: 'enabled' });
});
