// Mistakes that were read in other updaters, each as the situation in which it shows and what Lull does
// there instead. Those that show in the sandbox, at the network and at the sensors are tried beside what
// they are about, in tests that name whose they are: uupd, PackageKit, Chromium, Windows, BITS.

import { describe, expect, test } from '@jest/globals';
import type { Signal, Value } from '../conditions/reading.js';
import type { ReasonCode } from '../conditions/reason.js';
import type { Fact } from '../orchestrator/journal/fact.js';
import type { Update } from '../orchestrator/runs/update.js';
import { decide } from '../orchestrator/scheduler/decide.js';
import { HOUR_MS, hostWith, offering } from '../orchestrator/scheduler/offering.testing.js';
import type { Errand } from '../orchestrator/simulation/errand.js';
import { runErrand } from '../orchestrator/simulation/machine.js';
import type { Span } from '../orchestrator/simulation/span.js';
import { traceOf } from '../orchestrator/simulation/trace.js';
import {
  admitted,
  at,
  awaySince,
  engaged,
  failure,
  finished,
  found,
  NOW_MS,
  perform,
  started,
  submitted,
  enabled,
  trustingPolicy,
  updateOf,
  UPDATER,
  worldOf,
  type Dated,
} from '../orchestrator/world/history.testing.js';
import { grantToWire } from '../orchestrator/link/grant.wire.js';
import { parsePolicy } from '../orchestrator/policy/file.parse.js';
import {
  foldPresence,
  type Place,
  type PresenceSignal,
} from '../sensor-service/reading/presence.js';
import {
  defaultAwayAfter,
  judgeSeat,
  judgeTerminals,
  type SeatVerdict,
} from '../sensor-service/reading/seat.js';
import { sessionOf } from '../sensor-service/reading/session.js';

const DAY_MS = 24 * HOUR_MS;
const unknown: Value = { kind: 'unknown', why: 'the call failed' };
const flag = (value: boolean): Value => ({ kind: 'flag', flag: value });
const word = (value: string): Value => ({ kind: 'word', word: value });

function planOf(dated: Dated[], readings: Partial<Record<Signal, Value>> = {}, nowMs = NOW_MS) {
  return decide(worldOf(dated), hostWith(readings), trustingPolicy, nowMs);
}

/** What stands in the way of update `a`; nothing: it is admitted. */
function codesFor(
  update: Partial<Update>,
  readings: Partial<Record<Signal, Value>>,
  ...more: Fact[]
): ReasonCode[] {
  const { waiting } = planOf(offering([updateOf('a', update)], ...more), readings);
  const mine = waiting.find(({ subject }) => subject.state?.update.id === 'a');
  return mine?.reasons.map(({ code }) => code) ?? [];
}

const install = { nextAction: 'install' } as const;
const large = { downloadBytes: 100_000_000 } as const;

/** Update `a` on its way, started a minute ago by a machine that was quiet then. */
function underWay(update: Partial<Update>): Dated[] {
  const run = [admitted('r', perform(updateOf('a', update))), started('r')];
  return offering([updateOf('a', update)], ...run);
}

describe('uupd', () => {
  test('a missing D-Bus service fails the whole run: here it stops only what needs its answer', () => {
    const dark: Partial<Record<Signal, Value>> = Object.fromEntries(
      [
        ...['power.saver', 'network.metered', 'network.tethered', 'network.connectivity'],
        ...['attention.inhibitor', 'attention.game', 'attention.playing', 'session.remote'],
      ].map((signal) => [signal, unknown]),
    );
    expect(codesFor({ downloadBytes: 1_000_000 }, dark)).toEqual([]);
    expect(codesFor(install, dark)).toEqual([]);
    expect(codesFor(large, dark)).toEqual(['METERED_UNKNOWN']);
  });
});

/** Half a day from 06:00 on; spans in hours. */
function morning(
  away: readonly (readonly [number, number])[],
  mains: readonly (readonly [number, number])[],
  hours = 12,
): Errand {
  const startMs = Date.UTC(2030, 0, 7, 6);
  const endMs = startMs + hours * HOUR_MS;
  const spans = (given: readonly (readonly [number, number])[]): Span[] =>
    given.map(([from, to]) => ({
      fromMs: startMs + from * HOUR_MS,
      toMs: startMs + to * HOUR_MS,
    }));
  const trace = traceOf({
    ...{ device: 'd', startMs, endMs },
    ...{ away: spans(away), mains: spans(mains) },
  });
  return { trace, arrivalMs: startMs, deadlineMs: endMs, workMs: 600_000, stepMs: 0 };
}

/** When it ran, in hours from 06:00. */
function hoursOf(errand: Errand, policy = trustingPolicy): number[][] {
  const { ran } = runErrand(errand, { decide, policy, reactionMs: 0 });
  const hour = (atMs: number): number => (atMs - errand.trace.startMs) / HOUR_MS;
  return ran.map(({ fromMs, toMs }) => [hour(fromMs), hour(toMs)]);
}

describe('systemd timers and apt', () => {
  test('on battery at 06:00 means no upgrade that day: here it runs when the plug is in, at nine', () => {
    expect(hoursOf(morning([[0, 12]], [[3, 12]]))).toEqual([[3, 3 + 1 / 6]]);
  });
});

describe('unattended-upgrades', () => {
  test('one check before the whole fetch: here a network that turns metered stops it in the middle', () => {
    const plan = planOf(underWay(large), { 'network.metered': word('yes') });
    expect(plan.pause).toMatchObject([{ run: { id: 'r' }, reasons: [{ code: 'METERED' }] }]);
  });

  test('not known to be metered means go on: here a large download waits until it is known', () => {
    expect(codesFor(large, { 'network.metered': unknown })).toEqual(['METERED_UNKNOWN']);
    expect(codesFor(large, { 'network.metered': word('no') })).toEqual([]);
  });

  test('a missing on_ac_power means go on: here an install waits until it is known', () => {
    expect(codesFor(install, { 'power.ac': unknown })).toEqual(['AC_UNKNOWN']);
  });

  test('nobody asks whether a user is there: here they keep it waiting, and stop it', () => {
    expect(codesFor(install, { presence: engaged })).toEqual(['PERSON_PRESENT']);
    const plan = planOf(underWay(install), { presence: engaged });
    expect(plan.pause).toMatchObject([{ reasons: [{ code: 'PERSON_PRESENT' }] }]);
  });
});

describe('snapd', () => {
  test('refreshes on metered networks by default: here nothing above a megabyte does', () => {
    const metered = { 'network.metered': word('guess-yes') };
    expect(codesFor({ downloadBytes: 2_000_000 }, metered)).toEqual(['METERED']);
    expect(codesFor({ downloadBytes: 900_000 }, metered)).toEqual([]);
  });

  test('ignores an error of the metered check: here the error is the reason, in words', () => {
    const { waiting } = planOf(offering([updateOf('a', large)]), { 'network.metered': unknown });
    const mine = waiting.find(({ subject }) => subject.state?.update.id === 'a');
    const message = expect.stringContaining('the call failed');
    expect(mine?.reasons).toMatchObject([{ code: 'METERED_UNKNOWN', message }]);
  });
});

describe('Zincati', () => {
  const reboot = [
    submitted(UPDATER, { actions: ['download', 'reboot'] }),
    enabled(),
    found([updateOf('a', { nextAction: 'reboot' })]),
    {
      kind: 'run.demanded',
      updaterId: UPDATER,
      updateId: 'a',
      actor: 'operator',
    },
  ] as const;

  test('an error while listing sessions counts as nobody: here it counts as somebody', () => {
    expect(codesFor({}, { presence: unknown })).toEqual(['PRESENCE_UNKNOWN']);
    const rebooting = (remote: Value) => codesFor({}, { 'session.remote': remote }, ...reboot);
    expect(rebooting(unknown)).toContain('REMOTE_UNKNOWN');
    expect(rebooting(flag(true))).toContain('REMOTE_SESSION');
    expect(rebooting(flag(false)).filter((code) => code.startsWith('REMOTE'))).toEqual([]);
  });

  describe('graphical sessions without a tty are not seen', () => {
    /** As logind describes somebody who works on a Wayland desktop: there is no terminal in it. */
    const desktop = {
      ...{ Class: 'user', Type: 'wayland', TTY: '', State: 'active', Active: true, Remote: false },
      ...{ User: [1_000, '/org/freedesktop/login1/user/_1000'], LockedHint: false },
    };
    const watchedFromMs = NOW_MS - 10 * HOUR_MS;

    /** What the machine comes to say of a person, from what logind says of its sessions. */
    function presenceOf(properties: Readonly<Record<string, unknown>>[]): Value {
      const sessions = properties.flatMap((each) => {
        const session = sessionOf(each);
        return session === undefined || session === 'nonsense' ? [] : [session];
      });
      const signs = {
        ...{ sessions, watchedFromMs, input: undefined, screenOffAtMs: undefined },
        countedBy: new Set<never>(),
        ...{ locked: false, lastSignAtMs: undefined, closedAtMs: undefined },
      };
      const seat = judgeSeat(signs, defaultAwayAfter, NOW_MS).verdict;
      const terminals = judgeTerminals(signs, defaultAwayAfter, NOW_MS).verdict;
      const said = (place: Place, verdict: SeatVerdict): PresenceSignal => ({
        ...{ provider: 'logind', rank: 'sensed', places: [place], verdict },
      });
      return foldPresence([said('seat', seat), said('terminals', terminals)]).value;
    }

    test.each<[string, object, ReasonCode[]]>([
      ['somebody works at it', { IdleHint: false }, ['PERSON_PRESENT']],
      ['nobody says whether they do', {}, ['PRESENCE_UNKNOWN']],
      [
        'somebody left an hour ago',
        { IdleHint: true, IdleSinceHintMonotonic: BigInt(NOW_MS - HOUR_MS) * 1_000n },
        [],
      ],
      ['another one is shown instead', { Active: false }, []],
    ])('here a seat needs no terminal: %s', (_what, changes, codes) => {
      const presence = presenceOf([{ ...desktop, ...changes }]);
      expect(codesFor(install, { presence })).toEqual(codes);
    });

    test('and a terminal needs no seat', () => {
      const typing = { Class: 'user', Type: 'tty', TTY: 'pts/0', State: 'active', Active: true };
      const justNow = BigInt(NOW_MS - 1_000) * 1_000n;
      const presence = presenceOf([{ ...typing, IdleSinceHintMonotonic: justNow }]);
      expect(codesFor(install, { presence })).toEqual(['PERSON_PRESENT']);
      // What has a session and no terminal may be a copy over SSH, or somebody: its processes know.
      const unnamed = { ...typing, TTY: '', IdleSinceHintMonotonic: justNow };
      const codes = codesFor(install, { presence: presenceOf([unnamed]) });
      expect(codes).toEqual(['PRESENCE_UNKNOWN']);
    });
  });
});

describe("RAUC's poller", () => {
  const stopsIn = ({ stop }: ReturnType<typeof planOf>) => stop.map(({ reason }) => reason.code);

  test('an inhibitor that appears during an installation changes nothing: here it stands still', () => {
    const plan = planOf(underWay(install), { 'attention.inhibitor': flag(true) });
    expect(plan.pause).toMatchObject([{ reasons: [{ code: 'ATTENTION_HELD' }] }]);
  });

  test('and whoever objects in the middle of it has it stopped', () => {
    const untilMs = NOW_MS + HOUR_MS;
    const veto: Fact = { kind: 'veto.placed', vetoId: 'v', owner: 'o', why: 'open', untilMs };
    const plan = planOf([...underWay(install), ...at(NOW_MS - 1, veto)]);
    expect(stopsIn(plan)).toEqual(['VETOED']);
  });
});

describe("Chromium's updater", () => {
  test('retries without end: here each failure waits longer, and at last a person has to look', () => {
    const fails = (n: number): Fact[] => [
      admitted(`r${String(n)}`, perform(updateOf('a', install)), { attempt: 9 }),
      finished(`r${String(n)}`, failure('APPLY_FAILED')),
    ];
    const waitsAfter = (count: number): number => {
      const tried = Array.from({ length: count }, (_, n) => fails(n)).flat();
      const { waiting } = planOf([
        ...offering([updateOf('a', install)]),
        ...at(NOW_MS - 1, ...tried),
      ]);
      const mine = waiting.find(({ subject }) => subject.state?.update.id === 'a');
      return Math.round(((mine?.reasons[0]?.untilMs ?? 0) - NOW_MS) / 60_000);
    };
    expect([1, 2, 3, 11].map(waitsAfter)).toEqual([30, 30, 24 * 60, 24 * 60]);
    const dozen = Array.from({ length: 12 }, (_, n) => fails(n)).flat();
    expect(codesFor(install, {}, ...dozen)).toEqual(['GAVE_UP']);
    const never = finished('r', failure('DIGEST_MISMATCH', false));
    const run = admitted('r', perform(updateOf('a', install)));
    expect(codesFor(install, {}, run, never)).toEqual(['GAVE_UP']);
  });
});

describe('Automatic Maintenance', () => {
  test('a failing exit code counts as done: here the update is still there, and tried again', () => {
    const run = admitted('r', perform(updateOf('a', install)));
    const failed = [run, finished('r', failure('UPDATER_CRASHED'))];
    expect(codesFor(install, {}, ...failed)).toEqual([]);
    const { admit } = planOf(offering([updateOf('a', install)], ...failed));
    expect(admit).toMatchObject([{ runId: 'r', attempt: 2, subject: { action: 'install' } }]);
  });

  test('starves on machines that are never idle: here what is due runs beside the person', () => {
    const always: Errand = morning([], [[0, 30 * 24]], 30 * 24);
    expect(hoursOf(always)).toEqual([[14 * 24, 14 * 24 + 1 / 6]]);
  });

  test('starves on machines that are rarely on mains: here an hour is enough, and then none', () => {
    const rarely = morning([[0, 30 * 24]], [[9 * 24, 9 * 24 + 1]], 30 * 24);
    expect(hoursOf(rarely)).toEqual([[9 * 24, 9 * 24 + 1 / 6]]);
    const never = morning([[0, 30 * 24]], [], 30 * 24);
    expect(hoursOf(never)).toEqual([[21 * 24, 21 * 24 + 1 / 6]]);
  });
});

describe("Windows' current platform", () => {
  test('deadlines are ignored by default: here the default policy has one, and it counts', () => {
    const levelAfter = (ms: number): string | undefined => {
      const { admit, waiting } = planOf(offering([updateOf('a')]), {}, NOW_MS + ms);
      return [...admit, ...waiting].find(({ subject }) => subject.state?.update.id === 'a')?.subject
        .level;
    };
    expect([0, 14 * DAY_MS, 21 * DAY_MS].map(levelAfter)).toEqual([
      'silent',
      'gentle',
      'noticeable',
    ]);
  });

  test('one administrator: here anybody may object, and each objection stands by itself', () => {
    const untilMs = NOW_MS + HOUR_MS;
    const by = (vetoId: string, owner: string): Fact => ({
      ...{ kind: 'veto.placed', vetoId, owner, why: 'open', untilMs },
    });
    const lifted: Fact = { kind: 'veto.lifted', vetoId: 'v1', actor: 'operator' };
    const both = [by('v1', 'till 1'), by('v2', 'till 2')];
    expect(codesFor({}, {}, ...both)).toEqual(['VETOED', 'VETOED']);
    expect(codesFor({}, {}, ...both, lifted)).toEqual(['VETOED']);
  });

  test('one blocking reason at a time: here all of them', () => {
    const held: Fact = {
      ...{ kind: 'hold.placed', updaterId: UPDATER, updateId: 'a', why: 'later' },
      ...{ untilMs: NOW_MS + HOUR_MS, actor: 'operator' },
    };
    const poor = { presence: engaged, 'power.ac': flag(false), thermal: word('serious') };
    expect(codesFor(install, poor, held)).toEqual([
      'HELD',
      'PERSON_PRESENT',
      'TOO_HOT',
      'ON_BATTERY',
    ]);
  });

  test('no rollback: here what was installed and does not work is taken back', () => {
    const run = admitted('r', perform(updateOf('a', { nextAction: 'verify' })));
    const { admit } = planOf(
      offering(
        [updateOf('a', { nextAction: 'verify' })],
        run,
        finished('r', failure('VERIFY_FAILED')),
      ),
    );
    expect(admit).toMatchObject([{ subject: { action: 'rollback' } }]);
  });
});

describe('BITS', () => {
  test('cannot see that the line is in use: here what others receive keeps a download waiting', () => {
    const others = { 'network.others': { kind: 'number', number: 900_000 } } as const;
    expect(codesFor(large, { ...others, 'network.metered': word('no') })).toEqual(['NETWORK_BUSY']);
  });

  test('a slow line that others share is full before one machine sees it: here it takes what policy leaves', () => {
    const text = 'network: { kb_per_s: 900, engaged_kb_per_s: 200 }';
    const parsed = parsePolicy(text, 'UTC');
    if (parsed.kind === 'invalid') throw new Error(parsed.problems.join());
    const { network, disk, leaseMs, callsPerMinuteMax, keepAwakeMsMax } = parsed.policy;
    const [{ subject, runId, epoch, attempt, guard } = fail()] = planOf(
      offering([updateOf('a')]),
    ).admit;
    const { version } = subject.updater.accepted ?? fail();
    const grant = grantToWire({
      ...{
        runId,
        epoch,
        attempt,
        leaseMs,
        guard,
        callsPerMinuteMax,
        keepAwakeMsMax,
        network,
        settings: new Map(),
        work: subject.work,
      },
      ...{ manifest: version.manifest, envelope: version.envelope },
      disk,
    });
    expect(grant).toMatchObject({
      $case: 'grant',
      value: { network: { bytesPerSMax: 900_000n, engagedBytesPerSMax: 200_000n } },
    });
  });

  test('and the person who sits at it has it to themselves at once', () => {
    const returned = { presence: engaged, 'network.metered': word('no') };
    expect(planOf(underWay(large), returned).pause).toHaveLength(1);
    const away = { presence: awaySince(NOW_MS), 'network.metered': word('no') };
    expect(planOf(underWay(large), away).pause).toEqual([]);
  });
});

function fail(): never {
  throw new Error('the quiet machine admits it');
}
