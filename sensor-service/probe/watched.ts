// The services that are watched by their properties alone.

import { flagValue, unknownValue } from '../reading/measurement.js';
import { connectivityValue, meteredValue, tetheredValue } from '../reading/network-manager.js';
import { reachValue } from '../reading/networkd.js';
import { charge, onMains, saving } from '../reading/upower.js';
import type { ObjectKey, Watched } from './property-watch.dbus.js';

const upowerKey: ObjectKey = ['/org/freedesktop/UPower', 'org.freedesktop.UPower'];
const displayKey: ObjectKey = [
  '/org/freedesktop/UPower/devices/DisplayDevice',
  'org.freedesktop.UPower.Device',
];

const upower: Watched = {
  service: 'org.freedesktop.UPower',
  ifAbsent: 'install or start upower',
  signals: ['power.ac', 'power.battery'],
  ifaces: [upowerKey[1], displayKey[1]],
  objects: () => [upowerKey, displayKey],
  measure: (look) => {
    const daemon = look(upowerKey);
    const display = look(displayKey);
    return [daemon && onMains(daemon), display && charge(display)];
  },
};

function powerProfiles(service: string): Watched {
  const key: ObjectKey = [`/${service.replaceAll('.', '/')}`, service];
  return {
    service,
    ifAbsent: 'install or start power-profiles-daemon',
    signals: ['power.saver'],
    ifaces: [service],
    objects: () => [key],
    measure: (look) => {
      const daemon = look(key);
      return [daemon && saving(daemon)];
    },
  };
}

const NM = 'org.freedesktop.NetworkManager';
const nmKey: ObjectKey = ['/org/freedesktop/NetworkManager', NM];

const networkManager: Watched = {
  service: NM,
  ifAbsent: 'install or start it: systemd-networkd knows of connectivity alone',
  signals: ['network.metered', 'network.connectivity', 'network.tethered'],
  ifaces: [NM, `${NM}.Connection.Active`, `${NM}.Device`],
  objects: (look) => {
    const primary = look(nmKey)?.['PrimaryConnection'];
    if (typeof primary !== 'string') return [nmKey];
    const connection: ObjectKey = [primary, `${NM}.Connection.Active`];
    const devices = look(connection)?.['Devices'];
    const device: unknown = Array.isArray(devices) ? devices[0] : undefined;
    if (typeof device !== 'string') return [nmKey, connection];
    return [nmKey, connection, [device, `${NM}.Device`]];
  },
  measure: (look) => {
    const manager = look(nmKey);
    if (manager === undefined) return [];
    const [, , device] = networkManager.objects(look);
    return [
      meteredValue(manager['Metered']),
      connectivityValue(manager['Connectivity']),
      tetheredValue(
        manager['PrimaryConnectionType'],
        device === undefined ? undefined : look(device)?.['Driver'],
      ),
    ];
  },
};

const networkdKey: ObjectKey = ['/org/freedesktop/network1', 'org.freedesktop.network1.Manager'];

const networkd: Watched = {
  service: 'org.freedesktop.network1',
  ifAbsent: 'install NetworkManager or systemd-networkd',
  signals: ['network.connectivity'],
  ifaces: [networkdKey[1]],
  objects: () => [networkdKey],
  measure: (look) => {
    const manager = look(networkdKey);
    return [manager && reachValue(manager['OperationalState'], manager['OnlineState'])];
  },
};

/** On the system bus. The daemon of power profiles has an old name and a new one. */
export const machineServices: readonly Watched[] = [
  upower,
  powerProfiles('org.freedesktop.UPower.PowerProfiles'),
  powerProfiles('net.hadess.PowerProfiles'),
  networkManager,
  networkd,
];

const gameModeKey: ObjectKey = ['/com/feralinteractive/GameMode', 'com.feralinteractive.GameMode'];

const gameMode: Watched = {
  service: 'com.feralinteractive.GameMode',
  ifAbsent: 'a game that wants it starts it',
  signals: ['attention.game'],
  ifaces: [gameModeKey[1]],
  absent: flagValue(false),
  objects: () => [gameModeKey],
  measure: (look) => {
    const daemon = look(gameModeKey);
    if (daemon === undefined) return [];
    const { ClientCount: count } = daemon;
    if (typeof count !== 'number') return [unknownValue('GameMode does not count its games')];
    return [flagValue(count > 0)];
  },
};

/** On the bus of whoever sits at the machine. */
export const desktopServices: readonly Watched[] = [gameMode];
