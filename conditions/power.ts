import { closed, open, unknown, type GateResult } from './gate.js';
import { valueOf, type Readings } from './reading.js';
import { witness } from './witness.js';

export function judgeOnAc(readings: Readings): GateResult {
  const value = valueOf(readings, 'power.ac');
  if (value.kind !== 'flag') {
    const why = value.kind === 'unknown' ? value.why : `power.ac is a ${value.kind}`;
    return unknown({
      code: 'AC_UNKNOWN',
      message: `whether the machine is on mains is not known (${why})`,
      limit: 'mains',
      ...witness(readings, 'power.ac'),
    });
  }
  if (value.flag) return open;
  const message = 'the machine runs on battery';
  const seen = witness(readings, 'power.ac');
  return closed({ code: 'ON_BATTERY', message, measured: 'battery', limit: 'mains', ...seen });
}

/** Open above `percent`, and on mains, where the charge does not matter. */
export function judgeBattery(percent: number, readings: Readings): GateResult {
  const ac = valueOf(readings, 'power.ac');
  if (ac.kind === 'flag' && ac.flag) return open;
  const value = valueOf(readings, 'power.battery');
  if (value.kind !== 'number' || Number.isNaN(value.number)) {
    const why = value.kind === 'unknown' ? value.why : 'not a number';
    return unknown({
      code: 'BATTERY_UNKNOWN',
      message: `the charge of the battery is not known (${why}); ${String(percent)} % are needed`,
      ...{ about: 'power.battery', limit: percent, unit: '%' },
    });
  }
  if (value.number >= percent) return open;
  return closed({
    code: 'BATTERY_LOW',
    message: `the battery has ${value.number.toFixed(0)} % of the ${String(percent)} % needed`,
    ...{ about: 'power.battery', measured: value.number, limit: percent, unit: '%' },
  });
}
