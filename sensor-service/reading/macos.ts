// What macOS' own commands print. Not tried there: written from their manuals.

import type { Value } from '../../conditions/reading.js';
import { flagValue, numberValue, unknownValue } from './measurement.js';

/** `pmset -g batt`: "Now drawing from 'AC Power'", then a line for each battery. */
export function macMains(text: string): Value {
  const source = /^Now drawing from '(AC|Battery|UPS) Power'/m.exec(text)?.[1];
  if (source === undefined) return unknownValue('pmset does not say where the power comes from');
  return flagValue(source === 'AC');
}

export function macCharge(text: string): Value {
  const percent = /\t(\d{1,3})%;/.exec(text)?.[1];
  if (percent === undefined) return unknownValue('no battery');
  return numberValue('power.battery', Number(percent));
}

/** `pmset -g`: the settings in use. */
export function macSaving(text: string): Value {
  const mode = /^ lowpowermode +([01])$/m.exec(text)?.[1];
  if (mode === undefined) return unknownValue('this macOS has no low power mode');
  return flagValue(mode === '1');
}

/** `pmset -g assertions`: what keeps the display on, by its count. */
export function macInhibited(text: string): Value {
  const counts = /^ {3}(?:PreventUserIdleDisplaySleep|NoDisplaySleepAssertion) +(\d+)$/gm;
  const found = [...text.matchAll(counts)].map(([, count]) => Number(count));
  if (found.length === 0) return unknownValue('pmset lists no assertions');
  return flagValue(found.some((count) => count > 0));
}

/** `pmset -g therm`: below 100 the processors are slowed down. */
export function macThermal(text: string): Value {
  const limit = /^\tCPU_Speed_Limit \t= (\d{1,3})$/m.exec(text)?.[1];
  if (limit !== undefined) {
    return { kind: 'word', word: Number(limit) < 100 ? 'serious' : 'nominal' };
  }
  if (/^Note: No thermal warning level has been recorded$/m.test(text)) {
    return { kind: 'word', word: 'nominal' };
  }
  return unknownValue('pmset does not say how hot it is');
}
