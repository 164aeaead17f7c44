import { describe, expect, test } from '@jest/globals';
import { idleInhibited, namesIdle } from './inhibitor.js';
import { connectivityValue, meteredValue, tetheredValue } from './network-manager.js';
import { defaultRoute, parseTraffic, trafficOnce } from './network.js';
import { reachValue } from './networkd.js';
import { sessionOf } from './session.js';
import { charge, onMains, saving } from './upower.js';
import type { UtmpRecord } from './utmp.js';

const GROUP = '/user.slice/user-1000.slice/session-5.scope';

describe('a session', () => {
  const described = { Class: 'user', Type: 'wayland', State: 'active', Active: true, TTY: '' };

  const roams = { Type: 'tty', Remote: true, Scope: 'session-5.scope', User: [1_000, '/u'] };

  test.each<[string, object, unknown]>([
    ['a desktop', {}, 'graphical'],
    ['a terminal', { Type: 'tty', TTY: 'pts/3' }, 'terminal'],
    ['a login screen', { Class: 'greeter' }, 'graphical'],
    ['one over SSH, whose terminal utmp alone would name', { Type: 'tty', TTY: '' }, 'opaque'],
    ['a browser', { Type: 'web' }, 'opaque'],
    ['a desktop of X11', { Type: 'x11' }, 'graphical'],
    ['one of Mir', { Type: 'mir' }, 'graphical'],
    ['a terminal that is a number', { Type: 'tty', TTY: 3 }, 'opaque'],
    ['one of a class of the future', { Class: 'user-odd' }, 'graphical'],
    ['one from before everything is up', { Class: 'user-early-light' }, 'graphical'],
    ['a light service', { Class: 'background-light', Type: 'unspecified' }, undefined],
    ['cron', { Class: 'background', Type: 'unspecified' }, undefined],
    ["a user's own services", { Class: 'manager' }, undefined],
    ['the same from before everything is up', { Class: 'manager-early' }, undefined],
    ['what has no class', { Class: 'none' }, undefined],
    ['a desktop that closes', { State: 'closing' }, undefined],
    ['one from elsewhere that closes', { State: 'closing', ...roams }, 'left'],
    ['one that closes in no known group', { State: 'closing', ...roams, Scope: '../x' }, undefined],
    ['one that closes here', { State: 'closing', ...roams, Remote: false }, undefined],
    ['a type of the future', { Type: 'hologram' }, 'opaque'],
    ['a class that is a number', { Class: 7 }, 'nonsense'],
    ['a type that is missing', { Type: undefined }, 'nonsense'],
  ])('%s', (_what, odd, kind) => {
    const session = sessionOf({ ...described, ...odd });
    expect(typeof session === 'object' ? session.kind : session).toBe(kind);
  });

  test.each<[string, string, unknown, number | string | undefined]>([
    ['of X11', 'x11', ':1', 1],
    ['of X11, with its screen', 'x11', ':10.0', 10],
    ['that nobody knew yet', 'x11', '', 'unsaid'],
    ['of another machine', 'x11', 'there:0', undefined],
    ['of nonsense', 'x11', ':0/../../x', undefined],
    ['of a number', 'x11', 0, undefined],
    ['of Wayland, whose X server shows some windows only', 'wayland', ':0', undefined],
  ])('the display %s', (_what, type, display, expected) => {
    const session = sessionOf({ ...described, Type: type, Display: display });
    expect(typeof session === 'object' ? session.display : session).toBe(expected);
  });

  test.each([[0n], [-5n], [2n ** 63n], ['soon'], [17], [undefined]])(
    '%p is no time of which to be idle since',
    (since) => {
      const session = sessionOf({ ...described, IdleSinceHintMonotonic: since });
      expect(session).toMatchObject({ idleSinceMs: undefined });
    },
  );

  test('hints of the wrong type are not said', () => {
    const session = sessionOf({ ...described, IdleHint: 'no', LockedHint: 1, User: 'root' });
    expect(session).toMatchObject({ idle: undefined, locked: false, uid: undefined });
  });

  test('somebody over SSH is told with everything that is asked of a session', () => {
    const told = {
      ...{ Class: 'user', Type: 'tty', TTY: 'pts/3', State: 'active', Active: true, Remote: true },
      ...{ IdleHint: true, IdleSinceHintMonotonic: 7_654_321n, LockedHint: true, Leader: 77 },
      ...{ Seat: ['', '/'], User: [1_000, '/u'], Timestamp: 1_900_000_000_123_456n },
    };
    expect(sessionOf(told)).toEqual({
      ...{ kind: 'terminal', greeter: false, remote: true, seat: false, active: true },
      ...{ idle: true, idleSinceMs: 7_654, locked: true, uid: 1_000, display: undefined },
      login: {
        ...{ kind: 'session', pid: 77, line: 'pts/3', isRemote: true, atMs: 1_900_000_000_123 },
      },
    });
  });

  test('a login screen at the seat, and one of which little is said', () => {
    const little = { Class: 'greeter', Type: 'x11' };
    const atSeat = { ...little, Seat: ['seat0', '/s'], TTY: '../sda', Display: ':0' };
    const login = { kind: 'session', pid: 0, line: '', isRemote: false, atMs: 0 };
    const greeter = { kind: 'graphical', greeter: true, remote: false, active: false, login };
    expect(sessionOf(atSeat)).toMatchObject({ ...greeter, seat: true, display: 0 });
    expect(sessionOf(little)).toMatchObject({ ...greeter, seat: false, display: 'unsaid' });
    expect(sessionOf({ ...little, Seat: [7] })).toMatchObject({ seat: false });
  });

  test.each<[string, object, object]>([
    ['a desktop', {}, {}],
    ['a browser', { Type: 'web' }, { unnamed: 'never' }],
    ['SSH without a terminal', { ...roams, TTY: '' }, { unnamed: 'asked', group: GROUP }],
    ['the same, in no known group', { Type: 'tty', Scope: 'x' }, { unnamed: 'asked' }],
    [
      'a group that leads elsewhere',
      { ...roams, Scope: 'session-5.scope/..' },
      { unnamed: 'asked' },
    ],
    ['a user without a number', { ...roams, User: ['..', '/u'] }, { unnamed: 'asked' }],
    ['one that closes', { State: 'closing', ...roams }, { unnamed: 'left', group: GROUP }],
  ])('%s says how it is asked whether somebody is at it', (_what, odd, expected) => {
    const session = sessionOf({ ...described, ...odd });
    const { unnamed, group } = (typeof session === 'object' ? session.login : {}) as UtmpRecord;
    expect({ unnamed, group }).toEqual({ unnamed: undefined, group: undefined, ...expected });
  });
});

describe('inhibitors', () => {
  const block = ['sleep:idle', 'film', 'playing', 'block', 1_000, 77];

  test.each<[string, unknown, unknown]>([
    ['none', [], { kind: 'flag', flag: false }],
    ['one of idle', [block], { kind: 'flag', flag: true }],
    ['one that only delays', [['idle', 'x', '', 'delay', 0, 1]], { kind: 'flag', flag: false }],
    ['one of sleep', [['sleep', 'x', '', 'block', 0, 1]], { kind: 'flag', flag: false }],
    ['something else', 'idle', { kind: 'unknown' }],
    ['entries of something else', [null, 7, [{}, 1]], { kind: 'flag', flag: false }],
    ["Lull's own", [['idle', 'Lull', '', 'block', 0, 1]], { kind: 'flag', flag: false }],
  ])('%s', (_what, list, value) => {
    expect(idleInhibited(list).value).toMatchObject(value as object);
  });

  test.each<[unknown, string]>([
    ['film', 'logind (film)'],
    ['\u001b[2Jfilm', 'logind (\ufffd[2Jfilm)'],
    [7, 'logind (somebody)'],
  ])('of %j the source is %j', (who, source) => {
    expect(
      idleInhibited([
        ['sleep', 'other', '', 'block', 0, 1],
        ['idle', who, '', 'block', 0, 1],
      ]).source,
    ).toBe(source);
    expect(idleInhibited([]).source).toBe('logind');
  });

  test('idle is a whole word of the list', () => {
    expect(namesIdle('shutdown:idle')).toBe(true);
    expect(namesIdle('idleness')).toBe(false);
    expect(namesIdle(8)).toBeUndefined();
  });
});

describe('the network', () => {
  test.each([
    [1, 'yes'],
    [2, 'no'],
    [3, 'guess-yes'],
    [4, 'guess-no'],
  ])('metered %p is %s', (code, word) => {
    expect(meteredValue(code)).toEqual({ kind: 'word', word });
  });

  test.each([
    [1, 'none'],
    [2, 'portal'],
    [3, 'limited'],
    [4, 'full'],
  ])('connectivity %p is %s', (code, word) => {
    expect(connectivityValue(code)).toEqual({ kind: 'word', word });
  });

  test.each([[0], [5], [-1], [1.5], ['yes'], [undefined]])('metered %p is unknown', (code) => {
    expect(meteredValue(code).kind).toBe('unknown');
    expect(connectivityValue(code === 0 ? code : 9).kind).toBe('unknown');
  });

  test.each<[unknown, unknown, unknown]>([
    ['bluetooth', undefined, true],
    ['802-3-ethernet', 'rndis_host', true],
    ['802-3-ethernet', 'e1000e', false],
    ['802-3-ethernet', 'ipheth', true],
    ...['cdc_ncm', 'cdc_ether', 'cdc_eem'].map((driver): [unknown, unknown, unknown] => [
      ...(['802-3-ethernet', driver, undefined] as const),
    ]),
    ['802-11-wireless', undefined, false],
    ['gsm', undefined, false],
    ['cdma', 'cdc_ncm', false],
    ['infiniband', 'rndis_host', false],
    ...['tun', 'wireguard', 'vpn', 'bridge', 'vlan', 'bond', 'pppoe', 'of-the-future'].map(
      (type): [unknown, unknown, unknown] => [type, 'e1000e', undefined],
    ),
    ['802-3-ethernet', undefined, undefined],
    ['', undefined, undefined],
    [3, undefined, undefined],
  ])('over %p with driver %p: tethered %p', (type, driver, flag) => {
    const value = tetheredValue(type, driver);
    expect(value.kind === 'flag' ? value.flag : undefined).toBe(flag);
  });
});

describe('what was received from outside', () => {
  const head = 'Inter-| Receive | Transmit\n face |bytes |bytes\n';
  const line = (name: string, bytes: number, sent = 0): string =>
    `  ${name}: ${String(bytes)}${' 0'.repeat(7)} ${String(sent)}${' 0'.repeat(7)}\n`;

  test.each<[string, string, number | undefined]>([
    ['two devices and the loopback', head + line('lo', 9) + line('eth0', 5) + line('wlan0', 6), 11],
    [
      'a device, and the bridge and the container behind it',
      head + line('eth0', 5) + line('docker0', 4) + line('veth1a2b', 4),
      5,
    ],
    [
      'a machine of its own in a container, which has no device',
      head + line('ceth', 7) + line('tun0', 6),
      13,
    ],
    ['an alias', head + line('eth0:1', 4), 4],
    ['only the loopback', head + line('lo', 9), undefined],
    ['none', head, undefined],
    ['half a line', `${head}  eth0: 55 0 0`, undefined],
    ['garbage', `${head}eth0 lots\n`, undefined],
    ['nothing', '', undefined],
  ])('%s', (_what, text, bytes) => {
    const traffic = parseTraffic(text);
    const isDevice = (name: string): boolean => /^(?:eth|wlan)\d/.test(name);
    const once = traffic && trafficOnce(traffic, isDevice, () => true);
    expect(once?.received).toBe(bytes);
  });

  test('in a container around which the machine is, what the container itself receives is nothing of it', () => {
    const traffic = parseTraffic(head + line('ceth', 7));
    const once = (isMachine: boolean) =>
      traffic &&
      trafficOnce(
        traffic,
        () => false,
        () => isMachine,
      );
    expect(once(false)).toBeUndefined();
    expect(once(true)?.received).toBe(7);
  });

  test('what was sent counts beside it', () => {
    const traffic = parseTraffic(head + line('eth0', 5, 50) + line('wlan0', 6, 60));
    const isDevice = (): boolean => true;
    expect(traffic && trafficOnce(traffic, isDevice, isDevice)).toEqual({
      received: 11,
      sent: 110,
    });
  });

  test('what is sent is the ninth counter', () => {
    const counters = Array.from({ length: 16 }, (_none, index) => String(index + 1)).join(' ');
    const traffic = parseTraffic(`${head}eth0: ${counters}\n`);
    expect(traffic?.get('eth0')).toEqual({ received: 1, sent: 9 });
  });
});

describe('the way out', () => {
  const routes = 'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n';
  const route = (name: string, metric: number, to = '00000000', mask = '00000000'): string =>
    `${name}\t${to}\t0101A8C0\t0003\t0\t0\t${String(metric)}\t${mask}\t0\t0\t0\n`;
  const none = '0'.repeat(32);
  const route6 = (name: string): string => `${none} 00 ${none} 00 fe80 00000400 0 0 1 ${name}\n`;

  test.each<[string, string, string, string | undefined]>([
    ['the one that costs least', route('eth0', 600) + route('usb0', 100), '', 'usb0'],
    ['the first of two that cost the same', route('eth0', 5) + route('usb0', 5), '', 'eth0'],
    ['no network nearby', route('eth0', 0, '0001A8C0', '00FFFFFF'), '', undefined],
    [
      'a tunnel leads there in the end',
      route('tun0', 0, '00000000', '00000080') + route('usb0', 9),
      '',
      'usb0',
    ],
    ['what leads to one address', route('eth0', 0, '0001A8C0') + route('usb0', 9), '', 'usb0'],
    ['the older protocol first', route('eth0', 9), route6('wlan0'), 'eth0'],
    ['a mesh, by the newer one', '', route6('lowpan0'), 'lowpan0'],
    ['the newer protocol alone', '', route6('wlan0'), 'wlan0'],
    ["the kernel's own refusal", '', route6('lo'), undefined],
    ['garbage', 'x y z\n', 'x', undefined],
  ])('%s', (_what, four, six, name) => {
    expect(defaultRoute(routes + four, six)).toBe(name);
  });

  test.each([
    ['routable', 'online', 'full'],
    ['routable', 'offline', undefined],
    ['routable', 'partial', undefined],
    ['routable', '', undefined],
    ['routable', undefined, undefined],
    ...['degraded', 'carrier', 'degraded-carrier'].map((state): [string, string, string] => [
      ...([state, 'online', 'limited'] as const),
    ]),
    ...['no-carrier', 'off', 'dormant'].map((state): [string, string, string] => [
      ...([state, 'offline', 'none'] as const),
    ]),
    ['enslaved', 'online', undefined],
    [7, 'online', undefined],
  ])('systemd-networkd is %p and %p', (state, online, word) => {
    const value = reachValue(state, online);
    expect(value.kind === 'word' ? value.word : undefined).toBe(word);
  });
});

test.each([71, 0, 100])('a battery that is said to be at %p % is', (Percentage) => {
  expect(charge({ IsPresent: true, Percentage })).toEqual({ kind: 'number', number: Percentage });
});

test.each([130, -3, NaN])('a battery that is said to be at %p % is unknown', (Percentage) => {
  expect(charge({ IsPresent: true, Percentage }).kind).toBe('unknown');
});

test('power is on mains or not, and saved or not', () => {
  expect(onMains({ OnBattery: false })).toEqual({ kind: 'flag', flag: true });
  expect(onMains({ OnBattery: true })).toEqual({ kind: 'flag', flag: false });
  expect(saving({ ActiveProfile: 'power-saver' })).toEqual({ kind: 'flag', flag: true });
  expect(saving({ ActiveProfile: 'balanced' })).toEqual({ kind: 'flag', flag: false });
});

test('power that is said in another type is unknown', () => {
  expect(onMains({ OnBattery: 1 }).kind).toBe('unknown');
  expect(charge({ IsPresent: true, Percentage: '71' }).kind).toBe('unknown');
  expect(charge({ IsPresent: false, Percentage: 71 })).toEqual({
    kind: 'unknown',
    why: 'no battery',
  });
  expect(saving({ ActiveProfile: null }).kind).toBe('unknown');
});
