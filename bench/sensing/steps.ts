// Steps of load on the real machine: when a core begins to compute or a disk to be written to, and when a
// reading says so.

import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { pause, within } from '../../runtime/deadline.js';
import type { CloseStack } from '../../runtime/shutdown.js';
import { startProgram } from '../child.spawn.js';
import type { WatchedSensors } from './watched.grpc.js';

const program = fileURLToPath(new URL('./load/main.js', import.meta.url));
/** The default policy's limit of cpu.busy, and of disk.busy. */
const THRESHOLD_PERCENT = 20;
/** A machine that is not this quiet may cross the threshold by itself. */
const QUIET_PERCENT = 12;
const QUIET_MS_MAX = 30_000;
const STEP_MS_MAX = 3_000;
const NS_PER_MS = 1e6;

interface Step {
  readonly signal: 'cpu.busy' | 'disk.busy';
  /** What is written to; without it a core computes. */
  readonly file?: string;
  readonly count: number;
}

/** @returns ms from the step to the reading, of those steps that found the machine quiet. */
export async function measureSteps(
  sensors: WatchedSensors,
  { signal, file, count }: Step,
  opened: CloseStack,
): Promise<number[]> {
  const load = await startProgram(program, file === undefined ? [] : [file], opened);
  const latencies: number[] = [];
  for (let step = 0; step < count; step += 1) {
    if (!(await isQuiet(sensors, signal))) return latencies;
    const crossed = new Promise<bigint>((resolve) => {
      sensors.hear((readings, atNs) => {
        const value = readings.get(signal)?.value;
        if (value?.kind === 'number' && value.number >= THRESHOLD_PERCENT) resolve(atNs);
      });
    });
    const began = once(load.stdout, 'data');
    load.stdin.write('go\n');
    const [line] = (await within(began, STEP_MS_MAX, 'the load')) as [Buffer];
    const startNs = BigInt(line.toString().trim());
    const atNs = await within(crossed, STEP_MS_MAX, 'the reading').catch(() => undefined);
    // A file that lies on no disk makes none busy.
    if (atNs === undefined && latencies.length === 0) return latencies;
    // It may have crossed by itself just before: then this was no step.
    if (atNs !== undefined && atNs > startNs) latencies.push(Number(atNs - startNs) / NS_PER_MS);
  }
  return latencies;
}

async function isQuiet(sensors: WatchedSensors, signal: Step['signal']): Promise<boolean> {
  const untilMs = performance.now() + QUIET_MS_MAX;
  while (performance.now() < untilMs) {
    const value = sensors.readings().get(signal)?.value;
    if (value?.kind === 'number' && value.number < QUIET_PERCENT) return true;
    await pause(100);
  }
  return false;
}
