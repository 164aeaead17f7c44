// Whether a machine that has changed a little is to be decided on again. Levels change all the time, and
// on a fleet's orchestrator from thousands of machines; a decision rests on which side of their limits
// they are, and not on how far.
//
// Invariant: J1. Where both are judged alike, the same is admitted, waits, pauses and stops, for reasons
// of the same codes, and is looked at again at the same instant. How much it measures is for whoever
// asks, and whoever asks has it decided anew.

import { judge, type Requirement } from '../../conditions/requirement.js';
import {
  percentSignals,
  type PercentSignal,
  type Readings,
  type Signal,
} from '../../conditions/reading.js';
import type { Policy } from '../policy/policy.js';

export function judgedAlike(before: Readings, after: Readings, policy: Policy): boolean {
  if (before.size !== after.size) return false;
  for (const [key, reading] of after) {
    const was = before.get(key);
    if (was === reading) continue;
    if (was === undefined || !isLevel(reading.signal)) return false;
    const limit = limitOn(reading.signal, policy);
    if (limit === undefined) continue;
    if (judge(limit, before, 0).kind !== judge(limit, after, 0).kind) return false;
  }
  return true;
}

type Level = PercentSignal | 'network.others';

function isLevel(signal: Signal): signal is Level {
  return signal === 'network.others' || percentSignals.some((each) => each === signal);
}

/** The one thing that is ever asked of a level; undefined where policy sets no limit on it. */
function limitOn(signal: Level, { load, network }: Policy): Requirement | undefined {
  if (signal === 'network.others') {
    return { kind: 'network-quiet', bytesPerS: network.othersBytesPerSMax };
  }
  const percent = load[signal];
  return percent === undefined ? undefined : { kind: 'below', signal, percent };
}
