// Input devices, and what they say of the places of a machine, with FIFOs in the place of devices.

import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Instant } from '../reading/measurement.js';
import type { Place } from '../reading/presence.js';
import type { SeatVerdict } from '../reading/seat.js';
import { createFakeMachine, filesOpenIn, type FakeMachine } from './fake-machine.testing.js';
import { inputProbe } from './input-devices.js';
import { placesProbe, type Profile } from './places.js';
import type { OpenProbe } from './probe.js';

const NOW = 1_900_000_000_000;
const MINUTE = 60_000;
const at = (ms: number): Instant => ({ wallMs: NOW + ms, monotonicMs: ms });

const KEYBOARD =
  'N: Name="k"\nH: Handlers=sysrq kbd event0 leds\nB: KEY=402000000 3803078f800d001 feffffdfffefffff fffffffffffffffe\n\n';
/** What any server has. */
const BUTTONS = [
  'N: Name="Power Button"\nH: Handlers=kbd event0\nB: KEY=10000000000000 0\n',
  'N: Name="Video Bus"\nH: Handlers=kbd event1\nB: KEY=3e000b00000000 0 0 0\n',
  'N: Name="PC Speaker"\nH: Handlers=kbd event2\nB: SND=6\n',
  '',
].join('\n');
const GAMEPAD =
  'N: Name="pad"\nH: Handlers=event0 js0\nB: KEY=7cdb000000000000 0 0 0 0\nB: ABS=3003f\n\n';

let machine: FakeMachine;

beforeEach(() => {
  machine = createFakeMachine();
});

afterEach(() => {
  machine.close();
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
    machine.write('proc/bus/input/devices', KEYBOARD);
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

  /** As the kernel writes it: the time, then type, code and value. */
  function event(type: number, code: number): Buffer {
    const bytes = Buffer.alloc(24);
    bytes.writeUInt16LE(type, 16);
    bytes.writeUInt16LE(code, 18);
    return bytes;
  }

  test('a gamepad’s keys are a touch, and its sticks, which tremble, are none', async () => {
    machine.write('proc/bus/input/devices', GAMEPAD);
    mkdirSync(join(machine.dir, 'dev/input'), { recursive: true });
    const device = join(machine.dir, 'dev/input/event0');
    execFileSync('mkfifo', [device]);
    writer = openSync(device, 'r+');
    const input = open();
    await input.measure(at(0));
    const [stick, cross, key] = [event(3, 0), event(3, 0x11), event(1, 0x130)];
    // More than is read at once.
    writeSync(writer, Buffer.concat(Array.from({ length: 100 }, () => stick)));
    await input.measure(at(4 * MINUTE));
    expect(last()).toEqual({ kind: 'away', sinceMs: 0 });
    writeSync(writer, Buffer.concat([...Array.from({ length: 100 }, () => stick), key]));
    await input.measure(at(5 * MINUTE));
    expect(last()).toEqual({ kind: 'engaged' });
    writeSync(writer, cross);
    await input.measure(at(9 * MINUTE));
    expect(last()).toEqual({ kind: 'engaged' });
  });

  test('a button of the machine is pressed by somebody, and vouches for nothing', async () => {
    machine.write('proc/bus/input/devices', BUTTONS);
    mkdirSync(join(machine.dir, 'dev/input'), { recursive: true });
    for (const name of ['event0', 'event1']) {
      execFileSync('mkfifo', [join(machine.dir, 'dev/input', name)]);
    }
    const input = open();
    await input.measure(at(0));
    expect(last()?.kind).toBe('unknown');
    writer = openSync(join(machine.dir, 'dev/input/event0'), 'w');
    writeSync(writer, event(1, 116));
    await input.measure(at(1_000));
    expect(last()).toEqual({ kind: 'engaged' });
    await input.measure(at(10 * MINUTE));
    expect(last()).toEqual({
      kind: 'unknown',
      why: expect.stringMatching(/knows no keyboard/) as unknown,
    });
  });

  test('that nobody touches vouch for nothing before they were watched for four minutes', async () => {
    machine.write('proc/bus/input/devices', KEYBOARD);
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

  test('one that is unplugged was unplugged by somebody, and is looked for at once', async () => {
    machine.write('proc/bus/input/devices', KEYBOARD);
    const device = join(machine.dir, 'dev/input/event0');
    // It can be opened and not be read, as a device that has gone.
    mkdirSync(device, { recursive: true });
    const input = open();
    await input.measure(at(0));
    expect(last()).toEqual({ kind: 'engaged' });
    machine.remove('dev/input/event0');
    machine.write('proc/bus/input/devices', BUTTONS.replaceAll('event', 'gone'));
    await input.measure(at(1_000));
    await input.measure(at(MINUTE));
    expect(last()).toEqual({
      kind: 'unknown',
      why: expect.stringMatching(/knows no keyboard/) as unknown,
    });
  });

  test('one that was away from the list is watched anew, and open once however often it is listed', async () => {
    // The writer's end is one of them.
    const openCount = (): number => filesOpenIn(machine).length - 1;
    machine.write('proc/bus/input/devices', KEYBOARD);
    mkdirSync(join(machine.dir, 'dev/input'), { recursive: true });
    const device = join(machine.dir, 'dev/input/event0');
    execFileSync('mkfifo', [device]);
    writer = openSync(device, 'r+');
    const input = open();
    for (let ms = 0; ms <= 5 * MINUTE; ms += 5_000) await input.measure(at(ms));
    expect(last()).toEqual({ kind: 'away', sinceMs: 0 });
    expect(openCount()).toBe(1);
    machine.write('proc/bus/input/devices', '');
    await input.measure(at(5 * MINUTE + 9_999));
    expect(last()?.kind).toBe('away');
    await input.measure(at(5 * MINUTE + 10_000));
    expect(last()?.kind).toBe('unknown');
    expect(openCount()).toBe(0);
    machine.write('proc/bus/input/devices', KEYBOARD);
    await input.measure(at(6 * MINUTE));
    await input.measure(at(10 * MINUTE - 1));
    expect(last()?.kind).toBe('unknown');
    await input.measure(at(10 * MINUTE));
    expect(last()).toEqual({ kind: 'away', sinceMs: 6 * MINUTE });
    expect(openCount()).toBe(1);
    input.close();
    expect(openCount()).toBe(0);
  });

  test.each([
    ['no list', undefined, /no input device is known/],
    ['no keyboard', 'N: Name="lid"\nH: Handlers=event0\n\n', /knows no keyboard/],
    ['a keyboard that is not shown', KEYBOARD, /event0 does not exist; show/],
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
    ['a rack', { 'proc/bus/input/devices': BUTTONS }, ['terminals']],
    ['a console with a gamepad', { 'proc/bus/input/devices': GAMEPAD }, ['seat', 'terminals']],
    ['a kernel without input', {}, ['terminals']],
    ['a desk', { 'proc/bus/input/devices': KEYBOARD }, ['seat', 'terminals']],
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
    machine.write('proc/bus/input/devices', KEYBOARD);
    expect(await placesOf('headless')).toEqual(['terminals']);
  });
});
