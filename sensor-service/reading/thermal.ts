// How hot the machine is, beside the limits that its own firmware and drivers name.
//
// Invariants:
//   H1. The hottest place speaks for the machine.
//   H2. A place cools by HYSTERESIS_C before it is called cooler, so that a fan does not make it flap.
//   H3. A place that names no limit, or an impossible temperature, says nothing.

import { thermalWords, type ThermalWord, type Value } from '../../conditions/reading.js';
import { unknownValue } from './measurement.js';

/** One place that is measured. Temperatures in degrees Celsius. */
export interface HotSpot {
  readonly name: string;
  readonly celsius: number | undefined;
  /** Above this the system slows itself down. */
  readonly passive: number | undefined;
  /** Above this it switches itself off. */
  readonly critical: number | undefined;
}

/** So far below the critical point it is serious, and moderate (ours; drivers' passive points agree). */
const SERIOUS_BELOW_CRITICAL_C = 5;
const MODERATE_BELOW_CRITICAL_C = 15;
const HYSTERESIS_C = 3;
const POSSIBLE_C = { min: -50, max: 200 };
const NOTHING = 'no place with a temperature and a limit is visible here';

/** Parses an attribute in millidegrees; undefined for what no machine can have. */
export function parseCelsius(text: string | undefined): number | undefined {
  if (text === undefined || !/^-?\d{1,7}\n?$/.test(text)) return undefined;
  const celsius = Number(text) / 1_000;
  return celsius > POSSIBLE_C.min && celsius < POSSIBLE_C.max ? celsius : undefined;
}

export interface Heat {
  readonly value: Value;
  readonly source: string;
}

/** @param before the word told last. */
export function heatOf(spots: readonly HotSpot[], before: ThermalWord = 'nominal'): Heat {
  let hottest: { rank: number; name: string } | undefined;
  for (const spot of spots) {
    const rank = rankOf(spot, thermalWords.indexOf(before));
    if (rank === undefined) continue; // H3
    if (hottest === undefined || rank > hottest.rank) hottest = { rank, name: spot.name }; // H1
  }
  const word = hottest === undefined ? undefined : thermalWords[hottest.rank];
  return hottest === undefined || word === undefined
    ? { value: unknownValue(NOTHING), source: 'no sensor' }
    : { value: { kind: 'word', word }, source: hottest.name };
}

function rankOf(spot: HotSpot, rankBefore: number): number | undefined {
  const { celsius } = spot;
  const starts = startsOf(spot);
  if (celsius === undefined || starts === undefined) return undefined;
  let rank = 0;
  starts.forEach((startC, position) => {
    const reached = position + 1;
    const neededC = reached <= rankBefore ? startC - HYSTERESIS_C : startC; // H2
    if (celsius >= neededC) rank = reached;
  });
  return rank;
}

/** Where moderate, serious and critical begin. */
function startsOf({ passive, critical }: HotSpot): readonly number[] | undefined {
  if (critical !== undefined && critical > 0) {
    const serious = critical - SERIOUS_BELOW_CRITICAL_C;
    const moderate = passive !== undefined && passive > 0 ? passive : Infinity;
    const assumed = critical - MODERATE_BELOW_CRITICAL_C;
    return [Math.min(serious, moderate === Infinity ? assumed : moderate), serious, critical];
  }
  if (passive === undefined || passive <= 0) return undefined;
  return [passive, passive + SERIOUS_BELOW_CRITICAL_C, Infinity];
}
