// P9, fleet: many simulated machines, one orchestrator in a process of its own, a real NATS that syncs.
//
//   the orchestrator takes in 1,000 states a second and decides on each        again and again, in rounds
//   a bare subscriber counts the same messages                            beside it, in the same seconds
//   a person leaves -> the grant arrives
//   `halt` -> the last machine has heard of it
//   the server is killed and comes back -> every machine is welcomed again
//   one of two orchestrators is killed -> the other serves its machines    before all that, with a few hundred:
//                                                                          with new journals, and with long ones

import { pause } from '../../runtime/deadline.js';
import { natsServerProgram } from '../../runtime/nats-server.testing.js';
import type { FleetHost } from '../../test/fleet/fleet-host.nats.js';
import { CannotRun, type Benchmark, type BenchOptions, type Measured } from '../benchmark.js';
import { median, quantile, rounded, table } from '../report.js';
import { doubledRuns, startCrowd } from './crowd.nats.js';
import { failover, type Failover } from './failover.js';
import { playRound, startWatcher, type Round } from './round.js';
import { openStage } from './stage.js';
import { all, seconds, WAIT_MS_MAX } from './waiting.js';

const HOSTS = { whole: 10_000, quick: 1_000 };
const GRANTS = { whole: 200, quick: 50 };
const FAILOVERS = { whole: 10, quick: 1 };
/** Of a partition of 625 machines, whose next snapshot is near: it is taken after 2,000 entries. */
const LONG = {
  whole: { machines: 600, before: 20_000, after: 1_500 },
  quick: { machines: 600, before: 2_500, after: 500 },
};
const LONG_FAILOVERS = { whole: 5, quick: 1 };
const HANDOVERS = { whole: 5, quick: 1 };
const GOALS = {
  halt_p99_ms: 1_000,
  rss_mb: 300,
  cpu_percent: 30,
  reconnect_s: 60,
  doubled_runs: 0,
  failover_s: 3,
  failover_granted_s: 3,
  handover_s: 1,
  failover_long_s: 3,
  failover_long_granted_s: 3,
};

export const fleet: Benchmark = {
  what: 'ten thousand machines: states taken in, grants, halt, a storm of reconnections',
  quickRepeats: 1,
  needsSandbox: false,
  run: measure,
};

async function measure({ quick, repeats, say, opened }: BenchOptions): Promise<Measured> {
  if (natsServerProgram === undefined) {
    throw new CannotRun('no nats-server 2.10 or newer is here (NATS_SERVER)');
  }
  const size = quick ? 'quick' : 'whole';
  const count = HOSTS[size];
  const failovers = await failover(FAILOVERS[size], opened);
  say(`failover: ${told(failovers)}`);
  const longFailovers = await failover(LONG_FAILOVERS[size], opened, { length: LONG[size] });
  say(`failover, long journals: ${told(longFailovers)}`);
  const handovers = await failover(HANDOVERS[size], opened, { end: 'SIGTERM' });
  say(`handover: ${told(handovers)}`);
  const stage = await openStage(opened);
  const orchestrator = await stage.orchestrator('orchestrator-1');
  const crowd = await startCrowd(stage.server.url, count, opened);
  const attachS = await seconds(() => all(crowd, ({ welcomedCount }) => welcomedCount > 0));
  say(`${String(count)} machines attached in ${attachS.toFixed(1)} s`);

  const some = crowd.slice(0, GRANTS[size]);
  for (const host of some) host.see('engaged');
  await stage.accept(orchestrator);
  const others = crowd.slice(some.length);
  const installS = await seconds(() => all(others, ({ finished }) => finished.length >= 2));
  say(`each of the others has scanned and installed in ${installS.toFixed(1)} s`);
  const grantMs = await grants(some);

  const watcher = await startWatcher(stage.server.url, opened);
  const rounds: Round[] = [];
  while (rounds.length < repeats) {
    const round = await playRound(stage, orchestrator, crowd, watcher, size);
    rounds.push(round);
    say(
      `${String(rounds.length)} of ${String(repeats)}: ${round.ours.rssMb.toFixed(0)} MB, ${round.ours.cpuPercent.toFixed(0)} %, halt ${Math.max(...round.haltMs).toFixed(0)} ms, back in ${round.reconnectS.toFixed(1)} s`,
    );
  }
  const figures = {
    ...figuresOfRounds(rounds),
    grant_p50_ms: rounded(quantile(grantMs, 0.5), 1),
    grant_p99_ms: rounded(quantile(grantMs, 0.99), 1),
    grant_worst_ms: rounded(Math.max(...grantMs), 1),
    attach_s: rounded(attachS, 1),
    install_all_s: rounded(installS, 1),
    doubled_runs: doubledRuns(crowd),
    ...figuresOf('failover', failovers),
    ...figuresOf('failover_long', longFailovers),
    ...figuresOf('handover', handovers),
    hosts: count,
  };
  const bareCpu = rounded(median(rounds.map(({ bare }) => bare.cpuPercent)), 1);
  const rows = Object.entries(figures).map(([name, value]) => [
    name,
    String(value),
    goal(name, value),
  ]);
  say(`\n${table([['', 'measured', 'goal'], ...rows])}`);
  say(`a bare subscriber of the same states: ${String(bareCpu)} % of a core`);
  return {
    repeats,
    figures,
    beside: { 'bare subscriber': { cpu_percent: bareCpu } },
    samples: { rounds, grantMs, failovers, longFailovers, handovers },
  };
}

function figuresOfRounds(rounds: readonly Round[]): Record<string, number> {
  const haltMs = rounds.flatMap((round) => round.haltMs);
  const rss = rounds.map(({ ours }) => ours.rssMb);
  const cpu = rounds.map(({ ours }) => ours.cpuPercent);
  const back = rounds.map(({ reconnectS }) => reconnectS);
  return {
    halt_p99_ms: rounded(quantile(haltMs, 0.99), 1),
    halt_last_ms: rounded(Math.max(...haltMs), 1),
    states_per_s: rounded(median(rounds.map(({ statesPerS }) => statesPerS)), 0),
    rss_mb: rounded(median(rss), 1),
    rss_worst_mb: rounded(Math.max(...rss), 1),
    pss_mb: rounded(median(rounds.map(({ ours }) => ours.pssMb)), 1),
    cpu_percent: rounded(median(cpu), 1),
    cpu_percent_worst: rounded(Math.max(...cpu), 1),
    reconnect_s: rounded(median(back), 1),
    reconnect_worst_s: rounded(Math.max(...back), 1),
  };
}

function figuresOf(name: string, failovers: readonly Failover[]): Record<string, number> {
  const served = failovers.map(({ servedS }) => servedS);
  const granted = failovers.map(({ grantedS }) => grantedS);
  return {
    [`${name}_s`]: rounded(quantile(served, 0.5), 2),
    [`${name}_worst_s`]: rounded(Math.max(...served), 2),
    [`${name}_granted_s`]: rounded(quantile(granted, 0.5), 2),
  };
}

function told(failovers: readonly Failover[]): string {
  const each = failovers.map(
    ({ servedS, grantedS, entriesRead }) =>
      `${servedS.toFixed(2)} s, granted ${grantedS.toFixed(2)} s (${String(entriesRead)} entries)`,
  );
  return each.join('; ');
}

function goal(name: string, value: number): string {
  const most = (GOALS as Record<string, number>)[name];
  return most === undefined ? '' : `≤ ${String(most)} ${value <= most ? 'yes' : 'NO'}`;
}

/** From a person who leaves to the grant, one machine after the other. */
async function grants(hosts: readonly FleetHost[]): Promise<number[]> {
  const took: number[] = [];
  for (const host of hosts) {
    const before = host.granted.length;
    const startMs = performance.now();
    host.see('away');
    while (host.granted.length === before) {
      if (performance.now() - startMs > WAIT_MS_MAX) throw new Error('a grant did not come');
      await pause(1);
    }
    took.push(performance.now() - startMs);
  }
  return took;
}
