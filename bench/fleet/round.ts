// One round with all machines: they change for a while, all of them are stopped and let go on, and the
// server is killed and comes back.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { RunningLull } from '../../harness/lull.spawn.js';
import { pause } from '../../runtime/deadline.js';
import type { CloseStack } from '../../runtime/shutdown.js';
import type { FleetHost } from '../../test/fleet/fleet-host.nats.js';
import type { OneServerStage } from '../../test/fleet/fleet-stage.js';
import { spentIn, type Spent } from '../cost.proc.js';
import { all, seconds } from './waiting.js';

const STATES_PER_S = 1_000;
const STATES_MS = { whole: 20_000, quick: 4_000 };
/** What thousands of installs, and a storm, leave behind, snapshots above all, is not what states cost. */
const SETTLE_MS = { whole: 30_000, quick: 1_000 };
const TICK_MS = 10;
const bare = fileURLToPath(new URL('bare/main.js', import.meta.url));

export interface Round {
  readonly ours: Spent;
  /** Of a program that hears the same states, in the same seconds, and does nothing with them. */
  readonly bare: Spent;
  readonly statesPerS: number;
  /** From the order to each machine. */
  readonly haltMs: readonly number[];
  readonly reconnectS: number;
}

export async function playRound(
  stage: OneServerStage,
  orchestrator: RunningLull,
  crowd: readonly FleetHost[],
  watcher: ChildProcess,
  size: 'whole' | 'quick',
): Promise<Round> {
  await pause(SETTLE_MS[size]);
  const sending = sendStates(crowd, STATES_MS[size]);
  const pids = [[orchestrator.pid], [watcher.pid ?? 0]];
  const [ours, bare] = await spentIn(STATES_MS[size], pids);
  const sent = await sending;
  if (ours === undefined || bare === undefined) throw new Error('nothing was measured');
  const haltMs = await halt(stage, orchestrator, crowd);
  await orchestrator.command(['resume-all']);
  const welcomed = crowd.map(({ welcomedCount }) => welcomedCount);
  const reconnectS = await seconds(async () => {
    await stage.server.kill();
    await stage.server.start();
    await all(crowd, (host, at) => host.welcomedCount > (welcomed[at] ?? 0));
  });
  return { ours, bare, statesPerS: sent / (STATES_MS[size] / 1_000), haltMs, reconnectS };
}

/** Hears every state, and does nothing with it. */
export async function startWatcher(url: URL, opened: CloseStack): Promise<ChildProcess> {
  const watcher = spawn(process.execPath, [bare, url.href], { stdio: 'ignore' });
  opened.add('bare subscriber', { close: () => void watcher.kill() });
  await once(watcher, 'spawn');
  return watcher;
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
  orchestrator: RunningLull,
  hosts: readonly FleetHost[],
): Promise<number[]> {
  const orderedAtMs = await stage.halt(orchestrator);
  await all(hosts, ({ haltedAtMs }) => (haltedAtMs ?? -Infinity) >= orderedAtMs);
  return hosts.map(({ haltedAtMs }) => (haltedAtMs ?? Number.NaN) - orderedAtMs);
}
