// How hot the machine is, beside the limits that its own firmware and drivers name.
//
// Invariants:
//   H1. The hottest place speaks for the machine.
//   H2. A place cools by HYSTERESIS_C before it is called cooler, so that a fan does not make it flap.
//   H3. A place that names no limit, or an impossible temperature, says nothing.
//   H4. Below the place at which the system slows down, warm is what a machine at work is: nominal.

import { thermalWords, type ThermalWord, type Value } from '../../conditions/reading.js';
import { unknownValue } from './measurement.js';

/** One place that is measured. Temperatures in degrees Celsius. */
export interface HotSpot {
  readonly name: string;
  readonly celsius: number | undefined;
  /** Above this the system slows itself down; of a drive, above this it should not be for long. */
  readonly passive: number | undefined;
  /** Above this it switches itself off; a processor slows down here as far as it can. */
  readonly critical: number | undefined;
}

/**
 * So far below the critical point it is serious, and moderate where nobody says from where it slows down
 * (ours). A thin laptop that computes is at 85 °C of 100 for as long as it does: that is its fan at work.
 */
const SERIOUS_BELOW_CRITICAL_C = 5;
const MODERATE_BELOW_CRITICAL_C = 10;
const HYSTERESIS_C = 3;
const POSSIBLE_C = { min: -50, max: 200 };
const NOTHING =
  'no place with a temperature and a limit is visible here; load a driver for one (`sensors-detect` knows which), where this is no virtual machine';

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

/**
 * Where moderate, serious and critical begin. Where a drive slows down lies two or three degrees below its
 * critical point: then serious is what lies halfway between.
 */
function startsOf({ passive, critical }: HotSpot): readonly number[] | undefined {
  const slows = passive !== undefined && passive > 0 ? passive : undefined;
  if (critical === undefined || critical <= 0) {
    if (slows === undefined) return undefined;
    return [slows, slows + SERIOUS_BELOW_CRITICAL_C, Infinity];
  }
  const isBelow = slows !== undefined && slows < critical;
  const moderate = isBelow ? slows : critical - MODERATE_BELOW_CRITICAL_C; // H4
  const serious = Math.max(critical - SERIOUS_BELOW_CRITICAL_C, (moderate + critical) / 2);
  return [moderate, serious, critical];
}
