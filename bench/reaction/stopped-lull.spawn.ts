// One Lull with the busy updater under way: started, its updater registered, its run found.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  SensorServiceClient,
  ReportPresenceRequest_Report as Report,
} from '../../proto/gen/lull/sensor/v1/sensor.js';
import { dialUnix, unary } from '../../runtime/grpc.js';
import type { Fact, Follower } from '../../harness/follow.grpc.js';
import type { RunningLull } from '../../harness/lull.spawn.js';
import type { CloseStack } from '../../runtime/shutdown.js';
import { enableOn, openLull } from '../lull.spawn.js';
import type { SignedBundle } from '../signed-bundle.spawn.js';
import type { SlowDisk } from './slow-disk.cgroup.js';
import { findStamps, type Stamps } from './stamps.fs.js';

const CALL_MS_MAX = 10_000;
/** Also where the first launches are too slow to serve in time, and are repeated. */
const START_MS_MAX = 300_000;

export interface Side {
  readonly name: string;
  /** One process for all, or one for each group of parts. */
  readonly processes: readonly (readonly string[])[];
  /** Children of the updater that are always busy; a few more than most machines have processors. */
  readonly children?: number;
  readonly slowDisk?: SlowDisk;
  /** Whether programs of others keep every processor busy meanwhile. */
  readonly besideOthers?: boolean;
}

const CHILDREN = 4;

export interface BusyLull {
  readonly name: string;
  readonly besideOthers: boolean;
  readonly stamps: Stamps;
  readonly follower: Follower;
  readonly runId: string;
  /** Says that the person is back. @returns when the sensor saw it, on CLOCK_MONOTONIC. */
  engage(): Promise<bigint>;
}

export async function startBusyLull(
  { name, processes, slowDisk, children = CHILDREN, besideOthers = false }: Side,
  { bundleFile, policyFile }: SignedBundle,
  scratch: string,
  opened: CloseStack,
): Promise<BusyLull> {
  const directory = join(scratch, name.slice(0, 8));
  mkdirSync(directory);
  const started: RunningLull[] = [];
  for (const parts of processes) {
    const args = parts.length === 0 ? [] : ['--only', ...parts];
    const options = { directory, policyFile, args: [...args, '--log-level', 'warn'] };
    started.push(await openLull(options, opened));
  }
  const [lull] = started;
  if (lull === undefined) throw new Error('a Lull has at least one process');
  const sensor = dialUnix(SensorServiceClient, join(lull.runDir, 'sensor.sock'));
  opened.add('sensor', sensor);
  const stampsName = `stamps-${String(process.pid)}-${name}`;
  const settings = { stamps: stampsName, children: String(children) };
  const follower = await enableOn(lull, { bundleFile, settings }, opened);
  const { runId = '' } = await follower.fact('the installation', isInstallation, START_MS_MAX);
  const stamps = opened.add('stamps', await findStamps(lull.stateDir, stampsName));
  await stamps.moved(0n);
  for (const { pid } of started) slowDisk?.take(pid);
  return {
    name,
    besideOthers,
    stamps,
    follower,
    runId,
    engage: async () => {
      const request = { report: Report.ENGAGED, ttlMs: 0n };
      const options = { deadlineMs: CALL_MS_MAX };
      const { presence } = await unary(sensor.reportPresence.bind(sensor), request, options);
      if (presence === undefined) throw new Error('the sensor answered without a reading');
      return presence.observedMonotonicNs;
    },
  };
}

function isInstallation({ kind, ...members }: Fact): boolean {
  const work = members['work'] as { update?: { nextAction: string } } | undefined;
  return kind === 'run.admitted' && work?.update?.nextAction === 'install';
}
