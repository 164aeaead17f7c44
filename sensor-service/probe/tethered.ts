import { readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Value } from '../../conditions/reading.js';
import { flagValue, machineWide, unknownValue } from '../reading/measurement.js';
import { defaultRoute, isBluetooth, phoneDrivers } from '../reading/network.js';
import type { Probe } from './probe.js';
import { readText } from './text-file.js';

/** Phones are plugged in by hand. */
const EVERY_MS = 5_000;

/** Whether a phone shares its network by cable or Bluetooth, whoever manages the network. */
export function tetheredProbe(procRoot: string, sysRoot: string): Probe {
  const path = join(procRoot, 'net', 'route');
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
    if (isBluetooth(name)) return flagValue(true);
    try {
      const driver = basename(readlinkSync(join(sysRoot, 'class/net', name, 'device/driver')));
      return flagValue(phoneDrivers.has(driver));
    } catch {
      return unknownValue(`the network goes over ${name}, which is no device`);
    }
  }

  return {
    name: path,
    subjects: [subject],
    everyMs: EVERY_MS,
    measure: () => [{ ...subject, source: path, value: look() }],
  };
}
