// Probes of what surrounds a person, on machines made of files, terminals and locks.

import { execFileSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  openSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Signal, Value } from '../../conditions/reading.js';
import type { Instant } from '../reading/measurement.js';
import type { Place, PresenceSignal } from '../reading/presence.js';
import type { SeatVerdict } from '../reading/seat.js';
import type { UtmpRecord } from '../reading/utmp.js';
import { utmpRecord, utmpType } from '../reading/utmp-record.testing.js';
import { setUpProbe } from './set-up.js';
import { appsProbe } from './apps.js';
import { callProbe } from './call.js';
import { createFakeMachine, type FakeMachine } from './fake-machine.testing.js';
import { inputProbe } from './input-devices.js';
import type { OpenProbe } from './probe.js';
import { placesProbe, type Profile } from './places.js';
import { playingProbe } from './playing.js';
import type { Probe } from './probe.js';
import { tetheredProbe } from './tethered.js';
import { trafficProbe } from './traffic.js';
import { soundCards } from './sound.js';
import { terminalsProbe } from './terminals.js';
import { thermalProbe } from './thermal.js';

const NOW = 1_900_000_000_000;
const MINUTE = 60_000;
const at = (ms: number, wallMs = NOW + ms): Instant => ({ wallMs, monotonicMs: ms });

let machine: FakeMachine;

beforeEach(() => {
  machine = createFakeMachine();
});

afterEach(() => {
  machine.close();
});

async function valueOf(probe: Probe, signal: Signal, ms = 0, instance = ''): Promise<Value> {
  const measured = await probe.measure(at(ms));
  const found = measured.find((each) => each.signal === signal && each.instance === instance);
  if (found === undefined) throw new Error(`${probe.name} said nothing of ${signal}`);
  return found.value;
}

const yes: Value = { kind: 'flag', flag: true };
const no: Value = { kind: 'flag', flag: false };

describe('terminals', () => {
  let sensed: PresenceSignal[];
  /** What logind knows; undefined: nothing. */
  let sessions: readonly UtmpRecord[] | undefined;

  function probe(): Probe {
    const { dir: root, procRoot } = machine;
    return terminalsProbe({
      root,
      procRoot,
      arch: 'x64',
      onClockNow: (instantMs) => instantMs,
      sense: (signal) => sensed.push(signal),
      sessions: () => sessions,
    });
  }

  function login(agoMs: number, pid = 1): void {
    machine.write('dev/pts/3', '');
    const typedAt = new Date(NOW - agoMs);
    utimesSync(join(machine.dir, 'dev/pts/3'), typedAt, typedAt);
    const record = utmpRecord({
      type: utmpType.session,
      pid,
      line: 'pts/3',
      host: 'far.example',
      atMs: NOW - 60 * MINUTE,
    });
    machine.write('run/utmp', '');
    writeFileSync(join(machine.dir, 'run/utmp'), record);
  }

  beforeEach(() => {
    sensed = [];
    sessions = undefined;
    machine.write('proc/stat', `cpu 1\nbtime ${String((NOW - 99 * MINUTE) / 1_000)}\n`);
  });

  test('somebody typed over SSH a minute ago', async () => {
    login(MINUTE);
    expect(await valueOf(probe(), 'session.remote')).toEqual(yes);
    expect(await valueOf(probe(), 'login.at')).toEqual({
      kind: 'number',
      number: NOW - 60 * MINUTE,
    });
    expect(sensed.at(-1)).toMatchObject({ places: ['terminals'], verdict: { kind: 'engaged' } });
  });

  test('an idle session is nobody', async () => {
    login(30 * MINUTE);
    expect(await valueOf(probe(), 'session.remote')).toEqual(no);
    expect(sensed.at(-1)?.verdict).toEqual({ kind: 'away', sinceMs: NOW - 30 * MINUTE });
  });

  test('a session whose terminal is hidden is unknown while its process lives', async () => {
    login(MINUTE, 4_711);
    machine.remove('dev/pts/3');
    machine.write('proc/4711/stat', 'x');
    expect((await valueOf(probe(), 'session.remote')).kind).toBe('unknown');
    expect(sensed.at(-1)?.verdict.kind).toBe('unknown');
    machine.remove('proc/4711');
    expect(await valueOf(probe(), 'session.remote')).toEqual(no);
  });

  test('where nobody writes utmp, logind names the sessions, and their terminals are looked at', async () => {
    login(MINUTE);
    machine.remove('run/utmp');
    const session = { kind: 'session', pid: 1, line: 'pts/3', isRemote: true } as const;
    sessions = [{ ...session, atMs: NOW - 30 * MINUTE }];
    expect(await valueOf(probe(), 'session.remote')).toEqual(yes);
    expect(await valueOf(probe(), 'login.at')).toEqual({
      kind: 'number',
      number: NOW - 30 * MINUTE,
    });
    expect(sensed.at(-1)).toMatchObject({ places: ['terminals'], verdict: { kind: 'engaged' } });
    const long = new Date(NOW - 30 * MINUTE);
    utimesSync(join(machine.dir, 'dev/pts/3'), long, long);
    expect(await valueOf(probe(), 'session.remote')).toEqual(no);
    sessions = [];
    expect(await valueOf(probe(), 'session.remote')).toEqual(no);
  });

  test.each<[string, string | undefined]>([
    ['missing', undefined],
    ['empty', ''],
    ['garbage', 'x'.repeat(1_000)],
  ])('utmp that is %s is not "nobody there"', async (_what, text) => {
    if (text !== undefined) machine.write('run/utmp', text);
    expect((await valueOf(probe(), 'session.remote')).kind).toBe('unknown');
    expect(sensed.at(-1)?.verdict.kind).toBe('unknown');
  });
});

describe('input devices', () => {
  const heard: SeatVerdict[] = [];
  let probe: OpenProbe | undefined;
  let writer: number | undefined;

  const last = (): SeatVerdict | undefined => heard.at(-1);

  function open(): OpenProbe {
    const { dir: root, procRoot } = machine;
    const hear = (input: SeatVerdict): void => void heard.push(input);
    const waits = { awayAfterMs: 4 * MINUTE, stillAfterMs: MINUTE };
    probe = inputProbe({ root, procRoot, ...waits, heard: hear });
    return probe;
  }

  afterEach(() => {
    probe?.close();
    if (writer !== undefined) closeSync(writer);
    writer = undefined;
  });

  test('a key is seen at the next look, and a minute without one is told with its instant', async () => {
    machine.write('proc/bus/input/devices', 'N: Name="k"\nH: Handlers=kbd event0\n\n');
    mkdirSync(join(machine.dir, 'dev/input'), { recursive: true });
    // Like an event device, a FIFO can be read without waiting.
    const device = join(machine.dir, 'dev/input/event0');
    execFileSync('mkfifo', [device]);
    const input = open();
    await input.measure(at(0));
    expect(last()?.kind).toBe('unknown');
    writer = openSync(device, 'w');
    writeSync(writer, Buffer.alloc(24));
    await input.measure(at(1_000));
    expect(last()).toEqual({ kind: 'engaged' });
    await input.measure(at(1_000 + MINUTE - 1));
    expect(last()).toEqual({ kind: 'engaged' });
    await input.measure(at(1_000 + MINUTE));
    expect(last()).toEqual({ kind: 'away', sinceMs: 1_000 });
  });

  test('that nobody touches vouch for nothing before they were watched for four minutes', async () => {
    machine.write('proc/bus/input/devices', 'N: Name="k"\nH: Handlers=kbd event0\n\n');
    mkdirSync(join(machine.dir, 'dev/input'), { recursive: true });
    const device = join(machine.dir, 'dev/input/event0');
    execFileSync('mkfifo', [device]);
    writer = openSync(device, 'r+');
    const input = open();
    await input.measure(at(0));
    await input.measure(at(4 * MINUTE - 1));
    expect(last()?.kind).toBe('unknown');
    await input.measure(at(4 * MINUTE));
    expect(last()).toEqual({ kind: 'away', sinceMs: 0 });
  });

  test.each([
    ['no list', undefined, /no input device is known/],
    ['no keyboard', 'N: Name="lid"\nH: Handlers=event0\n\n', /knows no keyboard/],
    ['a keyboard that is not shown', 'H: Handlers=kbd event0\n\n', /event0 does not exist; show/],
  ])('%s: unknown, and why', async (_what, list, why) => {
    if (list !== undefined) machine.write('proc/bus/input/devices', list);
    await open().measure(at(0));
    expect(last()).toEqual({ kind: 'unknown', why: expect.stringMatching(why) as unknown });
  });
});

describe('the places of a machine', () => {
  async function placesOf(profile: Profile = 'auto'): Promise<readonly Place[]> {
    let told: readonly Place[] = [];
    const onPlaces = (places: readonly Place[]): void => void (told = places);
    await placesProbe({ ...machine, root: machine.dir, profile, onPlaces }).measure(at(0));
    return told;
  }

  test.each<[string, Record<string, string>, readonly Place[]]>([
    ['a rack', { 'proc/bus/input/devices': '' }, ['terminals']],
    ['a kernel without input', {}, ['terminals']],
    ['a desk', { 'proc/bus/input/devices': 'H: Handlers=kbd event0\n\n' }, ['seat', 'terminals']],
    [
      'a screen over the network',
      { 'proc/bus/input/devices': '', 'tmp/.X11-unix/X1': '' },
      ['seat', 'terminals'],
    ],
    [
      'a Wayland session',
      { 'proc/bus/input/devices': '', 'run/user/1000/wayland-0': '' },
      ['seat', 'terminals'],
    ],
    ['a list that is hidden', { 'sys/class/input/event0': '' }, ['seat', 'terminals']],
  ])('%s', async (_what, files, expected) => {
    for (const [path, text] of Object.entries(files)) machine.write(path, text);
    expect(await placesOf()).toEqual(expected);
  });

  test('an operator knows better', async () => {
    expect(await placesOf('desktop')).toEqual(['seat', 'terminals']);
    machine.write('proc/bus/input/devices', 'H: Handlers=kbd event0\n\n');
    expect(await placesOf('headless')).toEqual(['terminals']);
  });
});

describe('sound and calls', () => {
  const status = (stream: string): string => `proc/asound/card0/${stream}/sub0/status`;

  test('a microphone that records is a call, music is not', async () => {
    machine.write(status('pcm0p'), 'state: RUNNING\nowner_pid : 1\n');
    machine.write(status('pcm0c'), 'closed\n');
    machine.write('dev/null', '');
    const cards = soundCards(machine.procRoot);
    const call = callProbe({ ...machine, root: machine.dir }, cards);
    expect(await valueOf(playingProbe(cards), 'attention.playing')).toEqual(yes);
    expect(await valueOf(call, 'attention.call')).toEqual(no);
    machine.write(status('pcm0c'), 'state: RUNNING\n');
    machine.write(status('pcm0p'), 'state: PAU');
    expect(await valueOf(call, 'attention.call', 1_000)).toEqual(yes);
    expect(await valueOf(playingProbe(cards), 'attention.playing', 1_000)).toEqual(no);
  });

  test('a card that vanishes is one that is quiet; a machine without any is not known', async () => {
    machine.write(status('pcm0p'), 'state: RUNNING\n');
    const cards = soundCards(machine.procRoot);
    expect(await valueOf(playingProbe(cards), 'attention.playing')).toEqual(yes);
    machine.remove('proc/asound/card0');
    expect(await valueOf(playingProbe(cards), 'attention.playing', 1_000)).toEqual(no);
    machine.remove('proc/asound');
    expect((await valueOf(playingProbe(cards), 'attention.playing', 60_000)).kind).toBe('unknown');
  });

  test('a camera that a process has open is a call, and is looked for every ten seconds', async () => {
    machine.write(status('pcm0c'), 'closed\n');
    machine.write('dev/video0', '');
    mkdirSync(join(machine.procRoot, '77/fd'), { recursive: true });
    const call = callProbe({ ...machine, root: machine.dir }, soundCards(machine.procRoot));
    expect(await valueOf(call, 'attention.call')).toEqual(no);
    symlinkSync(join(machine.dir, 'dev/video0'), join(machine.procRoot, '77/fd/5'));
    expect(await valueOf(call, 'attention.call', 9_999)).toEqual(no);
    expect(await valueOf(call, 'attention.call', 10_000)).toEqual(yes);
    machine.write('sys/class/video4linux/video0/device/driver/module/refcnt', '0\n');
    expect(await valueOf(call, 'attention.call', 20_000)).toEqual(no);
    // Its driver tells at once that somebody opened it.
    machine.write('sys/class/video4linux/video0/device/driver/module/refcnt', '1\n');
    expect(await valueOf(call, 'attention.call', 21_000)).toEqual(yes);
  });
});

test('a machine was set up when its id was made, and nobody knows where it has none', async () => {
  const probe = setUpProbe(machine.dir);
  expect((await valueOf(probe, 'setup.at')).kind).toBe('unknown');
  machine.write('etc/machine-id', '');
  expect((await valueOf(probe, 'setup.at')).kind).toBe('unknown');
  machine.write('etc/machine-id', '0123456789abcdef0123456789abcdef\n');
  const value = await valueOf(probe, 'setup.at');
  expect(value.kind === 'number' && Math.abs(value.number - Date.now())).toBeLessThan(60_000);
});

test('programs that run are found by their executables', async () => {
  const other = '/usr/bin/no-such-program';
  const probe = appsProbe('/proc', () => [process.execPath, other]);
  expect(await valueOf(probe, 'app.running', 0, process.execPath)).toEqual(yes);
  expect(await valueOf(probe, 'app.running', 0, other)).not.toEqual(yes);
});

test('programs in packages are found by their control groups, and only while they run', async () => {
  const apps = ['flatpak:org.mozilla.firefox', 'snap:thunderbird', 'snap:gimp'];
  const probe = appsProbe(machine.procRoot, () => apps);
  const running = async (): Promise<unknown[]> =>
    await Promise.all(apps.map((app) => valueOf(probe, 'app.running', 0, app)));
  const scope = '0::/user.slice/user-1000.slice/user@1000.service/app.slice';
  machine.write('proc/41/cgroup', `${scope}/app-flatpak-org.mozilla.firefox-4107.scope\n`);
  machine.write('proc/42/cgroup', `${scope}/snap.thunderbird.thunderbird-9f2a.scope\n`);
  // Half written, and no process at all.
  machine.write('proc/43/cgroup', `${scope}/snap.gi`);
  machine.write('proc/self/cgroup', `${scope}/snap.gimp.gimp-1.scope\n`);
  expect(await running()).toEqual([yes, yes, no]);
  machine.remove('proc/41');
  expect(await running()).toEqual([no, yes, no]);
});

test('heat is read from zones and chips, and a zone that vanishes leaves the others', async () => {
  const zone = 'sys/class/thermal/thermal_zone0';
  machine.write(`${zone}/temp`, '96000\n');
  machine.write(`${zone}/trip_point_0_type`, 'critical\n');
  machine.write(`${zone}/trip_point_0_temp`, '100000\n');
  machine.write('sys/class/hwmon/hwmon0/temp1_input', '40000\n');
  machine.write('sys/class/hwmon/hwmon0/temp1_crit', '100000\n');
  const probe = thermalProbe(machine.sysRoot);
  expect(await valueOf(probe, 'thermal')).toEqual({ kind: 'word', word: 'serious' });
  machine.remove(zone);
  expect(await valueOf(probe, 'thermal')).toEqual({ kind: 'word', word: 'nominal' });
});

test('what goes through a card is counted once, whatever is built on it, and whichever way', async () => {
  const dev = (received: number, sent = 0): string =>
    `Inter-|\n face |\n${['lo', 'eth0', 'br0', 'veth0']
      .map(
        (name) =>
          `${name}: ${String(received)}${' 0'.repeat(7)} ${String(sent)}${' 0'.repeat(7)}\n`,
      )
      .join('')}`;
  machine.write('sys/class/net/eth0/device/vendor', '0x8086\n');
  const probe = trafficProbe(machine.procRoot, machine.sysRoot);
  machine.write('proc/net/dev', dev(0));
  expect((await valueOf(probe, 'network.others')).kind).toBe('unknown');
  machine.write('proc/net/dev', dev(3_000));
  expect(await valueOf(probe, 'network.others', 1_000)).toEqual({ kind: 'number', number: 3_000 });
  machine.write('proc/net/dev', dev(3_000, 16_000));
  expect(await valueOf(probe, 'network.others', 2_000)).toEqual({ kind: 'number', number: 8_000 });
});

test('a phone on a cable is one whoever manages the network', async () => {
  const probe = tetheredProbe(machine.procRoot, machine.sysRoot);
  expect((await valueOf(probe, 'network.tethered')).kind).toBe('unknown');
  const out = (name: string): void => {
    machine.write('proc/net/route', `Iface\n${name}\t00000000\t1\t3\t0\t0\t0\t00000000\t0\t0\t0\n`);
  };
  const driverOf = (name: string, driver: string): void => {
    mkdirSync(join(machine.sysRoot, 'class/net', name, 'device'), { recursive: true });
    symlinkSync(`/drivers/${driver}`, join(machine.sysRoot, 'class/net', name, 'device/driver'));
  };
  driverOf('usb0', 'rndis_host');
  driverOf('eth0', 'e1000e');
  out('usb0');
  expect(await valueOf(probe, 'network.tethered')).toEqual(yes);
  out('eth0');
  expect(await valueOf(probe, 'network.tethered')).toEqual(no);
  out('tun0');
  expect((await valueOf(probe, 'network.tethered')).kind).toBe('unknown');
  out('../..');
  expect((await valueOf(probe, 'network.tethered')).kind).toBe('unknown');
});
