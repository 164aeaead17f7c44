import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Value } from '../../conditions/reading.js';
import { machineWide, measurement, numberValue, unknownValue } from '../reading/measurement.js';
import { parseTraffic, trafficOnce, type Traffic } from '../reading/network.js';
import { isMachineOfItsOwn, type Roots } from './machine-processes.js';
import type { Probe } from './probe.js';
import { readText } from './text-file.js';

/** The window over which uupd looks. */
const SPAN_MS = 5_000;
/** Twice in a window, and once more. */
const EVERY_MS = 1_900;
const NO_NETWORK = 'no network of the machine is visible here; share its network with Lull';

/** Network cards are put in by hand, and those of phones by cable. */
const DEVICES_EVERY_MS = 10_000;

/**
 * How much is received or sent, whichever is more: either fills a line. Whoever judges it has to know
 * whether Lull itself does something.
 */
export function trafficProbe(roots: Roots & { readonly sysRoot: string }): Probe {
  const { procRoot, sysRoot } = roots;
  const path = join(procRoot, 'net', 'dev');
  const subject = machineWide('network.others');
  let looks: { readonly atMs: number; readonly bytes: Traffic }[] = [];

  const devices = new Map<string, boolean>();
  let devicesAtMs = -Infinity;

  /** Whether it is hardware, or a virtual machine's: what is made of software has no device. */
  function isDevice(name: string): boolean {
    const known = devices.get(name);
    if (known !== undefined) return known;
    const is = existsSync(join(sysRoot, 'class', 'net', name, 'device'));
    devices.set(name, is);
    return is;
  }

  function rate(atMs: number): Value {
    if (atMs - devicesAtMs >= DEVICES_EVERY_MS) {
      devices.clear();
      devicesAtMs = atMs;
    }
    const file = readText(path, 'mount /proc');
    const traffic = file.kind === 'text' ? parseTraffic(file.text) : undefined;
    const bytes =
      traffic === undefined
        ? undefined
        : trafficOnce(traffic, isDevice, () => isMachineOfItsOwn(roots));
    if (bytes === undefined) {
      looks = [];
      return unknownValue(file.kind === 'missing' ? file.why : NO_NETWORK);
    }
    // A network that went away takes its counter with it.
    const newest = looks.at(-1)?.bytes ?? { received: 0, sent: 0 };
    if (bytes.received < newest.received || bytes.sent < newest.sent) looks = [];
    looks = [...looks.filter((look) => atMs - look.atMs <= SPAN_MS), { atMs, bytes }];
    const [oldest] = looks;
    const spanMs = atMs - (oldest?.atMs ?? atMs);
    if (oldest === undefined || spanMs === 0) {
      return unknownValue('it is measured over an interval that has only begun');
    }
    const { received, sent } = oldest.bytes;
    const most = Math.max(bytes.received - received, bytes.sent - sent);
    return numberValue(subject.signal, Math.round((most / spanMs) * 1_000));
  }

  return {
    name: path,
    subjects: [subject],
    everyMs: EVERY_MS,
    measure: (at) => [measurement(subject, path, rate(at.monotonicMs))],
  };
}
