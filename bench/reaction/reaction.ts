// P1, reaction: from the sensor's "the person is back" to the last instruction of any process of the
// updater, and beside it what no program could do better, and what other programs do.
//
//   start every side ─▶ repeats × (each side: its share of the returns; a stop) ─▶ one long freeze each
//
// The sides that are not measured are frozen meanwhile: their person is there.

import { pause } from '../../runtime/deadline.js';
import type { Benchmark, BenchOptions, Figures, Measured } from '../benchmark.js';
import { rounded } from '../report.js';
import { openScratch } from '../scratch.fs.js';
import { openStopped } from '../unattended/stopped.spawn.js';
import { buildUpdater } from './build-updater.spawn.js';
import { openHop } from './hop.grpc.js';
import { idleTimer, latencies, latencyMs } from './latency.js';
import { keepBusy } from './others.spawn.js';
import { freezeRaw } from './raw-freezer.spawn.js';
import { comeBack, leave, type Return } from './returns.js';
import { showReaction } from './show.js';
import { openSlowDisk, WRITES_PER_S } from './slow-disk.cgroup.js';
import { startBusyLull, type BusyLull, type Side } from './stopped-lull.spawn.js';

const RETURNS = { full: 1_000, quick: 50 };
/** A look takes no longer than a minute, also where the machine is so busy that returns are slow. */
const QUICK_MS_MAX = 40_000;
const LONG_FREEZE_MS = { full: 10_000, quick: 3_000 };
const IDLE_TIMER_MS = 1_000;

export const reaction: Benchmark = {
  what: 'from "the person is back" to the last instruction of the updater',
  quickRepeats: 2,
  needsSandbox: true,
  run: measure,
};

async function measure({ quick, repeats, say, opened }: BenchOptions): Promise<Measured> {
  const untilMs = quick ? performance.now() + QUICK_MS_MAX : Number.POSITIVE_INFINITY;
  const scratch = openScratch(opened);
  const updater = await buildUpdater(scratch);
  const sides = sidesOn(scratch, say, opened);
  const lulls: BusyLull[] = [];
  for (const side of sides) {
    const lull = await startBusyLull(side, updater, scratch, opened);
    await comeBack(lull);
    lulls.push(lull);
  }
  const hop = await openHop(scratch, opened);
  const count = Math.ceil((quick ? RETURNS.quick : RETURNS.full) / repeats);
  say(
    `${String(lulls.length)} sides, ${String(repeats)} × ${String(count)} returns each, stamped in ${updater.stamper}`,
  );

  const stop = quick ? '--quick' : await openStopped(scratch, opened);
  if (typeof stop === 'string') say(`unattended_upgrades: left out, ${stop}`);

  const returns = new Map<string, Return[]>(lulls.map(({ name }) => [name, []]));
  const frozenBefore = new Map<string, number>(lulls.map(({ name }) => [name, 0]));
  const stopsMs: number[] = [];
  const raw: number[] = [];
  const hops: number[] = [];
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    for (const lull of lulls) {
      await leave(lull);
      if (lull === lulls[0]) raw.push(...(await freezeRaw(lull.stamps.file, count)));
      const others = lull.besideOthers ? opened.add('others', keepBusy()) : undefined;
      for (let each = 0; each < count; each += 1) {
        if (each > 0 && performance.now() > untilMs) break;
        if (each > 0) await leave(lull);
        const back = await comeBack(lull);
        if (back !== undefined) returns.get(lull.name)?.push(back);
        else frozenBefore.set(lull.name, (frozenBefore.get(lull.name) ?? 0) + 1);
      }
      await others?.close();
    }
    hops.push(...(await hop(count)));
    const stopMs = typeof stop === 'string' ? undefined : await stop();
    if (stopMs !== undefined) stopsMs.push(stopMs);
    const done = [...returns.values()].reduce((sum, each) => sum + each.length, 0);
    say(`${String(repeat + 1)} of ${String(repeats)}: ${String(done)} returns so far`);
  }
  const cpuMs = await frozenForLong(lulls, LONG_FREEZE_MS[quick ? 'quick' : 'full']);

  const measured: Record<string, Figures> = {};
  for (const { name } of lulls) {
    measured[name] = {
      ...latencies((returns.get(name) ?? []).map(latencyMs)),
      cpu_ms_while_frozen: cpuMs.get(name) ?? Number.NaN,
    };
  }
  const edges = (returns.get('one_process') ?? []).map(({ edgeNs }) => edgeNs);
  const timer = idleTimer(edges, raw, IDLE_TIMER_MS);
  const beside = {
    ...measured,
    raw_freezer: latencies(raw),
    stream_hop: latencies(hops),
    idle_timer_1s: latencies(timer),
    ...(stopsMs.length > 0 ? { unattended_upgrades: latencies(stopsMs) } : {}),
  };
  const figures = worstOf(Object.values(measured));
  showReaction(say, { figures, beside, returns, frozenBefore });
  const samples = {
    returns: byName(returns),
    frozen_before: Object.fromEntries(frozenBefore),
    ...{ raw_freezer_ms: raw, stream_hop_ms: hops, unattended_upgrades_ms: stopsMs },
  };
  return { repeats, figures, beside, samples };
}

function sidesOn(
  scratch: string,
  say: BenchOptions['say'],
  opened: BenchOptions['opened'],
): Side[] {
  const three = [['sensor-service'], ['orchestrator'], ['plugin-host']];
  const sides: Side[] = [
    { name: 'one_process', processes: [[]] },
    { name: 'three_processes', processes: three },
    { name: 'fifty_children', processes: [[]], children: 50 },
    { name: 'busy_machine', processes: [[]], besideOthers: true },
  ];
  const slowDisk = openSlowDisk(scratch);
  if (slowDisk === undefined) {
    say(
      'slow_disk: left out, the disk of the scratch directory cannot be slowed here (blkio, io.max)',
    );
    return sides;
  }
  opened.add('slow disk', slowDisk);
  say(
    `slow_disk: one process that may make ${String(WRITES_PER_S)} writes a second to its disk (the kernel's I/O controller)`,
  );
  return [...sides, { name: 'slow_disk', processes: [[]], slowDisk }];
}

/** @returns CPU time used in a long freeze, by side. Not one stamp may have moved. */
async function frozenForLong(
  lulls: readonly BusyLull[],
  forMs: number,
): Promise<ReadonlyMap<string, number>> {
  const before = lulls.map(({ stamps }) => stamps.newestNs());
  await pause(forMs);
  const used = new Map<string, number>();
  for (const [position, lull] of lulls.entries()) {
    if (lull.stamps.newestNs() !== before[position])
      throw new Error(`${lull.name} ran while frozen`);
    used.set(lull.name, await leave(lull));
    await lull.engage();
  }
  return used;
}

/** The figures of a benchmark are those of its worst side. */
function worstOf(all: readonly Figures[]): Figures {
  const names = Object.keys(all[0] ?? {});
  return Object.fromEntries(
    names.map((name) => [name, rounded(Math.max(...all.map((each) => each[name] ?? Number.NaN)))]),
  );
}

/** Each return as it was: when the updater stamped last, and when the write had returned. */
function byName(returns: ReadonlyMap<string, readonly Return[]>) {
  const ms = (fromNs: bigint, toNs: bigint): number => Number(toNs - fromNs) / 1e6;
  return Object.fromEntries(
    [...returns].map(([name, all]) => [
      name,
      all.map(({ edgeNs, lastStampNs, frozenNs, recordedMs }) => ({
        edge_ns: String(edgeNs),
        last_stamp_ms: ms(edgeNs, lastStampNs),
        frozen_ms: ms(edgeNs, frozenNs),
        recorded_ms: recordedMs,
      })),
    ]),
  );
}
