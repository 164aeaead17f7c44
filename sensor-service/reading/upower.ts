// What UPower says of power. Types and ranges are checked: a firmware reports what it likes.

import type { Value } from '../../conditions/reading.js';
import { flagValue, numberValue, unknownValue } from './measurement.js';

type Properties = Readonly<Record<string, unknown>>;

export function onMains(daemon: Properties): Value {
  const { OnBattery: onBattery } = daemon;
  if (typeof onBattery === 'boolean') return flagValue(!onBattery);
  return unknownValue('UPower does not say whether the machine runs on battery');
}

/** @param display UPower's DisplayDevice: all batteries of the machine together. */
export function charge(display: Properties): Value {
  if (display['IsPresent'] === false) return unknownValue('no battery');
  const { Percentage: percentage } = display;
  if (typeof percentage === 'number') return numberValue('power.battery', percentage);
  return unknownValue('UPower does not say how full the battery is');
}

/** @param daemon power-profiles-daemon's, or tuned's in its place. */
export function saving(daemon: Properties): Value {
  const { ActiveProfile: profile } = daemon;
  if (typeof profile === 'string') return flagValue(profile === 'power-saver');
  return unknownValue('the power profile is not said');
}
