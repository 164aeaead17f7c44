import { describe, expect, test } from '@jest/globals';
import { BULK_BYTES } from '../../conditions/network.js';
import type { Requirement } from '../../conditions/requirement.js';
import type { Intrusion } from '../runs/intrusion.js';
import type { ActionName } from '../runs/run.js';
import type { Update } from '../runs/update.js';
import { perform, updateOf, trustingPolicy } from '../world/history.testing.js';
import { toContinue, toResume, toStart, type Want } from './requirements.js';

const options = {
  ...{ diskPath: '/opt', installRoots: [] },
  ...{ quietSinceOwnRun: true, usesNetwork: true },
};
const { waiting, disk, load } = trustingPolicy;
const loads = Object.keys(load).map(() => 'below');
const comfort = ['undisturbed', 'no-power-saver', 'cool'];

function want(
  action: ActionName,
  level: Intrusion = 'silent',
  changes: Partial<Update> = {},
): Want {
  const work = action === 'scan' ? ({ kind: 'scan' } as const) : perform(updateOf('a', changes));
  // Of what was begun here.
  return { action, work, level, state: { begun: true } };
}

function kindsToStart(wanted: Want, quietSinceOwnRun = true): string[] {
  return toStart(wanted, trustingPolicy, { ...options, quietSinceOwnRun }).map(({ kind }) => kind);
}

describe('to start', () => {
  test.each<[ActionName, Intrusion, string[]]>([
    [
      'scan',
      'silent',
      ['person-away', ...loads, ...comfort, 'settled', 'battery-above', 'connected'],
    ],
    [
      'download',
      'silent',
      [
        'person-away',
        ...loads,
        'network-quiet',
        ...comfort,
        'unmetered',
        'settled',
        'battery-above',
        'connected',
        'disk-free',
      ],
    ],
    ['install', 'silent', ['person-away', ...loads, ...comfort, 'settled', 'on-ac', 'disk-free']],
    // Nobody knows whether what is installed works: it does not wait for mains.
    [
      'verify',
      'silent',
      ['person-away', ...loads, ...comfort, 'settled', 'battery-above', 'disk-free'],
    ],
    ['install', 'gentle', [...loads, ...comfort, 'settled', 'on-ac', 'disk-free']],
    ['install', 'noticeable', [...comfort, 'settled', 'battery-above', 'disk-free']],
    ['install', 'forced', ['battery-above', 'disk-free']],
    ['download', 'forced', ['battery-above', 'connected', 'disk-free']],
    ['reboot', 'forced', ['battery-above', 'disk-free', 'no-remote-session']],
  ])('%s at the level %s', (action, level, kinds) => {
    expect(kindsToStart(want(action, level))).toEqual(kinds);
  });

  test.each(['scan', 'download'] as const)(
    '%s of an updater that may reach nobody asks for no network',
    (action) => {
      const alone = toStart(want(action), trustingPolicy, { ...options, usesNetwork: false });
      const all = toStart(want(action), trustingPolicy, options);
      expect(alone).toEqual(all.filter(({ kind }) => kind !== 'connected'));
      expect(alone).toHaveLength(all.length - 1);
    },
  );

  test('an install waits for a network where its updater says that it needs one', () => {
    const asks = (action: ActionName, usesNetwork = true) =>
      toStart(want(action, 'forced', { needsNetwork: true }), trustingPolicy, {
        ...options,
        usesNetwork,
      }).some(({ kind }) => kind === 'connected');
    expect([asks('install'), asks('install', false)]).toEqual([true, false]);
    // What is installed must not stay unverified because a cable is out.
    expect([asks('verify'), asks('rollback')]).toEqual([false, false]);
  });

  test.each(['verify', 'rollback'] as const)(
    '%s of what was not begun here is an install',
    (action) => {
      const { work, level } = want(action);
      expect(toStart({ action, work, level }, trustingPolicy, options)).toEqual(
        toStart(want('install'), trustingPolicy, options),
      );
    },
  );

  test('changing something needs a longer absence than looking', () => {
    const [look] = toStart(want('scan'), trustingPolicy, options);
    const [change] = toStart(want('install'), trustingPolicy, options);
    expect(look).toEqual({
      kind: 'person-away',
      forMs: waiting.awayMs,
      lockedForMs: 20_000,
      darkForMs: 60_000,
    });
    expect(change).toEqual({
      kind: 'person-away',
      forMs: waiting.awayForInstallMs,
      lockedForMs: 20_000,
      darkForMs: 60_000,
    });
  });

  test('load that may be our own is not asked', () => {
    expect(kindsToStart(want('install'), false)).not.toContain('below');
  });

  test('a held lock is waited for', () => {
    const changes = { conflictKeys: ['lock:dpkg', 'other'] };
    const all = toStart(want('install', 'silent', changes), trustingPolicy, options);
    expect(all).toContainEqual({ kind: 'lock-free', name: 'dpkg' });
    expect(all.filter(({ kind }) => kind === 'lock-free')).toHaveLength(1);
  });

  test('a download of unknown size counts as just not bulk', () => {
    const all = toStart(want('download'), trustingPolicy, options);
    expect(all).toContainEqual({
      ...{ kind: 'unmetered', bytes: BULK_BYTES },
      bytesMax: trustingPolicy.network.meteredBytesMax,
      unknownBytesMax: BULK_BYTES,
    });
  });

  test('what is bulk where nobody knows is what policy says, and its guard says the same', () => {
    const network = { ...trustingPolicy.network, meteredUnknownBytesMax: 10_000_000 };
    const policy = { ...trustingPolicy, network };
    for (const all of [
      toStart(want('download'), policy, options),
      toContinue(want('download'), policy),
    ])
      expect(all).toContainEqual({
        ...{ kind: 'unmetered', bytes: BULK_BYTES },
        ...{ bytesMax: network.meteredBytesMax, unknownBytesMax: 10_000_000 },
      });
  });

  test('what fills the screen of a kiosk is not asked, to start, to go on and to be taken up', () => {
    const policy = { ...trustingPolicy, ignoredAttention: ['attention.fullscreen'] as const };
    const wanted = want('install');
    for (const all of [
      toStart(wanted, policy, options),
      toContinue(wanted, policy),
      toResume(wanted, policy),
    ])
      expect(all).toContainEqual({ kind: 'undisturbed', ignoring: ['attention.fullscreen'] });
  });

  test('sizes that nobody told leave the rest that is kept for the person', () => {
    const all = toStart(want('install'), trustingPolicy, options);
    expect(all.at(-1)).toEqual({ kind: 'disk-free', path: '/opt', bytes: disk.freeBytesMin });
  });

  test('where it is installed there has to be room for that, besides the room for downloads', () => {
    const wanted = want('download', 'silent', { downloadBytes: 1e9, installBytes: 2e9 });
    const installRoots = ['/home/tools', '/opt'];
    const all = toStart(wanted, trustingPolicy, { ...options, installRoots });
    expect(all.filter(({ kind }) => kind === 'disk-free')).toEqual([
      { kind: 'disk-free', path: '/opt', bytes: 3.3e9 + disk.freeBytesMin },
      { kind: 'disk-free', path: '/home/tools', bytes: 2.2e9 + disk.freeBytesMin },
    ]);
  });
});

test('to go on, being away for a moment is enough; to be taken up again, it is not', () => {
  expect(toContinue(want('install'), trustingPolicy)[0]).toEqual({ kind: 'person-away', forMs: 0 });
  expect(toResume(want('install'), trustingPolicy)[0]).toEqual({
    kind: 'person-away',
    forMs: waiting.awayToResumeMs,
    lockedForMs: 20_000,
    darkForMs: 60_000,
  });
  expect(toContinue(want('scan'), trustingPolicy)).toContainEqual({
    kind: 'battery-above',
    percent: 10,
  });
});

test('load is no part of the guard: a run would hold itself up', () => {
  const guard = toContinue(want('download', 'gentle'), trustingPolicy).map(({ kind }) => kind);
  expect(guard).toEqual([...comfort, 'unmetered', 'battery-above']);
});

test('a run that warms the machine goes on; what was too hot cools down before it does', () => {
  const hottest = (all: readonly Requirement[]): unknown =>
    all.flatMap((each) => (each.kind === 'cool' ? each.hottest : []))[0];
  const install = want('install');
  expect(hottest(toStart(install, trustingPolicy, options))).toBe('nominal');
  expect(hottest(toContinue(install, trustingPolicy))).toBe('moderate');
  expect(hottest(toResume(install, trustingPolicy))).toBe('nominal');
  expect(hottest(toContinue(want('scan'), trustingPolicy))).toBe('serious');
  const heat = { change: 'critical', look: 'critical' } as const;
  expect(hottest(toContinue(install, { ...trustingPolicy, heat }))).toBe('critical');
});
