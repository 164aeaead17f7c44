import { readdirSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Value } from '../../conditions/reading.js';
import { flagValue, machineWide, measurement, unknownValue } from '../reading/measurement.js';
import { defaultRoute, isBluetooth, isPhone, PHONE_OR_DOCK } from '../reading/network.js';
import type { Probe } from './probe.js';
import { readText } from './text-file.js';

/** Phones are plugged in by hand. */
const EVERY_MS = 5_000;

/** A VLAN on a bridge on a bond, and the ports of virtual machines. */
const INTERFACES_MAX = 64;

/** Whether a phone shares its network by cable or Bluetooth, whoever manages the network. */
export function tetheredProbe(procRoot: string, sysRoot: string): Probe {
  const path = join(procRoot, 'net', 'route');
  const interfaces = join(sysRoot, 'class/net');
  const subject = machineWide('network.tethered');

  function routes(name: string): string {
    const file = readText(join(procRoot, 'net', name), '');
    return file.kind === 'text' ? file.text : '';
  }

  function look(): Value {
    const name = defaultRoute(routes('route'), routes('ipv6_route'));
    // The name comes from the kernel, and goes into a path.
    if (name === undefined || !/^[\w.:@-]{1,15}$/.test(name) || name.startsWith('.')) {
      return unknownValue('no network leads out of here');
    }
    return sharedBy(name) ?? unknownValue(`the network goes over ${name}, which is no device`);
  }

  /** Of a bridge, a bond or a VLAN, what the devices below it say; undefined where there is none. */
  function sharedBy(top: string): Value | undefined {
    const seen = new Set([top]);
    let [isDevice, mayBePhone] = [false, false];
    for (const name of seen) {
      // The ports of virtual machines are no devices, and nobody's phone.
      const driver = driverOf(join(interfaces, name));
      const phone = driver === undefined ? false : isPhone(driver);
      if (isBluetooth(name) || phone === true) return flagValue(true);
      isDevice ||= driver !== undefined;
      mayBePhone ||= phone === undefined;
      for (const lower of lowerOf(join(interfaces, name))) {
        if (seen.size < INTERFACES_MAX) seen.add(lower);
      }
    }
    if (mayBePhone) return unknownValue(PHONE_OR_DOCK);
    return isDevice ? flagValue(false) : undefined;
  }

  return {
    name: path,
    subjects: [subject],
    everyMs: EVERY_MS,
    measure: () => [measurement(subject, path, look())],
  };
}

function driverOf(directory: string): string | undefined {
  try {
    return basename(readlinkSync(join(directory, 'device/driver')));
  } catch {
    return undefined;
  }
}

/** What an interface is built upon. */
function lowerOf(directory: string): string[] {
  try {
    const names = readdirSync(directory).filter((name) => name.startsWith('lower_'));
    return names.map((name) => name.slice('lower_'.length));
  } catch {
    return [];
  }
}
