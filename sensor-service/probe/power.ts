// Mains and batteries, as the kernel tells of them, also where UPower does: it may end.
//
// Invariants:
//   P1. One attribute is read at a time. Each is asked of a controller, which may hang, and holds one of the
//       four threads that all file access shares.
//   P2. No more are asked than say something: not how full a mouse is, which is asked over the air.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Signal } from '../../conditions/reading.js';
import {
  machineWide,
  measurement,
  unknownValue,
  type Measurement,
  type Subject,
} from '../reading/measurement.js';
import { batteryCharge, isFilled, isLine, isOfMachine, onAc } from '../reading/power.js';
import type { PowerState, Supply } from '../reading/power.js';
import type { Probe } from './probe.js';
import { readSlowText, whyNotRead } from './text-file.js';

/** No machine has more; a driver gone wild might. */
const SUPPLIES_MAX = 32;

/** A plug that was pulled is seen within a second. */
const EVERY_MS = 900;
/** How full a battery is moves in minutes; and what UPower tells at once needs no look of ours. */
const SELDOM_MS = 9_900;

type Attribute = 'type' | 'scope' | 'online' | 'present' | 'status' | 'capacity';
type Read = (path: string) => Promise<string | undefined>;

/** @param isTold whether somebody who is believed first tells of a signal, by signals. */
export function powerProbe(
  sysRoot: string,
  isTold: (signal: Signal) => boolean = () => false,
  read: Read = textOf,
): Probe {
  const path = join(sysRoot, 'class', 'power_supply');
  const ac = machineWide('power.ac');
  const battery = machineWide('power.battery');
  const name = (supply: string, attribute: Attribute): string => join(path, supply, attribute);
  /** As they were read last. */
  let known: ReadonlyMap<string, Supply> = new Map();
  let lookedAtMs = -Infinity;
  let filledAtMs = -Infinity;

  function say(supplies: readonly Supply[]): Measurement[] {
    return [sourced(ac, path, onAc(supplies)), sourced(battery, path, batteryCharge(supplies))];
  }

  async function look(names: readonly string[], atMs: number): Promise<Measurement[]> {
    const before = known;
    const seen: Supply[] = [];
    for (const each of names) seen.push(await readLine(each, before.get(each))); // P1
    const lines = seen.filter(isLine);
    // Where no adapter says whether it is plugged in, the batteries do.
    const isSame =
      lines.some(({ type }) => type === 'Mains') &&
      lines.every((line) => before.get(line.name)?.online === line.online) &&
      seen.every((each) => before.has(each.name));
    if (!isSame || atMs - filledAtMs >= SELDOM_MS) {
      for (const [at, each] of seen.entries()) seen[at] = await readFilled(each);
      filledAtMs = atMs;
    }
    known = new Map(seen.map((each) => [each.name, each]));
    return say(seen);
  }

  async function readLine(supply: string, before: Supply | undefined): Promise<Supply> {
    // What it is does not change as long as it is there.
    const { type, scope } =
      before?.type === undefined
        ? { type: await read(name(supply, 'type')), scope: await read(name(supply, 'scope')) }
        : before;
    const each = { ...nothingOf(supply), ...before, type, scope };
    const asks = isOfMachine(each) && !isFilled(each);
    return asks ? { ...each, online: await read(name(supply, 'online')) } : each;
  }

  async function readFilled(each: Supply): Promise<Supply> {
    if (!isOfMachine(each) || !isFilled(each)) return each; // P2
    const present = await read(name(each.name, 'present'));
    const status = await read(name(each.name, 'status'));
    return { ...each, present, status, capacity: await read(name(each.name, 'capacity')) };
  }

  return {
    name: path,
    subjects: [ac, battery],
    everyMs: EVERY_MS,
    measure: ({ monotonicMs }) => {
      if (isTold('power.ac') && isTold('power.battery') && monotonicMs - lookedAtMs < SELDOM_MS) {
        return say([...known.values()]);
      }
      let names: string[];
      try {
        names = readdirSync(path).slice(0, SUPPLIES_MAX);
      } catch (error) {
        const value = unknownValue(whyNotRead(path, error, 'mount /sys'));
        return [ac, battery].map((of) => measurement(of, path, value));
      }
      lookedAtMs = monotonicMs;
      if (names.length > 0) return look(names, monotonicMs);
      known = new Map();
      return say([]);
    },
  };
}

function nothingOf(name: string): Supply {
  const none = { type: undefined, scope: undefined, online: undefined };
  return { name, ...none, present: undefined, status: undefined, capacity: undefined };
}

async function textOf(path: string): Promise<string | undefined> {
  const file = await readSlowText(path, '');
  return file.kind === 'text' ? file.text.trim() : undefined;
}

function sourced(of: Subject, path: string, { value, source }: PowerState): Measurement {
  return measurement(of, `${path} (${source})`, value);
}
