// Carrying out a grant, top to bottom: the bundle, the launch, the work. A launch whose run ended well
// lingers for the next one; any other is closed.

import type { KeyObject } from 'node:crypto';
import { bindGrants, settingProblems } from '../../bundle/grant.js';
import type { Readings } from '../../conditions/reading.js';
import { admit } from '../catalog/admission.js';
import type { Catalog, ReadBundle, StoredBundle } from '../catalog/catalog.fs.js';
import type { HostedRun } from '../channel/hosted-run.js';
import { leadsOut } from '../egress/allowance.js';
import type { Intake } from '../egress/intake.loop.js';
import { groundProblem, type Ground } from '../install/ground.fs.js';
import type { RootRecords } from '../install/root-record.fs.js';
import type { Sandbox } from '../sandbox/sandbox.js';
import { SandboxError } from '../sandbox/sandbox-error.js';
import type { Trees } from '../trees/trees.loop.js';
import { failed, isFinal, type Outcome, type RunEvent } from './event.js';
import { changesRoots, type Grant } from './grant.js';
import {
  launchKey,
  openLaunch,
  type Launch,
  type LaunchParts,
  type Prepared,
} from './launch.grpc.js';
import type { Launches } from './launches.loop.js';
import type { Pauses } from './pauses.loop.js';
import type { Places } from './places.fs.js';
import { putBack } from './put-back.loop.js';
import { rootsAsTheyAre, writableRoots } from './roots.fs.js';
import { doWork } from './work.grpc.js';

export interface HostParts extends LaunchParts {
  readonly catalog: Catalog;
  readonly readBundle: ReadBundle;
  /** Resolves when what an updater brings about finds room on its way to the orchestrator. */
  readonly room: (signal: AbortSignal) => Promise<void>;
  /** This machine's own. Absent: the orchestrator's word is taken for the signature. */
  readonly trustedKeys?: readonly KeyObject[];
  readonly places: Places;
  readonly launches: Launches<Launch>;
  readonly intake: Intake;
  readonly rootRecords: RootRecords;
  readonly ground: Ground;
  readonly trees: Trees;
}

export interface Course {
  readonly pauses: Pauses;
  readonly over: AbortSignal;
  readonly emit: (event: RunEvent) => void;
  /** What this machine's sensors say now. */
  readonly readings: () => Readings;
  /** Set as soon as there is a sandbox, for the tail of its stderr. */
  sandbox?: Sandbox;
}

export async function carryOut(grant: Grant, parts: HostParts, course: Course): Promise<Outcome> {
  const { pauses } = course;
  await pauses.thawed();
  if (grant.work.kind === 'revert') {
    return putBack({ grant, roots: grant.work.roots }, parts.installer, course);
  }
  const startedMs = parts.clock.now().monotonicMs;
  const manifest = admit(grant.updater, parts.trustedKeys);
  const problems = settingProblems(manifest, grant.settings);
  if (problems.length > 0) return failed('SETTING_MISSING', problems.join('; '), false);
  const grants = bindGrants(manifest, grant.settings, grant.privateHosts);
  for (const { path } of [...grants.installRoots, ...(grants.roots ?? [])]) {
    const problem = await groundProblem(path, parts.ground);
    if (problem !== undefined) return failed('GRANT_MISSING', problem, false);
  }
  const place = await parts.places.of(manifest.id);
  const writable = await writableRoots(grant, grants, place.uid, parts.trees, pauses.pass);
  const roots = [...(await rootsAsTheyAre(grants, parts.installer)), ...writable];
  const prepared: Prepared = { manifest, grants, place, roots };
  const run = hostedRun(grant, prepared, course, parts);
  const attach = (sandbox: Sandbox): void => {
    course.sandbox = sandbox;
    pauses.attach(sandbox);
  };
  const changing = writable.filter((root) => root.writable);
  if (changing.length > 0) {
    await parts.rootRecords.begin(grant, changing, pauses.pass);
  }
  try {
    return await work(grant, { parts, course, prepared, run, attach, startedMs });
  } finally {
    // What the host still does for it ends at its next step, and what it has done is told.
    pauses.close();
    await parts.installer.settled(grant.runId, parts.clock);
    if (changing.length > 0) {
      await parts.rootRecords.end(grant.runId, (_run, change) => {
        course.emit(change);
      });
    }
  }
}

/** The launch, and what it is asked. When it returns nothing of it runs. */
async function work(
  grant: Grant,
  deps: {
    readonly parts: HostParts;
    readonly course: Course;
    readonly prepared: Prepared;
    readonly run: HostedRun;
    readonly attach: (sandbox: Sandbox) => void;
    readonly startedMs: number;
  },
): Promise<Outcome> {
  const { parts, course, prepared, run, attach, startedMs } = deps;
  const { pauses, over } = course;
  /** Once for each run, right before something of it is executed: beside what a launch waits for. */
  const bundle = (): Promise<StoredBundle> =>
    parts.catalog.ensure(grant.updater, parts.readBundle, {
      signal: over,
      ...(parts.trustedKeys === undefined ? {} : { trustedKeys: parts.trustedKeys }),
    });
  const before = await lingering(grant, prepared, parts);
  const first = { run, pauses };
  const opening = { grant, prepared, parts, bundle, first, attach };
  const launch = before ?? (await openLaunch(opening).catch(toldFirst(course)));
  let outcome: Outcome | undefined;
  try {
    if (before !== undefined) {
      await bundle();
      await before.serve(first);
      attach(before.sandbox);
      if (!pauses.frozen) before.sandbox.thaw();
    }
    const launchMs = Math.max(1, Math.round(parts.clock.now().monotonicMs - startedMs));
    course.emit({ ...executed(launch.sandbox), launchMs });
    const checkpoint = (await parts.checkpoints.load(grant.runId)) ?? Buffer.alloc(0);
    outcome = await doWork(grant, {
      channel: launch.channel,
      manifest: prepared.manifest,
      checkpoint,
      signal: over,
      clock: parts.clock,
      room: parts.room,
      emit: course.emit,
      offer: (pausable) => {
        pauses.offer(pausable);
      },
      log: parts.log,
    });
    return outcome;
  } catch (error) {
    if (!launch.overdrew()) throw error;
    const megabytes = String(Math.round(grant.limits.diskBytesMax / 1e6));
    return failed('NO_SPACE', `it wrote more than the ${megabytes} MB that it may keep`, true);
  } finally {
    const endedWell = outcome !== undefined && isFinal(outcome) && !over.aborted;
    if (endedWell) {
      // Before it may serve another run: what still holds this one must not hold that one.
      pauses.close();
      parts.launches.keep(launch);
    }
    await (endedWell ? launch.rest() : launch.close());
  }
}

/** The launch before, where it can show the roots as they are now. Still frozen. */
async function lingering(
  grant: Grant,
  prepared: Prepared,
  { launches, log }: Pick<HostParts, 'launches' | 'log'>,
): Promise<Launch | undefined> {
  const before = launches.take(launchKey(grant, prepared));
  if (before === undefined) return undefined;
  const shown = await before.sandbox.show(prepared.roots).catch((error: unknown) => {
    log.warn({ err: error, runId: grant.runId }, 'a launch cannot show what is installed now');
    return false;
  });
  if (shown) return before;
  await before.close();
  return undefined;
}

/** Of what was executed and never served the audit is told as well: a run that ended has begun. */
function toldFirst(course: Course): (error: unknown) => never {
  return (error) => {
    const { sandbox, emit } = course;
    // What the runtime itself could not do was not executed.
    if (sandbox !== undefined && !(error instanceof SandboxError)) emit(executed(sandbox));
    throw error;
  };
}

function executed({ configSha256, argv }: Sandbox) {
  return { kind: 'started', sandboxSha256: configSha256, argv } as const;
}

function hostedRun(
  grant: Grant,
  { manifest, grants, place }: Prepared,
  { pauses, over, emit, readings }: Course,
  { log, intake, room }: Pick<HostParts, 'log' | 'intake' | 'room'>,
): HostedRun {
  return {
    runId: grant.runId,
    epoch: grant.epoch,
    ...place,
    grants,
    limits: {
      diskBytesMax: grant.limits.diskBytesMax,
      criticalSMax: manifest.critical_max_s,
      previousVersions: grant.limits.previousVersions,
      callsPerMinuteMax: grant.limits.callsPerMinuteMax,
    },
    thawed: () => pauses.thawed(),
    pass: pauses.pass,
    take: intake.of({ runId: grant.runId, limits: grant.network, readings, over }),
    changesRoots: changesRoots(grant.work),
    leadsOut: () => leadsOut(readings()),
    released: async () => {
      await pauses.released();
      await room(over);
      await pauses.released();
    },
    isHeld: () => pauses.held,
    enterSection: async (why) => {
      await room(over);
      await pauses.enterSection(why, manifest.critical_max_s * 1_000);
    },
    leaveSection: () => {
      pauses.leaveSection();
    },
    over,
    emit: (event) => {
      // For whoever looks after this machine; the journal is for facts.
      if (event.kind === 'log') log[event.severity]({ runId: grant.runId }, event.message);
      else emit(event);
    },
  };
}
