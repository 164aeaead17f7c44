// Power supplies as the kernel lists them, and what they come to.
//
// Invariants:
//   W1. A supply that cannot be read is never treated as one that is not there.
//   W2. Supplies of peripherals (a mouse, a headset) say nothing of the machine.

import type { Value } from '../../conditions/reading.js';
import { flagValue, numberValue, unknownValue } from './measurement.js';

/** The attributes of one entry of /sys/class/power_supply, trimmed; undefined: not readable. */
export interface Supply {
  readonly name: string;
  readonly type: string | undefined;
  readonly scope: string | undefined;
  readonly online: string | undefined;
  readonly present: string | undefined;
  readonly status: string | undefined;
  readonly capacity: string | undefined;
}

export interface PowerState {
  readonly value: Value;
  /** What decided, for a person: names of supplies, or why there are none. */
  readonly source: string;
}

const mainsTypes = /^(?:Mains|USB.*|Wireless|BrickID)$/;

/** Whether the machine is on mains. */
export function onAc(supplies: readonly Supply[]): PowerState {
  const ours = ofMachine(supplies);
  const unreadable = ours.find((supply) => supply.type === undefined);
  if (unreadable !== undefined) return because(unreadable, unreadableType(unreadable)); // W1
  const lines = ours.filter(isLine);
  const live = lines.find(({ online }) => online === '1' || online === '2');
  if (live !== undefined) return because(live, flagValue(true));

  const batteries = ours.filter(isBattery);
  const draining = batteries.find(({ status }) => status === 'Discharging');
  if (draining !== undefined) return because(draining, flagValue(false));
  const mains = lines.find(({ type }) => type === 'Mains');
  if (mains?.online === '0' && batteries.length > 0) return because(mains, flagValue(false));
  if (mains !== undefined) {
    return because(mains, unknownValue(`${mains.name} does not say whether it is plugged in`));
  }
  // USB ports of a desktop are listed as supplies that are off: they are no sign of a battery.
  const first = batteries[0];
  if (first === undefined)
    return { value: flagValue(true), source: 'no battery, no mains adapter' };
  const fed = batteries.every(({ status }) =>
    /^(?:Charging|Full|Not charging)$/.test(status ?? ''),
  );
  if (fed) return because(first, flagValue(true));
  return because(first, unknownValue(`${first.name} does not say whether it is discharging`));
}

/** Charge of the machine's batteries together: the mean, where there are several. */
export function batteryCharge(supplies: readonly Supply[]): PowerState {
  const ours = ofMachine(supplies);
  const unreadable = ours.find((supply) => supply.type === undefined);
  if (unreadable !== undefined) return because(unreadable, unreadableType(unreadable)); // W1
  const batteries = ours.filter(isBattery);
  if (batteries.length === 0) return { value: unknownValue('no battery'), source: 'no battery' };
  let sum = 0;
  for (const battery of batteries) {
    const value = capacityOf(battery);
    if (value.kind !== 'number') return because(battery, value);
    sum += value.number;
  }
  return {
    value: numberValue('power.battery', sum / batteries.length),
    source: batteries.map(({ name }) => name).join(', '),
  };
}

function capacityOf({ name, capacity }: Supply): Value {
  if (capacity === undefined || !/^-?\d{1,9}$/.test(capacity)) {
    return unknownValue(`${name} does not say how full it is`);
  }
  const value = numberValue('power.battery', Number(capacity));
  return value.kind === 'unknown' ? unknownValue(`${name}: ${capacity} % is not possible`) : value;
}

function ofMachine(supplies: readonly Supply[]): Supply[] {
  return supplies.filter(isOfMachine);
}

export function isOfMachine({ scope }: Pick<Supply, 'scope'>): boolean {
  return scope !== 'Device'; // W2
}

/** A battery, as opposed to what feeds the machine from outside. */
export function isFilled({ type }: Pick<Supply, 'type'>): boolean {
  return type === 'Battery' || type === 'UPS';
}

/** What feeds the machine from outside. */
export function isLine(supply: Pick<Supply, 'type' | 'scope'>): boolean {
  return isOfMachine(supply) && mainsTypes.test(supply.type ?? '');
}

function isBattery(supply: Supply): boolean {
  return isFilled(supply) && supply.present !== '0';
}

function unreadableType({ name }: Supply): Value {
  return unknownValue(`the kind of power supply ${name} cannot be read`);
}

function because(supply: Supply, value: Value): PowerState {
  return { value, source: supply.name };
}
