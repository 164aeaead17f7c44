// The self-test: at every start a canary tries from inside of a real sandbox what no updater may do,
// and what came of it is the level that the host reports.
//
//   started ─▶ bait laid ─▶ canary launched ─▶ frozen, then slowed ─▶ its answer ─▶ level
//                 ▲                                                    │    │
//                 ├──────────── a minute later, if it gave none ───────┘    │
//                 └── frozen once more, where it went on: so often, then ───┘
//
// Invariants:
//   S1. It runs in the background. Until it has an answer there is no level, and nothing is admitted.
//   S2. Nothing is remembered from start to start: a setting of the kernel changes more easily than
//       its version, and the test takes about a second.
//   S3. What the host saw itself outweighs what the canary says.
//   S4. Without a proven freezer nothing is launched, whatever level a policy takes. What takes it for
//       one that holds nobody is final until the next start, and one look at a busy machine may be an
//       accident: it is tried again, on another canary, before that is said; and nothing else is.
//   S5. A user namespace is done without where the runtime refuses one, and a sandbox without starts. One
//       that is late has refused nothing: it is tried again like what gave no answer, so often. 0176.

import { join } from 'node:path';
import type { Confinement, TrialResult } from '../../conditions/confinement.js';
import type { CancelTimer, Clock } from '../../runtime/clock.js';
import { pause, within } from '../../runtime/deadline.js';
import type { Log } from '../../runtime/log.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { inside, type Sandbox, type SandboxSpec } from '../sandbox/sandbox.js';
import { SandboxError, type SandboxErrorCode } from '../sandbox/sandbox-error.js';
import type { SandboxRuntime } from '../sandbox/sandbox.runc.js';
import { readAnswer } from './answer.js';
import { layBait, workDirOf, type Bait } from './bait.fs.js';
import { tryToFreeze, tryToThrottle } from './holding.loop.js';
import { levelOf, listTrials, type TrialName } from './trials.js';

/** At the lowest priority of a busy machine it may take its time. */
const CANARY_MS_MAX = 120_000;
const AGAIN_MS = 60_000;
/** In all, and apart: what keeps a process in the kernel for a second is over by then (ours). */
const FREEZES_MAX = 3;
const FREEZE_AGAIN_MS = 2_000;
/** So often in a row, it is no accident (ours). */
const LATE_MAX = 3;
const MIB = 1024 * 1024;
/**
 * Node.js fits in, and what is tried reaches them soon: each process that is started costs. One that
 * reaches the limit of memory must leave the canary to tell of it.
 */
const limits = {
  ...{ memoryBytesMax: 128 * MIB, processesMax: 32, diskBytesMax: 4 * MIB },
  memoryEndsOne: true,
};

export interface SelfTestDeps {
  readonly runtime: SandboxRuntime;
  /** The canary's; no updater has it. */
  readonly uid: number;
  readonly runDir: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly onKnown: (confinement: Confinement) => void;
}

export function startSelfTest(deps: SelfTestDeps): Closeable {
  const { clock, log } = deps;
  const over = new AbortController();
  let cancel: CancelTimer = () => undefined;
  let going: Promise<void> = Promise.resolve();
  let lateCount = 0;

  function begin(): void {
    going = once(deps, lateCount, over.signal).catch((error: unknown) => {
      if (over.signal.aborted) return;
      lateCount = isSandboxError(error, 'LAUNCH_LATE') ? lateCount + 1 : 0;
      log.error({ err: error }, 'no updater runs: the self-test of the sandbox failed');
      cancel = clock.after(AGAIN_MS, begin);
    });
  }

  begin();
  return {
    close: async () => {
      over.abort();
      cancel();
      await going;
    },
  };
}

/** @param lateCount how often in a row it was late until now. */
async function once(deps: SelfTestDeps, lateCount: number, signal: AbortSignal): Promise<void> {
  const { runtime, log, onKnown } = deps;
  const results = await tryEverything(deps, signal).catch((error: unknown) => {
    // Nothing can be tried, so nothing holds.
    if (isSandboxError(error, 'RUNTIME_MISSING')) return new Map<TrialName, TrialResult>();
    const isLate = isSandboxError(error, 'LAUNCH_LATE') && lateCount + 1 >= LATE_MAX;
    if (!isLate && !isSandboxError(error, 'LAUNCH_REFUSED')) throw error; // S5
    const takeBack = runtime.weaken();
    if (takeBack === undefined) throw error;
    log.warn(
      { err: error },
      'no sandbox with a user namespace here: the self-test goes on without',
    );
    return tryEverything(deps, signal).catch((again: unknown) => {
      takeBack(); // S5
      throw again;
    });
  });
  if (results.get('freeze') !== 'denied') await freezeAgain(deps, results, signal); // S4
  if (results.get('freeze') !== 'denied') runtime.giveUp();
  const described = await runtime.describe();
  const confinement = { ...described, level: levelOf(results), trials: listTrials(results) };
  const open = confinement.trials.filter(({ result }) => result !== 'denied');
  const names = open.map(({ name, result }) => `${name} ${result}`);
  log.info({ ...described, level: confinement.level, open: names }, 'how strongly it confines');
  onKnown(confinement);
}

function isSandboxError(error: unknown, code: SandboxErrorCode): boolean {
  return error instanceof SandboxError && error.code === code;
}

async function freezeAgain(
  deps: SelfTestDeps,
  results: Map<TrialName, TrialResult>,
  signal: AbortSignal,
): Promise<void> {
  // Where nothing could be tried there is nobody to freeze.
  if (!results.has('freeze')) return;
  for (let freezes = 1; freezes < FREEZES_MAX; freezes += 1) {
    deps.log.warn({ freezes }, 'what was frozen seemed to go on: it is tried once more');
    if (!(await pause(FREEZE_AGAIN_MS, signal))) throw new Error('the self-test was given up');
    const result = await withCanary(deps, signal, (sandbox) => tryToFreeze(sandbox));
    results.set('freeze', result);
    if (result === 'denied') return;
  }
}

function tryEverything(
  deps: SelfTestDeps,
  signal: AbortSignal,
): Promise<Map<TrialName, TrialResult>> {
  return withCanary(deps, signal, async (sandbox, bait) => {
    const freeze = await tryToFreeze(sandbox);
    const throttle = await tryToThrottle(sandbox);
    const over = new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', reject, { once: true });
    });
    const exit = await within(Promise.race([sandbox.exited, over]), CANARY_MS_MAX, 'the canary');
    const answer = readAnswer(sandbox.outputTail());
    if (answer === undefined) {
      const how = exit.signal ?? `code ${String(exit.code)}`;
      const words = sandbox.outputTail().slice(-500);
      throw new Error(`the canary gave no answer before its end (${how}): ${words}`);
    }
    if (bait.visited()) for (const name of ['network', 'sockets'] as const) fail(answer, name);
    return answer.set('freeze', freeze).set('throttle', throttle);
  });
}

/** Launches a canary for `act`, and leaves nothing of it. */
async function withCanary<T>(
  { runtime, uid, runDir }: SelfTestDeps,
  signal: AbortSignal,
  act: (sandbox: Sandbox, bait: Bait) => Promise<T>,
): Promise<T> {
  const dir = join(runDir, 'canary');
  // One that was killed in the middle may have left it mounted.
  await runtime.release(workDirOf(dir));
  const bait = await layBait(dir, uid);
  try {
    const dirs = await runtime.prepare(CANARY_ID, uid);
    const sandbox = await runtime.launch(specOf(bait, dirs, uid), signal);
    try {
      return await act(sandbox, bait);
    } finally {
      await sandbox.close();
    }
  } finally {
    await runtime.release(bait.workDir);
    await bait.close();
  }
}

/** S3. */
function fail(answer: Map<TrialName, TrialResult>, name: TrialName): void {
  answer.set(name, 'allowed');
}

const CANARY_ID = 'canary';

function specOf(bait: Bait, dirs: SandboxSpec['dirs'], uid: number): SandboxSpec {
  const { bundleDir, workDir, artifactsDir, port, sockets, word } = bait;
  const told = { port, sockets, word, ...limits };
  return {
    id: CANARY_ID,
    uid,
    argv: ['node', 'main.mjs', JSON.stringify(told)],
    env: new Map([['LULL_WORK', inside.work]]),
    runtime: 'node',
    dirs,
    bundleDir,
    workDir,
    artifactsDir,
    roots: [],
    limits,
  };
}
