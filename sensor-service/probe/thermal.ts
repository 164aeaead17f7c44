// How hot the machine is, by the kernel's zones and chips.
//
// Invariant: P1. One attribute is read at a time, as of power supplies: a chip that hangs holds one of the four
// threads that all file access shares.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ThermalWord } from '../../conditions/reading.js';
import { machineWide, measurement, unknownValue } from '../reading/measurement.js';
import { heatOf, parseCelsius, type HotSpot } from '../reading/thermal.js';
import type { Probe } from './probe.js';
import { readSlowText, whyNotRead } from './text-file.js';

/** Heat moves in seconds, and some sensors are slow to answer. */
const EVERY_MS = 4_900;
/** At how many degrees a place is hot is set when its driver is loaded, and hardly ever again. */
const LIMITS_EVERY_MS = 300_000;
/** Servers have dozens; a driver gone wild might have more. */
const PLACES_MAX = 64;
const TRIPS_MAX = 12;
/**
 * Chips whose `max` is where they should not be for long. Of processors it is where all fans should run,
 * which is where a laptop lives.
 */
const drives: ReadonlySet<string> = new Set(['nvme', 'drivetemp']);

export function thermalProbe(sysRoot: string): Probe {
  const zones = join(sysRoot, 'class', 'thermal');
  const chips = join(sysRoot, 'class', 'hwmon');
  const subject = machineWide('thermal');
  const limits = new Map<string, Limits>();
  let limitsAtMs = -Infinity;
  let before: ThermalWord = 'nominal';
  return {
    name: zones,
    subjects: [subject],
    everyMs: EVERY_MS,
    measure: async ({ monotonicMs }) => {
      if (monotonicMs - limitsAtMs >= LIMITS_EVERY_MS) {
        limits.clear();
        limitsAtMs = monotonicMs;
      }
      const spots = [...(await zoneSpots(zones, limits)), ...(await chipSpots(chips, limits))];
      const { value, source } = heatOf(spots, before);
      if (value.kind === 'word') before = value.word as ThermalWord;
      if (value.kind !== 'unknown') return [measurement(subject, source, value)];
      const why = listed(zones).why ?? value.why;
      return [measurement(subject, zones, unknownValue(why))];
    },
  };
}

type Limits = Pick<HotSpot, 'passive' | 'critical'>;

/** @param limits those that are known, by place; what was not is added. */
async function zoneSpots(directory: string, limits: Map<string, Limits>): Promise<HotSpot[]> {
  const names = listed(directory).names.filter((name) => /^thermal_zone\d+$/.test(name));
  const spots: HotSpot[] = [];
  for (const name of names.slice(0, PLACES_MAX)) {
    const path = join(directory, name);
    const known = limits.get(path) ?? (await limitsOfZone(path));
    limits.set(path, known);
    // One that names no limit says nothing, however hot it is.
    if (known.passive === undefined && known.critical === undefined) continue;
    spots.push({ name: path, celsius: parseCelsius(await attribute(path, 'temp')), ...known }); // P1
  }
  return spots;
}

async function limitsOfZone(path: string): Promise<Limits> {
  const limits = new Map<string, number>();
  for (let trip = 0; trip < TRIPS_MAX; trip += 1) {
    const kind = await attribute(path, `trip_point_${String(trip)}_type`);
    if (kind === undefined) break;
    const celsius = parseCelsius(await attribute(path, `trip_point_${String(trip)}_temp`));
    const known = limits.get(kind.trim());
    if (celsius !== undefined) limits.set(kind.trim(), Math.min(known ?? Infinity, celsius));
  }
  return {
    passive: limits.get('passive'),
    critical: limits.get('hot') ?? limits.get('critical'),
  };
}

async function chipSpots(directory: string, limits: Map<string, Limits>): Promise<HotSpot[]> {
  const spots: HotSpot[] = [];
  for (const chip of listed(directory).names.filter((name) => /^hwmon\d+$/.test(name))) {
    const path = join(directory, chip);
    for (const file of listed(path).names) {
      const sensor = /^(temp\d+)_crit$/.exec(file)?.[1];
      if (sensor === undefined || spots.length >= PLACES_MAX) continue;
      const name = join(path, sensor);
      const known = limits.get(name) ?? (await limitsOfChip(path, sensor));
      limits.set(name, known);
      const celsius = parseCelsius(await attribute(path, `${sensor}_input`));
      spots.push({ name, celsius, ...known });
    }
  }
  return spots;
}

async function limitsOfChip(path: string, sensor: string): Promise<Limits> {
  const isDrive = drives.has((await attribute(path, 'name'))?.trim() ?? '');
  return {
    passive: isDrive ? parseCelsius(await attribute(path, `${sensor}_max`)) : undefined,
    critical: parseCelsius(await attribute(path, `${sensor}_crit`)),
  };
}

function listed(path: string): { names: readonly string[]; why?: string } {
  try {
    return { names: readdirSync(path) };
  } catch (error) {
    return { names: [], why: whyNotRead(path, error, 'mount /sys, or load a sensor driver') };
  }
}

async function attribute(path: string, file: string): Promise<string | undefined> {
  const read = await readSlowText(join(path, file), '');
  return read.kind === 'text' ? read.text : undefined;
}
