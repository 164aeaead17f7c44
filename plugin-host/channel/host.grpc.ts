// HostService: an updater's only power, one server per launch on the launch's own socket.
//
// Invariants:
//   V1. The socket can be connected to by the launch's uid and by root, by nobody else. Behind it, the
//       token of this launch and the id of its run are proved again with every call (T15). A call
//       belongs to the run that it came for, also where the launch serves another one meanwhile.
//   V2. Nothing is done while the run is frozen: every call waits, without a deadline. Downloads, and
//       new critical sections, also wait where the run is throttled instead.
//   V3. What one updater can have open at once is bounded, and what it can ask in a minute (T23):
//       most of it is for the journal, which forgets nothing.
//   V4. Text of an updater is cleaned before it goes anywhere (T17).
//   V5. Nobody keeps the loop that holds the guard busy by asking: what comes faster than CALLS_PER_S is not
//       read yet, whatever it asks (runtime/talk.ts).
//   V6. A root changes in an action that was admitted as one that changes something: a scan, a download and
//       a verify begin where less is asked of the moment.
//   V7. What an updater is refused is told, whatever it says of that itself (T16).

import { chown } from 'node:fs/promises';
import { displayText } from '../../conditions/words.js';
import {
  HostServiceService,
  type FetchRequest,
  type FetchResponse,
  type HostServiceServer,
  type LogRequest,
} from '../../proto/gen/lull/host/v1/host.js';
import type { Clock } from '../../runtime/clock.js';
import { serveUnix, type Bounds, type Listener } from '../../runtime/grpc.js';
import type { Log } from '../../runtime/log.js';
import type { Artifacts } from '../artifacts/artifacts.http.js';
import type { Installer } from '../install/install.fs.js';
import { CHECKPOINT_BYTES_MAX, type Checkpoints } from '../runs/checkpoints.fs.js';
import { commitsOfLaunch } from './commits.js';
import { HostError, isDiskFull } from './host-failure.js';
import type { HostedLaunch } from './hosted-launch.js';
import type { HostedRun } from './hosted-run.js';
import { serveFetch } from './host-fetch.grpc.js';
import { HostGate } from './host-gate.grpc.js';
import { fullRate, LOG_BYTES_MAX, takeLine } from './host-log-rate.js';
import { receiptToWire, severityOf } from './host-wire.grpc.js';

const LINE_CHARS_MAX = 256;
/**
 * V3. A launch is one program, with few others, and the longest that it has to say is a checkpoint; what
 * is half said is kept until the rest comes, or until the launch ends.
 */
const bounds: Bounds = { connectionsMax: 8, callsMax: 48, messageBytesMax: 96 * 1024 };

export interface HostDeps {
  readonly socketPath: string;
  readonly artifacts: Artifacts;
  readonly installer: Installer;
  readonly checkpoints: Checkpoints;
  readonly clock: Clock;
  readonly log: Log;
}

/** Serves `launch` until closed. Calls that are open when their run is over end with CANCELLED. */
export async function serveHost(launch: HostedLaunch, deps: HostDeps): Promise<Listener> {
  const service = hostService(launch, deps);
  const listener = await serveUnix({
    path: deps.socketPath,
    mode: 0o600,
    bounds,
    register: (server) => {
      server.addService(HostServiceService, service);
    },
  });
  try {
    if (launch.uid !== process.getuid?.()) await chown(deps.socketPath, launch.uid, 0); // V1
  } catch (error) {
    await listener.close();
    throw error;
  }
  return listener;
}

function hostService(launch: HostedLaunch, deps: HostDeps): HostServiceServer {
  const { installer, checkpoints, clock, log } = deps;
  const gate = new HostGate(launch, { clock, log });
  const commits = commitsOfLaunch();
  let logRate = fullRate(clock.now().monotonicMs);

  return {
    fetch: gate.streaming<FetchRequest, FetchResponse>((call, run) => serveFetch(call, run, deps)),
    commit: gate.atRate(async ({ root, stagedPath, replacedPaths }, run) => {
      requireChanging(run);
      const change = { stagedPath, replacedPaths };
      const commit = () => installer.commit({ run, root, ...change });
      return { receipt: receiptToWire(await commits.one(run, root, change, commit)) };
    }),
    revert: gate.atRate(async ({ root }, run) => {
      requireChanging(run);
      return { receipt: receiptToWire(await installer.revert({ run, root })) };
    }),
    enterCritical: gate.atRate(async ({ why, expectedS }, run) => {
      const max = run.limits.criticalSMax;
      if (max === 0) throw new HostError('GRANT_MISSING', 'no critical section was granted');
      if (why === '') throw new HostError('FIELD_INVALID', 'why is empty');
      if (expectedS === 0 || expectedS > max) {
        throw new HostError('FIELD_INVALID', `expected_s is not within 1 and ${String(max)}`);
      }
      await run.enterSection(displayText(why, LINE_CHARS_MAX)); // V4
      return {};
    }),
    // At no rate: one that is refused would stay inside.
    leaveCritical: gate.own((_request, run) => {
      run.leaveSection();
      return {};
    }),
    saveCheckpoint: gate.atRate(async ({ checkpoint }, run) => {
      if (checkpoint.byteLength > CHECKPOINT_BYTES_MAX) {
        throw new HostError('FIELD_INVALID', 'checkpoint is larger than 64 KiB');
      }
      await checkpoints.save(run.runId, checkpoint).catch((error: unknown) => {
        if (!isDiskFull(error)) throw error;
        throw new HostError('NO_SPACE', 'there is no space for a checkpoint', { cause: error });
      });
      return {};
    }),
    log: gate.inTurn((request, run) => {
      const taken = takeLine(logRate, clock.now().monotonicMs);
      logRate = taken.rate;
      if (taken.allowed) writeLines(request, taken.droppedBefore, run);
      return {};
    }),
  };
}

/** V6. */
function requireChanging({ changesRoots }: HostedRun): void {
  if (changesRoots) return;
  const message = 'roots are changed in install, rollback and uninstall, and in no other action';
  throw new HostError('GRANT_MISSING', message);
}

function writeLines(
  { severity, message }: LogRequest,
  droppedBefore: number,
  { emit }: Pick<HostedRun, 'emit'>,
): void {
  if (droppedBefore > 0) {
    const words = `${String(droppedBefore)} lines were dropped: more than 20 a second`;
    emit({ kind: 'log', severity: 'warn', message: words });
  }
  const bytes = Buffer.from(message).subarray(0, LOG_BYTES_MAX);
  const text = displayText(bytes.toString(), LOG_BYTES_MAX); // V4
  emit({ kind: 'log', severity: severityOf(severity), message: text });
}
