// What Windows' own commands print. Not tried there: written from their manuals.

import type { Value } from '../../conditions/reading.js';
import { flagValue, unknownValue } from './measurement.js';

/**
 * `powercfg /requests`: headings that are not translated, each followed by who asks for it, or by one
 * line without brackets that says, in the language of the machine, that nobody does.
 */
export function windowsInhibited(text: string): Value {
  const lines = text.split(/\r?\n/);
  const heading = lines.indexOf('DISPLAY:');
  if (heading === -1) return unknownValue('powercfg lists no requests; it wants an administrator');
  const end = lines.findIndex((line, index) => index > heading && line.trim() === '');
  const asked = lines.slice(heading + 1, end === -1 ? lines.length : end);
  return flagValue(asked.some((line) => line.startsWith('[')));
}
