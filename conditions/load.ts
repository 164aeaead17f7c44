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

/** Open while a measurement of load, and what it is held at, stay below its threshold. */
export function judgeBelow(signal: PercentSignal, percent: number, readings: Readings): GateResult {
  const value = valueOf(readings, signal);
  if (value.kind !== 'number' || Number.isNaN(value.number)) {
    const why = value.kind === 'unknown' ? value.why : 'not a number';
    const message = `${signal} is not known (${why})`;
    return unknown({ code: 'LOAD_UNKNOWN', message, about: signal, limit: percent, unit: '%' });
  }
  const { number, held = number } = value;
  if (Math.max(number, held) < percent) return open;
  const was = number < percent ? `, and was ${held.toFixed(0)} % a while ago` : '';
  return closed({
    code: busyCode[signal],
    message: `${signal} is ${number.toFixed(0)} %${was}; the limit is ${String(percent)} %`,
    ...{ about: signal, measured: number, limit: percent, unit: '%' },
  });
}
