// What sensing costs and how late it is: one sample of everything, CPU at ten looks a second and at
// rest, an edge on its way to a watcher, from logind's signal too, and a step of load, of a core and of a
// disk, on its way to a reading.

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Benchmark, BenchOptions, Measured } from '../benchmark.js';
import { startProgram } from '../child.spawn.js';
import { pause } from '../../runtime/deadline.js';
import { cpuMsIn, spentIn, type Spent } from '../cost.proc.js';
import { openHop } from '../reaction/hop.grpc.js';
import { median, quantile, rounded, table } from '../report.js';
import { openScratch } from '../scratch.fs.js';
import { measureSteps } from './steps.js';
import { startWatched, type WatchedSensors } from './watched.grpc.js';

const rawReads = fileURLToPath(new URL('./raw-reads/main.js', import.meta.url));
/** As often as Lull's own rounds while a run is on. */
const RUN_EVERY_MS = 90;
const SAMPLES = { whole: 20, quick: 5 };
const EDGES = { whole: 400, quick: 100 };
const STEPS = { whole: 20, quick: 4 };
const SPAN_MS = { whole: 20_000, quick: 5_000 };
/** What a start leaves behind is collected half a minute later, once: a fifth of a second of CPU. */
const SETTLE_MS = { whole: 40_000, quick: 5_000 };
const goals = { run: 0.25, rest: 0.05, edgeMs: 5, stepMs: 120, wakeups: 15 };

export const sensing: Benchmark = {
  what: 'what it costs to watch a machine, and how late it is',
  quickRepeats: 1,
  needsSandbox: false,
  run: measure,
};

interface Round {
  readonly sampleMs: number;
  readonly run: Spent;
  readonly raw: Spent;
  readonly rest: Spent;
  readonly edges: readonly number[];
  readonly signals: readonly number[];
  readonly hops: readonly number[];
  readonly steps: readonly number[];
  readonly diskSteps: readonly number[];
}

async function measure({ quick, repeats, say, opened }: BenchOptions): Promise<Measured> {
  const scratch = openScratch(opened);
  const size = quick ? 'quick' : 'whole';
  const sensors = await startWatched(scratch, opened);
  const raw = await startProgram(rawReads, [String(RUN_EVERY_MS)], opened);
  const hop = await openHop(scratch, opened);
  const rounds: Round[] = [];
  await pause(SETTLE_MS[size]);
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    await sensors.pace('rest');
    const [rest] = await spentIn(SPAN_MS[size], [[sensors.pid]]);
    const sampleMs = await oneSample(sensors, SAMPLES[size]);
    await sensors.pace('run');
    const [run, beside] = await spentIn(SPAN_MS[size], [[sensors.pid], [raw.pid ?? 0]]);
    const edges = await sensors.edges(EDGES[size]);
    const signals = await sensors.signals(EDGES[size]);
    const hops = await hop(EDGES[size]);
    const count = STEPS[size];
    const steps = await measureSteps(sensors, { signal: 'cpu.busy', count }, opened);
    const onDisk = { signal: 'disk.busy', file: join(scratch, 'step'), count } as const;
    const diskSteps = await measureSteps(sensors, onDisk, opened);
    if (rest === undefined || run === undefined || beside === undefined) continue;
    rounds.push({ sampleMs, run, raw: beside, rest, edges, signals, hops, steps, diskSteps });
    say(
      `${String(repeat)}: ${percent(run)} at 10 Hz (${percent(beside)} raw), ${percent(rest)} at rest, ${String(steps.length)} steps of a core, ${String(diskSteps.length)} of a disk`,
    );
  }
  return summary(rounds, repeats, say);
}

/** Two rounds lie in one question; what the call itself takes is counted with them. */
async function oneSample(sensors: WatchedSensors, count: number): Promise<number> {
  const cpuMs = await cpuMsIn(sensors.pid, async () => {
    for (let sample = 0; sample < count; sample += 1) await sensors.measureAll();
  });
  return cpuMs / count / 2;
}

function summary(rounds: readonly Round[], repeats: number, say: BenchOptions['say']): Measured {
  const mid = (of: (round: Round) => number): number => rounded(median(rounds.map(of)));
  const edges = rounds.flatMap((round) => round.edges);
  const hops = rounds.flatMap((round) => round.hops);
  const steps = rounds.flatMap((round) => round.steps);
  const figures: Record<string, number> = {
    sample_cpu_ms: mid(({ sampleMs }) => sampleMs),
    run_cpu_percent: mid(({ run }) => run.cpuPercent),
    run_wakeups_per_s: mid(({ run }) => run.wakeupsPerS),
    rest_cpu_percent: mid(({ rest }) => rest.cpuPercent),
    rest_wakeups_per_s: mid(({ rest }) => rest.wakeupsPerS),
    edge_p50_ms: rounded(quantile(edges, 0.5)),
    edge_p99_ms: rounded(quantile(edges, 0.99)),
  };
  const signals = rounds.flatMap((round) => round.signals);
  if (signals.length > 0) {
    figures['signal_p50_ms'] = rounded(quantile(signals, 0.5));
    figures['signal_p99_ms'] = rounded(quantile(signals, 0.99));
  } else {
    say('No signal of logind was measured: there is no D-Bus here, or somebody is at a terminal.');
  }
  if (steps.length > 0) {
    figures['step_p50_ms'] = rounded(quantile(steps, 0.5));
    figures['step_p99_ms'] = rounded(quantile(steps, 0.99));
  } else {
    say('No step of load was measured: the machine was never quiet enough to see one begin.');
  }
  const diskSteps = rounds.flatMap((round) => round.diskSteps);
  if (diskSteps.length > 0) {
    figures['disk_step_p50_ms'] = rounded(quantile(diskSteps, 0.5));
    figures['disk_step_p99_ms'] = rounded(quantile(diskSteps, 0.99));
  } else {
    say('No step of a disk was measured: no disk was quiet, or what is written here is on none.');
  }
  const beside = {
    raw: {
      run_cpu_percent: mid(({ raw }) => raw.cpuPercent),
      run_wakeups_per_s: mid(({ raw }) => raw.wakeupsPerS),
    },
    hop: {
      edge_p50_ms: rounded(quantile(hops, 0.5)),
      edge_p99_ms: rounded(quantile(hops, 0.99)),
    },
  };
  const goal: Readonly<Record<string, number>> = {
    run_cpu_percent: goals.run,
    rest_cpu_percent: goals.rest,
    rest_wakeups_per_s: goals.wakeups,
    run_wakeups_per_s: goals.wakeups,
    edge_p99_ms: goals.edgeMs,
    signal_p99_ms: goals.edgeMs,
    step_p99_ms: goals.stepMs,
    disk_step_p99_ms: goals.stepMs,
  };
  const rows = Object.entries(figures).map(([name, value]) => {
    const limit = goal[name];
    const verdict =
      limit === undefined ? '' : `≤ ${String(limit)} ${value <= limit ? 'yes' : 'NO'}`;
    const others: Readonly<Record<string, number>> = { ...beside.raw, ...beside.hop };
    return [name, String(value), String(others[name] ?? ''), verdict];
  });
  say(`\n${table([['', 'Lull', 'raw', 'goal'], ...rows])}`);
  return { repeats, figures, beside, samples: { rounds } };
}

function percent({ cpuPercent }: Spent): string {
  return `${cpuPercent.toFixed(3)} %`;
}
