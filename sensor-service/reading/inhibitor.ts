// Who keeps the machine from idling, in logind's own words.

import type { Value } from '../../conditions/reading.js';
import { displayText } from '../../conditions/words.js';
import { flagValue, unknownValue } from './measurement.js';

export interface InhibitorState {
  readonly value: Value;
  readonly source: string;
}

const WHO_CHARS_MAX = 60;
/** What the plugin-host calls itself to logind. */
export const OWN_NAME = 'Lull';

/** Parses logind's ListInhibitors, a(ssssuu): what, who, why, mode, user, process. */
export function idleInhibited(list: unknown): InhibitorState {
  const source = 'logind';
  if (!Array.isArray(list)) {
    return { value: unknownValue('logind lists inhibitors in a form that is not known'), source };
  }
  const holder = list.find(blocksIdle);
  if (holder === undefined) return { value: flagValue(false), source };
  const who: unknown = holder[1];
  const name = typeof who === 'string' ? displayText(who, WHO_CHARS_MAX) : 'somebody';
  return { value: flagValue(true), source: `logind (${name})` };
}

/** Whether a property of the form "sleep:idle" names idle; undefined where it is no such thing. */
export function namesIdle(blockInhibited: unknown): boolean | undefined {
  if (typeof blockInhibited !== 'string') return undefined;
  return blockInhibited.split(':').includes('idle');
}

function blocksIdle(inhibitor: unknown): inhibitor is readonly unknown[] {
  if (!Array.isArray(inhibitor)) return false;
  const [what, who, , mode] = inhibitor as readonly unknown[];
  // Ours keeps the machine awake while a run is on; it is no sign of a person.
  return mode === 'block' && who !== OWN_NAME && namesIdle(what) === true;
}
