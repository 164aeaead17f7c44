import { describe, expect, test } from '@jest/globals';
import { attentionSignals, readingKey, type Reading, type Signal, type Value } from './reading.js';
import { judge, objections, type Requirement } from './requirement.js';

const nowMs = 1_000_000_000;

function readings(...given: [Signal, Value, string?][]): ReadonlyMap<string, Reading> {
  return new Map(
    given.map(([signal, value, instance = '']) => [
      readingKey(signal, instance),
      { signal, instance, observedAtMs: nowMs, observedMonotonicNs: 0n, source: 'test', value },
    ]),
  );
}

const flag = (value: boolean): Value => ({ kind: 'flag', flag: value });
const word = (value: string): Value => ({ kind: 'word', word: value });
const number = (value: number): Value => ({ kind: 'number', number: value });
const unknown: Value = { kind: 'unknown', why: 'no sensor' };

function answer(requirement: Requirement, ...given: [Signal, Value, string?][]): string {
  const result = judge(requirement, readings(...given), nowMs);
  return result.kind === 'open' ? 'open' : `${result.kind} ${result.reason.code}`;
}

const undisturbed: Requirement = { kind: 'undisturbed' };
const bulk: Requirement = { kind: 'unmetered', bytes: 60_000_000 };
const some: Requirement = { kind: 'unmetered', bytes: 2_000_000 };
const scan: Requirement = { kind: 'unmetered', bytes: 900_000 };
const quiet: Requirement = { kind: 'network-quiet', bytesPerS: 700_000 };
const cool: Requirement = { kind: 'cool', hottest: 'nominal' };
const app: Requirement = { kind: 'app-closed', path: '/usr/bin/editor' };
const lock: Requirement = { kind: 'lock-free', name: 'dpkg' };
const settled: Requirement = {
  kind: 'settled',
  setUpMs: 900,
  bootMs: 300,
  resumeMs: 60,
  loginMs: 60,
};

type Row = [string, string, Requirement, [Signal, Value, string?][]];

describe('what surrounds an update', () => {
  test.each<Row>([
    [
      'a film in fullscreen with nobody typing',
      'closed ATTENTION_HELD',
      undisturbed,
      [['attention.fullscreen', flag(true)]],
    ],
    ...attentionSignals.map((signal): Row => [
      `${signal} alone`,
      'closed ATTENTION_HELD',
      undisturbed,
      [[signal, flag(true)]],
    ]),
    ['attention of another kind', 'open', undisturbed, [['attention.call', word('yes')]]],
    ['no power saver', 'open', { kind: 'no-power-saver' }, [['power.saver', flag(false)]]],
    ['no sensor of a power saver', 'open', { kind: 'no-power-saver' }, []],
    ['cool', 'open', cool, [['thermal', word('nominal')]]],
    ['no thermometer', 'open', cool, []],
    ['a thermometer that broke', 'open', cool, [['thermal', unknown]]],
    ...(['moderate', 'serious', 'critical'] as const).map((hottest): Row => [
      `one step above ${hottest}`,
      hottest === 'critical' ? 'open' : 'closed TOO_HOT',
      { kind: 'cool', hottest },
      [['thermal', word(hottest === 'moderate' ? 'serious' : 'critical')]],
    ]),
    [
      'serious where that is allowed',
      'open',
      { kind: 'cool', hottest: 'serious' },
      [['thermal', word('serious')]],
    ],
    ['known to be free, bulk', 'open', bulk, [['network.metered', word('no')]]],
    [
      'a megabyte where it is metered',
      'open',
      { kind: 'unmetered', bytes: 1_000_000 },
      [['network.metered', word('yes')]],
    ],
    [
      'a byte more',
      'closed METERED',
      { kind: 'unmetered', bytes: 1_000_001 },
      [['network.metered', word('yes')]],
    ],
    ['50 MB where nobody knows', 'open', { kind: 'unmetered', bytes: 50_000_000 }, []],
    ['a byte more', 'unknown METERED_UNKNOWN', { kind: 'unmetered', bytes: 50_000_001 }, []],
    [
      'as much as policy says where nobody knows',
      'open',
      { kind: 'unmetered', bytes: 200_000_000, unknownBytesMax: 200_000_000 },
      [],
    ],
    [
      'more than policy says where nobody knows',
      'unknown METERED_UNKNOWN',
      { kind: 'unmetered', bytes: 2_000_000, unknownBytesMax: 1_999_999 },
      [],
    ],
    [
      'a network that no phone shares',
      'open',
      bulk,
      [
        ['network.metered', word('no')],
        ['network.tethered', flag(false)],
      ],
    ],
    [
      'a phone of which nobody knows, on a free network',
      'open',
      bulk,
      [
        ['network.metered', word('no')],
        ['network.tethered', unknown],
      ],
    ],
    ['connected', 'open', { kind: 'connected' }, [['network.connectivity', word('full')]]],
    [
      'no way out',
      'closed OFFLINE',
      { kind: 'connected' },
      [['network.connectivity', word('none')]],
    ],
    [
      'a way that leads nowhere far',
      'closed OFFLINE',
      { kind: 'connected' },
      [['network.connectivity', word('limited')]],
    ],
    ['nobody counts what others receive', 'open', quiet, [['network.others', unknown]]],
    [
      'nobody can say whether it runs',
      'unknown APP_UNKNOWN',
      app,
      [['app.running', unknown, '/usr/bin/editor']],
    ],
    [
      'an answer of another kind',
      'unknown APP_UNKNOWN',
      app,
      [['app.running', number(0), '/usr/bin/editor']],
    ],
    ['dpkg is not at work', 'open', lock, [['lock.held', flag(false), 'dpkg']]],
    ['another lock is held', 'open', lock, [['lock.held', flag(true), 'rpm']]],
    ['a lock of which nobody knows', 'open', lock, [['lock.held', unknown, 'dpkg']]],
    ['nobody looks for terminals', 'unknown REMOTE_UNKNOWN', { kind: 'no-remote-session' }, []],
    [
      'terminals in another form',
      'unknown REMOTE_UNKNOWN',
      { kind: 'no-remote-session' },
      [['session.remote', number(0)]],
    ],
    ['just logged in to', 'closed STARTING_UP', settled, [['login.at', number(nowMs - 59)]]],
    ['set up for exactly long enough', 'open', settled, [['setup.at', number(nowMs - 900)]]],
    ['awake for exactly long enough', 'open', settled, [['resume.at', number(nowMs - 60)]]],
    ['started in this very instant', 'closed STARTING_UP', settled, [['boot.at', number(nowMs)]]],
    ['no instant is known', 'open', settled, [['boot.at', unknown]]],
    ['a call', 'closed ATTENTION_HELD', undisturbed, [['attention.call', flag(true)]]],
    [
      'a kiosk, whose window fills the screen for ever',
      'open',
      { kind: 'undisturbed', ignoring: ['attention.fullscreen'] },
      [['attention.fullscreen', flag(true)]],
    ],
    [
      'a call at a kiosk',
      'closed ATTENTION_HELD',
      { kind: 'undisturbed', ignoring: ['attention.fullscreen'] },
      [
        ['attention.fullscreen', flag(true)],
        ['attention.call', flag(true)],
      ],
    ],
    ['nothing that could be disturbed', 'open', undisturbed, [['attention.call', flag(false)]]],
    ['a machine without those sensors', 'open', undisturbed, [['attention.game', unknown]]],
    [
      'a power saver mode',
      'closed POWER_SAVER',
      { kind: 'no-power-saver' },
      [['power.saver', flag(true)]],
    ],
    ['no power saver known', 'open', { kind: 'no-power-saver' }, [['power.saver', unknown]]],
    ['warm, an install', 'closed TOO_HOT', cool, [['thermal', word('moderate')]]],
    [
      'warm, a scan',
      'open',
      { kind: 'cool', hottest: 'moderate' },
      [['thermal', word('moderate')]],
    ],
    ['a temperature word of the future', 'open', cool, [['thermal', word('balmy')]]],
    ['metered, bulk', 'closed METERED', bulk, [['network.metered', word('yes')]]],
    [
      'guessed to be metered, bulk',
      'closed METERED',
      bulk,
      [['network.metered', word('guess-yes')]],
    ],
    ['guessed to be free, bulk', 'open', bulk, [['network.metered', word('guess-no')]]],
    [
      'a phone that shares, whatever it says of itself',
      'closed METERED',
      some,
      [
        ['network.metered', word('no')],
        ['network.tethered', flag(true)],
      ],
    ],
    ['metered, a scan', 'open', scan, [['network.metered', word('yes')]]],
    ['metered unknown, bulk', 'unknown METERED_UNKNOWN', bulk, []],
    ['metered unknown, a little', 'open', some, [['network.metered', unknown]]],
    [
      'metered unknown, size unknown',
      'unknown METERED_UNKNOWN',
      { kind: 'unmetered', bytes: Infinity },
      [],
    ],
    [
      'a captive portal',
      'closed OFFLINE',
      { kind: 'connected' },
      [['network.connectivity', word('portal')]],
    ],
    ['no NetworkManager', 'open', { kind: 'connected' }, [['network.connectivity', unknown]]],
    ['others use the network', 'closed NETWORK_BUSY', quiet, [['network.others', number(700_000)]]],
    ['others hardly use it', 'open', quiet, [['network.others', number(699_999)]]],
    ['a sensor that measured nonsense', 'open', quiet, [['network.others', number(Number.NaN)]]],
    [
      'the program runs',
      'closed APP_IN_USE',
      app,
      [['app.running', flag(true), '/usr/bin/editor']],
    ],
    ['it does not run', 'open', app, [['app.running', flag(false), '/usr/bin/editor']]],
    [
      'only of another program is it known',
      'unknown APP_UNKNOWN',
      app,
      [['app.running', flag(false), '/usr/bin/other']],
    ],
    ['dpkg is at work', 'closed LOCK_HELD', lock, [['lock.held', flag(true), 'dpkg']]],
    [
      'an active SSH session',
      'closed REMOTE_SESSION',
      { kind: 'no-remote-session' },
      [['session.remote', flag(true)]],
    ],
    [
      'nobody at a terminal',
      'open',
      { kind: 'no-remote-session' },
      [['session.remote', flag(false)]],
    ],
    [
      'terminals that could not be listed',
      'unknown REMOTE_UNKNOWN',
      { kind: 'no-remote-session' },
      [['session.remote', unknown]],
    ],
    ['just set up', 'closed STARTING_UP', settled, [['setup.at', number(nowMs - 899)]]],
    ['just booted', 'closed STARTING_UP', settled, [['boot.at', number(nowMs - 299)]]],
    [
      'just woken',
      'closed STARTING_UP',
      settled,
      [
        ['boot.at', number(1)],
        ['resume.at', number(nowMs - 59)],
      ],
    ],
    [
      'up for long enough',
      'open',
      settled,
      [
        ['boot.at', number(nowMs - 300)],
        ['login.at', number(nowMs - 60)],
      ],
    ],
    ['a clock that was set back', 'open', settled, [['boot.at', number(nowMs + 5)]]],
    ['an instant that is none', 'open', settled, [['boot.at', number(NaN)]]],
  ])('%s: %s', (_situation, expected, requirement, given) => {
    expect(answer(requirement, ...given)).toBe(expected);
  });

  test('of several waits after one another each is a reason, with its own end', () => {
    const given = readings(
      ['setup.at', number(nowMs - 100)],
      ['boot.at', number(nowMs - 100)],
      ['resume.at', number(nowMs - 60)],
      ['login.at', number(nowMs - 59)],
    );
    const reasons = objections([settled], given, nowMs);
    expect(reasons.map(({ code, untilMs }) => [code, untilMs])).toEqual([
      ['STARTING_UP', nowMs + 800],
      ['STARTING_UP', nowMs + 200],
      ['STARTING_UP', nowMs + 1],
    ]);
    expect(reasons.map(({ message }) => message.split(' ').slice(2, 4).join(' '))).toEqual([
      'was set',
      'started 100',
      'was logged',
    ]);
  });

  test('says until when, where it is known', () => {
    const result = judge(settled, readings(['resume.at', number(nowMs - 20)]), nowMs);
    expect(result).toMatchObject({ reason: { untilMs: nowMs + 40 } });
  });
});
