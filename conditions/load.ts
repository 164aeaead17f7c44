import { closed, open, unknown, type GateResult } from './gate.js';
import { valueOf, type PercentSignal, type Readings } from './reading.js';
import type { ReasonCode } from './reason.js';

const busyCode: Record<PercentSignal, ReasonCode> = {
  'cpu.busy': 'CPU_BUSY',
  'disk.busy': 'DISK_BUSY',
  'memory.used': 'MEMORY_FULL',
  'pressure.cpu': 'UNDER_PRESSURE',
  'pressure.io': 'UNDER_PRESSURE',
  'pressure.memory': 'UNDER_PRESSURE',
};

/** Open while a measurement of load stays below its threshold. */
export function judgeBelow(signal: PercentSignal, percent: number, readings: Readings): GateResult {
  const value = valueOf(readings, signal);
  if (value.kind !== 'number' || Number.isNaN(value.number)) {
    const why = value.kind === 'unknown' ? value.why : 'not a number';
    const message = `${signal} is not known (${why})`;
    return unknown({ code: 'LOAD_UNKNOWN', message, about: signal, limit: percent, unit: '%' });
  }
  if (value.number < percent) return open;
  return closed({
    code: busyCode[signal],
    message: `${signal} is ${value.number.toFixed(0)} %, the limit is ${String(percent)} %`,
    ...{ about: signal, measured: value.number, limit: percent, unit: '%' },
  });
}
