// P9, fleet: many simulated machines, one orchestrator in a process of its own, a real NATS that syncs.
//
//   the orchestrator takes in 1,000 states a second and decides on each
//   a bare subscriber counts the same messages                            beside it, in the same seconds
//   a person leaves -> the grant arrives
//   `halt` -> the last machine has heard of it
//   the server is killed and comes back -> every machine is welcomed again
//   one of two orchestrators is killed -> the other serves its machines    before all that, with a few hundred:
//                                                                          with new journals, and with long ones

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { pause } from '../../runtime/deadline.js';
import { natsServerProgram } from '../../runtime/nats-server.testing.js';
import { openFleetStage, type OneServerStage } from '../../test/fleet/fleet-stage.js';
import type { FleetHost } from '../../test/fleet/fleet-host.nats.js';
import { CannotRun, type Benchmark, type BenchOptions, type Measured } from '../benchmark.js';
import { spentIn } from '../cost.proc.js';
import { quantile, rounded, table } from '../report.js';
import { doubledRuns, startCrowd } from './crowd.nats.js';
import { failover, type Failover } from './failover.js';

const HOSTS = { whole: 10_000, quick: 1_000 };
const STATES_PER_S = 1_000;
const STATES_MS = { whole: 20_000, quick: 8_000 };
/** What thousands of installs leave behind, snapshots above all, is not what states cost. */
const SETTLE_MS = { whole: 30_000, quick: 3_000 };
const TICK_MS = 10;
const GRANTS = { whole: 200, quick: 50 };
const FAILOVERS = { whole: 10, quick: 3 };
/** Of a partition of 625 machines, whose next snapshot is near: it is taken after 2,000 entries. */
const LONG = {
  whole: { machines: 600, before: 20_000, after: 1_500 },
  quick: { machines: 600, before: 5_000, after: 1_500 },
};
const LONG_FAILOVERS = { whole: 5, quick: 2 };
const HANDOVERS = { whole: 5, quick: 2 };
const WAIT_MS_MAX = 600_000;
const bare = fileURLToPath(new URL('bare/main.js', import.meta.url));
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

async function measure({ quick, say, opened }: BenchOptions): Promise<Measured> {
  if (natsServerProgram === undefined) {
    throw new CannotRun('no nats-server 2.10 or newer is here (NATS_SERVER)');
  }
  const size = quick ? 'quick' : 'whole';
  const count = HOSTS[size];
  const failovers = await failover(FAILOVERS[size]);
  say(`failover: ${told(failovers)}`);
  const longFailovers = await failover(LONG_FAILOVERS[size], { length: LONG[size] });
  say(`failover, long journals: ${told(longFailovers)}`);
  const handovers = await failover(HANDOVERS[size], { end: 'SIGTERM' });
  say(`handover: ${told(handovers)}`);
  const stage = await openFleetStage();
  opened.add('stage', stage);
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

  const watcher = spawn(process.execPath, [bare, stage.server.url.href], { stdio: 'ignore' });
  opened.add('bare subscriber', { close: () => void watcher.kill() });
  await once(watcher, 'spawn');
  await pause(SETTLE_MS[size]);
  const sending = sendStates(crowd, STATES_MS[size]);
  const [ours, theirs] = await spentIn(STATES_MS[size], [[orchestrator.pid], [watcher.pid ?? 0]]);
  const sent = await sending;
  watcher.kill();
  if (ours === undefined || theirs === undefined) throw new Error('nothing was measured');

  const haltMs = await halt(stage, orchestrator, crowd);
  const welcomed = crowd.map(({ welcomedCount }) => welcomedCount);
  const reconnectS = await seconds(async () => {
    await stage.server.kill();
    await stage.server.start();
    await all(crowd, (host, at) => host.welcomedCount > (welcomed[at] ?? 0));
  });
  const figures = {
    halt_p99_ms: rounded(quantile(haltMs, 0.99), 1),
    halt_last_ms: rounded(Math.max(...haltMs), 1),
    grant_p50_ms: rounded(quantile(grantMs, 0.5), 1),
    grant_p99_ms: rounded(quantile(grantMs, 0.99), 1),
    states_per_s: rounded(sent / (STATES_MS[size] / 1_000), 0),
    rss_mb: rounded(ours.pssMb, 1),
    cpu_percent: rounded(ours.cpuPercent, 1),
    attach_s: rounded(attachS, 1),
    install_all_s: rounded(installS, 1),
    reconnect_s: rounded(reconnectS, 1),
    doubled_runs: doubledRuns(crowd),
    ...figuresOf('failover', failovers),
    ...figuresOf('failover_long', longFailovers),
    ...figuresOf('handover', handovers),
    hosts: count,
  };
  const beside = { 'bare subscriber': { cpu_percent: rounded(theirs.cpuPercent, 1) } };
  const rows = Object.entries(figures).map(([name, value]) => [
    name,
    String(value),
    goal(name, value),
  ]);
  say(`\n${table([['', 'measured', 'goal'], ...rows])}`);
  say(
    `a bare subscriber of the same states: ${String(beside['bare subscriber'].cpu_percent)} % of a core`,
  );
  return {
    repeats: 1,
    figures,
    beside,
    samples: { haltMs, grantMs, failovers, longFailovers, handovers },
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

/** Changes a level of one machine after the other. @returns how many were sent. */
async function sendStates(hosts: readonly FleetHost[], forMs: number): Promise<number> {
  const startMs = performance.now();
  let sent = 0;
  for (;;) {
    const passedMs = performance.now() - startMs;
    if (passedMs >= forMs) return sent;
    const due = Math.floor((passedMs / 1_000) * STATES_PER_S);
    for (; sent < due; sent += 1) hosts[sent % hosts.length]?.change((sent * 7) % 15);
    await pause(TICK_MS);
  }
}

/** From the order to each machine's ear. The command's own start is not the fleet's. */
async function halt(
  stage: OneServerStage,
  orchestrator: Awaited<ReturnType<OneServerStage['orchestrator']>>,
  hosts: readonly FleetHost[],
): Promise<number[]> {
  const orderedAtMs = await stage.halt(orchestrator);
  await all(hosts, ({ haltedAtMs }) => haltedAtMs !== undefined);
  return hosts.map(({ haltedAtMs }) => (haltedAtMs ?? Number.NaN) - orderedAtMs);
}

async function all(
  hosts: readonly FleetHost[],
  holds: (host: FleetHost, at: number) => boolean,
): Promise<void> {
  const giveUpAtMs = performance.now() + WAIT_MS_MAX;
  while (!hosts.every(holds)) {
    if (performance.now() > giveUpAtMs) {
      const rest = hosts.filter((host, at) => !holds(host, at)).length;
      throw new Error(`${String(rest)} machines are waited for in vain`);
    }
    await pause(50);
  }
}

async function seconds(act: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  await act();
  return (performance.now() - startMs) / 1_000;
}
