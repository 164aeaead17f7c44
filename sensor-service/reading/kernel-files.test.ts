// What the kernel's files say, whole, half-written and as garbage.

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isApp } from './app.js';
import { hasTouchedKey, parseInputDevices } from './input.js';
import { parseLocks, sameFile } from './kernel-locks.js';
import { heatOf, parseCelsius, type HotSpot } from './thermal.js';
import { parseBootAtMs, parseUptimeMs } from './uptime.js';
import { parseUtmp } from './utmp.js';
import { utmpRecord, utmpType } from './utmp-record.testing.js';

const AT_MS = 1_900_000_000_000;
const IN_2040_MS = 2_210_000_000_000;

describe('utmp', () => {
  test.each(['x64', 'arm64', 'loong64', 'riscv64'])(
    'a login over SSH, its end and the start are read on %s',
    (arch) => {
      const bytes = Buffer.concat([
        utmpRecord({ type: utmpType.boot, line: '~', atMs: AT_MS }, arch),
        utmpRecord(
          { type: utmpType.session, pid: 42, line: 'pts/0', host: 'h', atMs: AT_MS },
          arch,
        ),
        utmpRecord({ type: utmpType.login, line: 'tty1', atMs: AT_MS }, arch),
        utmpRecord({ type: utmpType.ended, line: 'pts/1', atMs: AT_MS + 5_000 }, arch),
      ]);
      expect(parseUtmp(bytes, arch)).toEqual([
        { kind: 'boot', pid: 1, line: '', isRemote: false, atMs: AT_MS },
        { kind: 'session', pid: 42, line: 'pts/0', isRemote: true, atMs: AT_MS },
        { kind: 'ended', pid: 1, line: 'pts/1', isRemote: false, atMs: AT_MS + 5_000 },
      ]);
    },
  );

  test('a login in 2040 is one where times have 64 bits', () => {
    const record = utmpRecord({ type: utmpType.session, line: 'tty1', atMs: IN_2040_MS }, 'arm64');
    expect(parseUtmp(record, 'arm64')[0]?.atMs).toBe(IN_2040_MS);
  });

  test.each(['hvc0', 'hvsi12', 'xvc0', 'sclp_line0', 'lxc/tty1', '3270/tty1', 'ttyS0', 'console'])(
    '%s is a console',
    (line) => {
      const record = utmpRecord({ type: utmpType.session, line, atMs: AT_MS });
      expect(parseUtmp(record, 'x64')[0]?.line).toBe(line);
    },
  );

  test('a display of this machine is not elsewhere', () => {
    const record = utmpRecord({ type: utmpType.session, line: 'tty2', host: ':0', atMs: AT_MS });
    expect(parseUtmp(record, 'x64')[0]?.isRemote).toBe(false);
  });

  test.each(['../../etc/shadow', 'pts/../../x', '/dev/sda', 'pts/1\n', 'x/pts/1', 'tty/../sda'])(
    'a terminal called %j leads nowhere',
    (line) => {
      const record = utmpRecord({ type: utmpType.session, line, atMs: AT_MS });
      expect(parseUtmp(record, 'x64')[0]?.line).toBe('');
    },
  );

  test('a record cut short is left out, and nothing throws', () => {
    const whole = utmpRecord({ type: utmpType.session, line: 'pts/0', atMs: AT_MS });
    expect(parseUtmp(Buffer.concat([whole, whole.subarray(0, 200)]), 'x64')).toHaveLength(1);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => {
        for (const { line } of parseUtmp(bytes, 'x64')) {
          expect(line).toMatch(/^(?:|\w+|(?:pts|lxc|3270)\/\w+)$/);
        }
      }),
    );
  });
});

describe('/proc/locks', () => {
  const line = '1: POSIX  ADVISORY  WRITE 4711 fe:10:1234 0 EOF\n';
  const file = { major: 0xfe, minor: 0x10, inode: 1_234 };

  test.each([
    ['a POSIX lock', line, [file]],
    ['a lock of an open file', line.replace('POSIX ', 'OFDLCK').replace('4711', '-1'), [file]],
    ['one by flock', line.replace('POSIX', 'FLOCK'), [file]],
    ['one of many who read', line.replace('WRITE', 'READ '), [file]],
    ['two', line + line.replace('1:', '12:').replace('1234', '5'), [file, { ...file, inode: 5 }]],
    ['one that only waits', line.replace('1: POSIX', '1: -> POSIX'), []],
    ['a line cut short', line.slice(0, 40), []],
    ['garbage', '\0\0\n1: LEASE ACTIVE READ\n', []],
  ])('%s', (_what, text, expected) => {
    expect(parseLocks(text)).toEqual(expected);
  });

  test('a file is known by device and inode, and by its inode where there is no device', () => {
    expect(sameFile(file, { ...file })).toBe(true);
    expect(sameFile(file, { ...file, minor: 1 })).toBe(false);
    expect(sameFile(file, { ...file, major: 0, minor: 31 })).toBe(true);
    expect(sameFile({ ...file, major: 0, minor: 31 }, file)).toBe(true);
    expect(sameFile(file, { ...file, major: 8 })).toBe(false);
    expect(sameFile(file, { ...file, inode: 1 })).toBe(false);
  });
});

describe('/proc/bus/input/devices', () => {
  const device = (handlers: string, keys = '', properties = '0'): string =>
    `N: Name="x"\nB: PROP=${properties}\nH: Handlers=${handlers}\nB: EV=3\n${
      keys === '' ? '' : `B: KEY=${keys}\n`
    }\n`;
  const letters = '402000000 3803078f800d001 feffffdfffefffff fffffffffffffffe';

  test.each<[string, string, string, boolean | undefined]>([
    ['a keyboard', 'sysrq kbd event0 leds', letters, true],
    ['a number pad, by its Enter', 'kbd event0', '1f00000000 0', true],
    ['a few keys with Enter', 'kbd event0', '10000000', true],
    ['a remote control, by its Select', 'kbd event0', '200000000 0 0 0 0 0', true],
    ['the first button of a joystick', 'event0', '100000000 0 0 0 0', true],
    ['the last of a gamepad', 'event0', '8000000000000000 0 0 0 0', true],
    ['what lies before them', 'kbd event0', '80000000 0 0 0 0', false],
    ['what lies behind them', 'kbd event0', '1 0 0 0 0 0', false],
    ['a laptop’s keys for its maker', 'kbd event0', '80 0 0 0 0 0 0 0 0 0', false],
    ['a mouse', 'mouse0 event0', '70000 0 0 0 0', true],
    ['a remote control', 'kbd event0', '100000000 0 0 0 0 0', true],
    ['a gamepad', 'event0 js0', '7cdb000000000000 0 0 0 0', true],
    ['a joystick, where nobody loaded a driver for such', 'event0', 'f00000000 0 0 0 0', true],
    ['the power button', 'kbd event0', '10000000000000 0', false],
    ['keys of brightness', 'kbd event0', '3e000b00000000 0 0 0', false],
    ['the speaker', 'kbd event0', '', undefined],
    ['an accelerometer, which is a joystick by its axes', 'event0 js0', '', undefined],
    ['a lid', 'event0', '', undefined],
    ['a keyboard without events', 'kbd', letters, undefined],
  ])('%s', (_what, handlers, keys, desk) => {
    const [found] = parseInputDevices(device(handlers, keys));
    expect(found?.desk).toBe(desk);
  });

  test('a touch screen is known by its properties, and each is listed once', () => {
    const screen = device('event2', '', '2');
    expect(parseInputDevices(screen + screen)).toEqual([
      { event: 'event2', desk: true, keysOnly: false },
    ]);
  });

  test.each<[string, string, string]>([
    ['a tablet with a pen', '1', 'c07 0 0 0 0 0'],
    ['a pointer that is a gamepad as well', '1', '7cdb000000000000 0 0 0 0'],
  ])('%s is touched however it is', (_what, properties, keys) => {
    expect(parseInputDevices(device('event3', keys, properties))).toEqual([
      { event: 'event3', desk: true, keysOnly: false },
    ]);
  });

  test('of a gamepad with the keys of a keyboard more than keys is a touch', () => {
    const both = `7cdb000000000000 0 ${letters.split(' ').slice(1).join(' ')}`;
    expect(parseInputDevices(device('event0 js0', both))).toMatchObject([{ keysOnly: false }]);
    expect(parseInputDevices(device('event0 js0', '7cdb000000000000 0 0 0 0'))).toMatchObject([
      { keysOnly: true },
    ]);
  });

  test('each device speaks for itself, and 64 of them are enough', () => {
    const lidAndMouse = device('event0') + device('mouse0 event12', '70000 0 0 0 0');
    expect(parseInputDevices(lidAndMouse)).toEqual([
      { event: 'event12', desk: true, keysOnly: false },
    ]);
    const mice = Array.from({ length: 70 }, (_each, n) => device(`mouse0 event${String(n)}`));
    expect(parseInputDevices(mice.join(''))).toHaveLength(64);
  });

  test.each<[string, number, number, boolean]>([
    ['a key', 1, 0x130, true],
    ['a stick', 3, 0x0f, false],
    ['the first axis of a cross of keys', 3, 0x10, true],
    ['the last one', 3, 0x17, true],
    ['the pressure of a pen', 3, 0x18, false],
    ['a mouse that moves', 2, 0x10, false],
  ])('%s is a touched key or is none', (_what, type, code, expected) => {
    for (const eventBytes of [16, 24]) {
      const events = Buffer.alloc(eventBytes * 2);
      events.writeUInt16LE(type, events.length - 8);
      events.writeUInt16LE(code, events.length - 6);
      expect(hasTouchedKey(events, eventBytes)).toBe(expected);
    }
  });

  test('a system of 32 bits writes its keys in halves', () => {
    const half = device(
      'kbd event0',
      '4 2000000 3803078 f800d001 feffffdf ffefffff ffffffff fffffffe',
    );
    expect(parseInputDevices(half, 32)).toMatchObject([{ desk: true }]);
    expect(parseInputDevices(device('kbd event0', '100000 0 0 0'), 32)).toMatchObject([
      { desk: false },
    ]);
  });

  test('garbage names nothing', () => {
    expect(parseInputDevices('H: Handlers=kbd event/../../x\nB: KEY=x\n\n\0')).toEqual([]);
    expect(parseInputDevices(device('kbd event0', 'f'.repeat(500)))).toEqual([]);
  });
});

describe('uptime and the start', () => {
  test.each<[string, number | undefined]>([
    ['123.45 600.00\n', 123_450],
    ['123.45', undefined],
    ['-1.00 0.00\n', undefined],
    ['NaN NaN\n', undefined],
  ])('%j', (text, expected) => {
    expect(parseUptimeMs(text)).toBe(expected);
  });

  test('the start is a whole line', () => {
    expect(parseBootAtMs('cpu 1\nbtime 1900000000\n')).toBe(AT_MS);
    expect(parseBootAtMs('cpu 1\nbtime 19')).toBeUndefined();
  });
});

describe('heat', () => {
  const spot = (celsius: number | undefined, more: Partial<HotSpot> = {}): HotSpot => ({
    name: 'zone',
    celsius,
    passive: undefined,
    critical: 100,
    ...more,
  });
  const wordAt = (spots: readonly HotSpot[], before?: 'moderate' | 'serious'): string => {
    const { value } = heatOf(spots, before);
    return value.kind === 'word' ? value.word : value.kind;
  };

  test.each<[string, readonly HotSpot[], string]>([
    ['cool', [spot(40)], 'nominal'],
    ['above what a driver calls passive', [spot(82, { passive: 80 })], 'moderate'],
    ['a processor of a thin laptop at work', [spot(86)], 'nominal'],
    ['where nobody says from where it slows down', [spot(90)], 'moderate'],
    ['near the critical point', [spot(95)], 'serious'],
    ['a busy disk', [spot(78, { passive: 82, critical: 85 })], 'nominal'],
    ['a disk above its own limit', [spot(82, { passive: 82, critical: 85 })], 'moderate'],
    ['one that is nearly critical', [spot(84, { passive: 82, critical: 85 })], 'serious'],
    ['a rotating disk in summer', [spot(52, { passive: 60, critical: 65 })], 'nominal'],
    ['the same in a drawer', [spot(61, { passive: 60, critical: 65 })], 'moderate'],
    ['a limit above the critical point is none', [spot(86, { passive: 105 })], 'nominal'],
    ['a limit below which no machine runs', [spot(40, { passive: 0 })], 'nominal'],
    [
      'a zone that names no critical point',
      [spot(76, { passive: 75, critical: undefined })],
      'moderate',
    ],
    ['five degrees above', [spot(80, { passive: 75, critical: undefined })], 'serious'],
    [
      'however hot, it is not told to be critical',
      [spot(150, { passive: 75, critical: 0 })],
      'serious',
    ],
    ['at it', [spot(100)], 'critical'],
    ['the hottest of several', [spot(40), spot(96), spot(91)], 'serious'],
    ['one that says nothing beside one that is hot', [spot(undefined), spot(96)], 'serious'],
    ['a place without limits', [spot(99, { critical: undefined })], 'unknown'],
    ['a limit that is turned off', [spot(99, { critical: -274 })], 'unknown'],
    ['a place that does not answer', [spot(undefined)], 'unknown'],
    ['nothing', [], 'unknown'],
  ])('%s', (_what, spots, expected) => {
    expect(wordAt(spots)).toBe(expected);
  });

  test('the hottest place is named', () => {
    const places = [spot(40), { ...spot(96), name: 'cpu' }, { ...spot(95), name: 'disk' }];
    expect(heatOf(places).source).toBe('cpu');
    expect(heatOf([]).source).toBe('no sensor');
  });

  test('it cools by three degrees before it is called cooler', () => {
    expect(wordAt([spot(92)], 'serious')).toBe('serious');
    expect(wordAt([spot(91)], 'serious')).toBe('moderate');
    expect(wordAt([spot(93)])).toBe('moderate');
    expect(wordAt([spot(88)], 'moderate')).toBe('moderate');
    expect(wordAt([spot(86)], 'moderate')).toBe('nominal');
  });

  test.each<[string | undefined, number | undefined]>([
    ['45000\n', 45],
    ['-5000\n', -5],
    ['-274000\n', undefined],
    ['200000\n', undefined],
    ['999999999\n', undefined],
    ['', undefined],
    ['4e4\n', undefined],
    [undefined, undefined],
  ])('%j millidegrees', (text, expected) => {
    expect(parseCelsius(text)).toBe(expected);
  });
});

describe('a program that runs', () => {
  test.each<[string, string | undefined, string | undefined, boolean]>([
    ['/usr/bin/editor', '/usr/bin/editor', undefined, true],
    ['/usr/bin/editor', '/usr/bin/editor (deleted)', undefined, true],
    ['/usr/bin/editor', '/usr/bin/editor2', undefined, false],
    ['/usr/bin/editor', undefined, undefined, false],
    ['flatpak:org.x.Y', undefined, '0::/user/app-flatpak-org.x.Y-12.scope\n', true],
    ['flatpak:org.x.Y', undefined, '0::/user/app-flatpak-orgxxxY-12.scope\n', false],
    ['flatpak:org.x.Y', undefined, '0::/user/flatpak-org.x.Y-12.scope\n', true],
    ['flatpak:org.x.Y', '/usr/bin/bwrap', undefined, false],
    ['flatpak:.*', undefined, '0::/user/flatpak-org.x.Y-12.scope\n', false],
    ['/opt/snap:we', '/opt/snap:we', '0::/snap.we.web-1.scope\n', true],
    ['flatpak:org.x.Y-z', undefined, '0::/user/app-flatpak-org.x.Y\\x2dz-12.scope\n', true],
    ['flatpak:org.x.Y-z', undefined, '0::/user/app-flatpak-org.x.Y-z-12.scope\n', true],
    ['flatpak:org.x.Y', undefined, '0::/user/app-flatpak-org.x.Y\\x2dz-12.scope\n', false],
    ['snap:web', undefined, '0::/snap.web.web-1.scope\n', true],
    ['snap:web-two', undefined, '0::/snap.web-two.web-1.scope\n', true],
    ['snap:we', undefined, '0::/snap.web.web-1.scope\n', false],
  ])('%s, given %s and %s: %s', (app, exe, cgroup, expected) => {
    expect(isApp(app, { exe, cgroup })).toBe(expected);
  });
});
