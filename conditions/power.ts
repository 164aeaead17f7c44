import { closed, open, unknown, type GateResult } from './gate.js';
import { valueOf, type Readings } from './reading.js';

export function judgeOnAc(readings: Readings): GateResult {
  const value = valueOf(readings, 'power.ac');
  if (value.kind !== 'flag') {
    const why = value.kind === 'unknown' ? value.why : `power.ac is a ${value.kind}`;
    return unknown({
      code: 'AC_UNKNOWN',
      message: `whether the machine is on mains is not known (${why})`,
    });
  }
  if (value.flag) return open;
  return closed({ code: 'ON_BATTERY', message: 'the machine runs on battery' });
}

/** Open above `percent`, and on mains, where the charge does not matter. */
export function judgeBattery(percent: number, readings: Readings): GateResult {
  const ac = valueOf(readings, 'power.ac');
  if (ac.kind === 'flag' && ac.flag) return open;
  const value = valueOf(readings, 'power.battery');
  if (value.kind !== 'number' || Number.isNaN(value.number)) {
    return unknown({
      code: 'BATTERY_UNKNOWN',
      message: `the charge of the battery is not known; ${String(percent)} % are needed`,
    });
  }
  if (value.number >= percent) return open;
  return closed({
    code: 'BATTERY_LOW',
    message: `the battery has ${value.number.toFixed(0)} % of the ${String(percent)} % needed`,
  });
}
