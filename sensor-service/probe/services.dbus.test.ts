// Power, network, inhibitors, games and players over a real bus with mocked services.

import { afterEach, beforeEach, describe, expect } from '@jest/globals';
import type { Value } from '../../conditions/reading.js';
import * as seat from './buses-under-test.testing.js';
import { listenTo, type BusesUnderTest } from './buses-under-test.testing.js';
import {
  bool,
  busTest,
  double,
  int,
  startMockBus,
  text,
  uint,
  type MockBus,
  type Target,
} from './mock-bus.testing.js';

const upower: Target = {
  ...{ service: 'org.freedesktop.UPower', path: '/org/freedesktop/UPower' },
  iface: 'org.freedesktop.UPower',
};
const display: Target = {
  ...{ service: upower.service, path: '/org/freedesktop/UPower/devices/DisplayDevice' },
  iface: 'org.freedesktop.UPower.Device',
};
const NM = 'org.freedesktop.NetworkManager';
const network: Target = { service: NM, path: '/org/freedesktop/NetworkManager', iface: NM };

const flag = (value: boolean) => (seen: Value) => seen.kind === 'flag' && seen.flag === value;
const word = (value: string) => (seen: Value) => seen.kind === 'word' && seen.word === value;
const number = (value: number) => (seen: Value) => seen.kind === 'number' && seen.number === value;
const because = (why: RegExp) => (seen: Value) => seen.kind === 'unknown' && why.test(seen.why);

const opened: { close(): Promise<void> | void }[] = [];
/** Made by `beforeEach` where there can be one. */
let bus: MockBus;

function openBus(situation: string, body: () => Promise<void>): void {
  busTest(situation, async () => {
    bus = await startMockBus();
    opened.push(bus);
    await body();
  });
}

beforeEach(() => {
  opened.length = 0;
});

afterEach(async () => {
  for (let next = opened.pop(); next !== undefined; next = opened.pop()) await next.close();
});

function listen(...args: Parameters<typeof listenTo>): BusesUnderTest {
  const listening = listenTo(...args);
  opened.push(listening);
  return listening;
}

describe('power', () => {
  openBus('the plug is pulled, the battery drains, a profile saves power', async () => {
    await bus.serve('upower', upower.service);
    const profiles: Target = {
      ...{ service: 'net.hadess.PowerProfiles', path: '/net/hadess/PowerProfiles' },
      iface: 'net.hadess.PowerProfiles',
    };
    await bus.serve('power_profiles_daemon', profiles.service);
    await bus.update(display, { IsPresent: bool(true), Percentage: double(71) });
    const listening = listen(bus);
    await listening.untilValue('power.ac', flag(true));
    await listening.untilValue('power.battery', number(71));
    await listening.untilValue('power.saver', flag(false));
    await bus.update(upower, { OnBattery: bool(true) });
    await listening.untilValue('power.ac', flag(false));
    await bus.update(display, { Percentage: double(12.5) });
    await listening.untilValue('power.battery', number(12.5));
    await bus.update(profiles, { ActiveProfile: text('power-saver') });
    await listening.untilValue('power.saver', flag(true));
    expect(listening.source('power.saver')).toBe('net.hadess.PowerProfiles');
  });

  openBus(
    'a battery at 130 %, at NaN, and of the wrong type is unknown, never a number',
    async () => {
      await bus.serve('upower', upower.service);
      const listening = listen(bus);
      await listening.untilValue('power.battery', because(/^no battery$/));
      for (const [value, why] of [
        [double(130), /^130 is not a possible value$/],
        [double(-3), /^-3 is not a possible value$/],
        [text('full'), /does not say how full/],
      ] as const) {
        await bus.update(display, { IsPresent: bool(true), Percentage: value });
        await listening.untilValue('power.battery', because(why));
      }
      // Our own side of the bus sends no NaN; a service in another language does.
      const mock = { ...display, iface: 'org.freedesktop.DBus.Mock' };
      const nan = `self.UpdateProperties("${display.iface}", {"Percentage": dbus.Double(float("nan"))})`;
      await bus.call(mock, 'AddMethod', 'sssss', [display.iface, 'Break', '', '', nan]);
      await bus.update(display, { Percentage: double(50) });
      await listening.untilValue('power.battery', number(50));
      await bus.call(display, 'Break');
      await listening.untilValue('power.battery', because(/^NaN is not a possible value$/));
      await bus.update(upower, { OnBattery: text('\u001b[2J') });
      await listening.untilValue('power.ac', because(/does not say whether/));
      expect(JSON.stringify(listening.value('power.ac'))).not.toContain('\\u001b');
    },
  );

  openBus('UPower ends in the middle, and comes back', async () => {
    const service = await bus.serve('upower', upower.service);
    const listening = listen(bus);
    await listening.untilValue('power.ac', flag(true));
    await service.close();
    await listening.untilValue('power.ac', because(/UPower has ended; install or start upower/));
    await bus.serve('upower', upower.service);
    await listening.untilValue('power.ac', flag(true));
  });

  openBus('UPower hangs while the plug is pulled, and goes on', async () => {
    const service = await bus.serve('upower', upower.service);
    const listening = listen(bus, { pingEveryMs: 200, callMsMax: 300 });
    await listening.untilValue('power.ac', flag(true));
    process.kill(service.pid, 'SIGSTOP');
    // What it said last does not stand for what is.
    await listening.untilValue('power.ac', because(/UPower does not answer/));
    process.kill(service.pid, 'SIGCONT');
    await listening.untilValue('power.ac', flag(true));
    await bus.update(upower, { OnBattery: bool(true) });
    await listening.untilValue('power.ac', flag(false));
  });

  openBus('the bus itself ends, and comes back', async () => {
    await bus.serve('upower', upower.service);
    const listening = listen(bus);
    await listening.untilValue('power.ac', flag(true));
    await bus.restart();
    await listening.untilValue('power.ac', because(/system bus cannot be reached|not running/));
    await bus.serve('upower', upower.service);
    await listening.untilValue('power.ac', flag(true));
  });
});

describe('the network', () => {
  openBus('turns metered, and asks for a login', async () => {
    await bus.serve('networkmanager', NM);
    const mock = { ...network, iface: 'org.freedesktop.DBus.Mock' };
    await bus.call(mock, 'AddProperty', 'ssv', [NM, 'Metered', ['u', 4]]);
    const listening = listen(bus);
    await listening.untilValue('network.metered', word('guess-no'));
    await listening.untilValue('network.connectivity', word('full'));
    await bus.update(network, { Metered: uint(1) });
    await listening.untilValue('network.metered', word('yes'));
    await bus.update(network, { Connectivity: uint(2) });
    await listening.untilValue('network.connectivity', word('portal'));
    await bus.update(network, { Metered: uint(0) });
    await listening.untilValue('network.metered', because(/does not know whether/));
    await bus.update(network, { Metered: text('yes') });
    await listening.untilValue('network.metered', because(/does not know whether/));
  });

  openBus('is looked after by systemd-networkd', async () => {
    const iface = 'org.freedesktop.network1.Manager';
    const networkd = {
      service: 'org.freedesktop.network1',
      path: '/org/freedesktop/network1',
      iface,
    };
    await bus.serveBare(networkd.service, networkd.path, iface);
    const mock = { ...networkd, iface: 'org.freedesktop.DBus.Mock' };
    const routable = [iface, 'OperationalState', ['s', 'routable']];
    await bus.call(mock, 'AddProperty', 'ssv', routable);
    await bus.call(mock, 'AddProperty', 'ssv', [iface, 'OnlineState', ['s', 'online']]);
    const listening = listen(bus);
    await listening.untilValue('network.connectivity', word('full'));
    expect(listening.source('network.connectivity')).toBe(networkd.service);
    // The cable is pulled; the bridge of the virtual machines stays.
    await bus.update(networkd, { OnlineState: text('offline') });
    await listening.untilValue('network.connectivity', because(/does not say whether the link/));
    await bus.update(networkd, { OperationalState: text('no-carrier') });
    await listening.untilValue('network.connectivity', word('none'));
  });

  openBus('comes from a phone on a cable', async () => {
    await bus.serve('networkmanager', NM);
    const mock = { ...network, iface: 'org.freedesktop.DBus.Mock' };
    const device = '/org/freedesktop/NetworkManager/Devices/9';
    const connection = '/org/freedesktop/NetworkManager/ActiveConnection/9';
    const add = (path: string, iface: string, properties: unknown) =>
      bus.call(mock, 'AddObject', 'ssa{sv}a(ssss)', [path, iface, properties, []]);
    await add(device, `${NM}.Device`, [['Driver', ['s', 'rndis_host']]]);
    await add(connection, `${NM}.Connection.Active`, [['Devices', ['ao', [device]]]]);
    await bus.call(mock, 'AddProperty', 'ssv', [NM, 'PrimaryConnection', ['o', '/']]);
    await bus.call(mock, 'AddProperty', 'ssv', [NM, 'PrimaryConnectionType', ['s', '']]);
    const listening = listen(bus);
    await listening.untilValue('network.tethered', because(/no connection/));
    const settable = { ...network, iface: 'org.freedesktop.DBus.Properties' };
    await bus.call(settable, 'Set', 'ssv', [NM, 'PrimaryConnection', ['o', connection]]);
    await bus.update(network, { PrimaryConnectionType: text('802-3-ethernet') });
    await listening.untilValue('network.tethered', flag(true));
    await bus.update(network, { PrimaryConnectionType: text('802-11-wireless') });
    await listening.untilValue('network.tethered', flag(false));
  });

  openBus('without NetworkManager is unknown, and says why', async () => {
    const listening = listen(bus);
    await listening.untilValue('network.metered', because(/NetworkManager is not running/));
    await listening.untilValue('network.connectivity', because(/NetworkManager is not running/));
    expect(listening.value('network.tethered')?.kind).toBe('unknown');
  });
});

describe('attention', () => {
  openBus('a program keeps idle away; its name cannot write on a terminal', async () => {
    await bus.serve('logind', seat.LOGIN);
    const mock = { ...seat.manager, iface: 'org.freedesktop.DBus.Mock' };
    await bus.call(mock, 'AddProperty', 'ssv', [seat.manager.iface, 'BlockInhibited', ['s', '']]);
    const listening = listen(bus);
    await listening.untilValue('attention.inhibitor', flag(false));
    // The template's own list knows no names that are not its caller's.
    await bus.call(mock, 'AddMethod', 'sssss', [
      ...[seat.manager.iface, 'ListInhibitors', '', 'a(ssssuu)'],
      'ret = [("sleep", "NetworkManager", "-", "delay", 0, 1), ("idle:sleep", "film\\x1b[2J", "-", "block", 1000, 2)]',
    ]);
    await bus.update(seat.manager, { BlockInhibited: text('idle:sleep') });
    await listening.untilValue('attention.inhibitor', flag(true));
    expect(listening.source('attention.inhibitor')).toMatch(/^logind \(film.\[2J\)$/);
    expect(listening.source('attention.inhibitor')).not.toContain('\u001b');
    await bus.update(seat.manager, { BlockInhibited: text('shutdown') });
    await listening.untilValue('attention.inhibitor', flag(false));
  });

  openBus(
    "a film that begins while Lull's own inhibitor is held is seen by the signs of life, and its end",
    async () => {
      await bus.serve('logind', seat.LOGIN);
      const mock = { ...seat.manager, iface: 'org.freedesktop.DBus.Mock' };
      const own = '("sleep:idle", "Lull", "Installing updates", "block", 0, 1)';
      const list = async (entries: string): Promise<void> => {
        const code = `ret = dbus.Array([${entries}], signature="(ssssuu)")`;
        const method = [seat.manager.iface, 'ListInhibitors', '', 'a(ssssuu)', code];
        await bus.call(mock, 'AddMethod', 'sssss', method);
      };
      await list(own);
      const held = [seat.manager.iface, 'BlockInhibited', ['s', 'sleep:idle']];
      await bus.call(mock, 'AddProperty', 'ssv', held);
      const listening = listen(bus, { pingEveryMs: 3_600_000 });
      await listening.untilValue('attention.inhibitor', flag(false));
      listening.checkOnAndOn();
      // Idle is blocked as it was: logind has nothing to signal.
      await list(`${own}, ("idle", "film", "playing", "block", 1000, 2)`);
      await listening.untilValue('attention.inhibitor', flag(true));
      expect(listening.source('attention.inhibitor')).toBe('logind (film)');
      await list(own);
      await listening.untilValue('attention.inhibitor', flag(false));
    },
  );

  openBus('on Wayland nobody tells what fills the screen, and what to do is said', async () => {
    const filled = 'attention.fullscreen';
    const listening = listen(bus);
    await listening.untilValue(filled, because(/login1 is not running/));
    await bus.serve('logind', seat.LOGIN);
    await listening.untilValue(filled, because(/^nobody is known to sit at the machine$/));
    await seat.logIn(bus, 'c1');
    await seat.announce(bus, 'c1');
    const desktop = await startMockBus();
    opened.push(desktop);
    const wayland = listen(bus, { desktop });
    await wayland.untilValue(filled, because(/^Wayland tells no program .*`lull inhibit`$/));
    await wayland.untilValue('attention.sharing', because(/GNOME tells it.*`lull inhibit`$/));
  });

  openBus('a bus that cannot be reached is named, with what to do', async () => {
    const listening = listen({ ...bus, address: 'unix:path=/nonexistent/bus' });
    await listening.untilValue('power.saver', because(/nonexistent.*; start dbus, or show its/));
    // What a desktop would tell is unknown for the same reason, and not because nobody is there.
    await listening.untilValue('attention.game', because(/nonexistent.*; start dbus, or show its/));
  });

  openBus('a game, a player, and a desktop that sits on a bus of its own', async () => {
    await bus.serve('logind', seat.LOGIN);
    await seat.logIn(bus, 'c1');
    const desktop = await startMockBus();
    opened.push(desktop);
    const game: Target = {
      ...{ service: 'com.feralinteractive.GameMode', path: '/com/feralinteractive/GameMode' },
      iface: 'com.feralinteractive.GameMode',
    };
    const player: Target = {
      ...{ service: 'org.mpris.MediaPlayer2.film', path: '/org/mpris/MediaPlayer2' },
      iface: 'org.mpris.MediaPlayer2.Player',
    };
    const mockOf = (on: Target) => ({ ...on, iface: 'org.freedesktop.DBus.Mock' });
    const listening = listen(bus, { desktop, pingEveryMs: 200, callMsMax: 400 });
    await listening.untilValue('attention.game', flag(false));
    await listening.untilValue('attention.playing', flag(false));

    await desktop.serveBare(game.service, game.path, game.iface);
    await desktop.call(mockOf(game), 'AddProperty', 'ssv', [game.iface, 'ClientCount', ['i', 0]]);
    await desktop.update(game, { ClientCount: int(1) });
    await listening.untilValue('attention.game', flag(true));
    const film = await desktop.serveBare(player.service, player.path, player.iface);
    await desktop.call(mockOf(player), 'AddProperty', 'ssv', [
      ...[player.iface, 'PlaybackStatus', ['s', 'Paused']],
    ]);
    await desktop.update(player, { PlaybackStatus: text('Playing') });
    await listening.untilValue('attention.playing', flag(true));
    // One that hangs, or says nothing of it, may well go on.
    process.kill(film.pid, 'SIGSTOP');
    await listening.untilValue('attention.playing', because(/film does not answer/));
    process.kill(film.pid, 'SIGCONT');
    await listening.untilValue('attention.playing', flag(true));
    await film.close();
    await listening.untilValue('attention.playing', flag(false));
    expect(listening.value('attention.fullscreen')).toMatchObject({ kind: 'unknown' });
  });
});
