// A machine of a fleet without a sandbox: the plugin-host's real link, over a real NATS, and runs that
// take a while and succeed. What it was granted and what it did are written down.

import { randomBytes } from 'node:crypto';
import { Update } from '../../proto/gen/lull/updater/v1/updater.js';
import { HostState, type AttachResponse } from '../../proto/gen/lull/link/v1/link.js';
import { FROM_ORCHESTRATOR, partitionOf, subjects } from '../../proto/subjects.js';
import { actionFromWire, actionToWire } from '../../proto/wire/action.js';
import { readingToWire } from '../../proto/wire/reading.js';
import type { Reading, Readings } from '../../conditions/reading.js';
import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import type { Nats } from '../../runtime/nats.js';
import { readingOf, readingsAt } from '../../orchestrator/simulation/calm.js';
import { openLink } from '../../plugin-host/link/link.loop.js';
import { markOfMachine } from '../../plugin-host/link/mark.nats.js';
import { natsCarrier } from '../../plugin-host/link/link.nats.js';

/** Whoever is away has been so for long: nothing waits for that. */
const LONG_AWAY_MS = 3_600_000;
/** As a plugin-host does. */
const KEEP_ALIVE_MS = 10_000;
const KEEP_ALIVE_JITTER = 0.2;
const success = { kind: 'succeeded' } as const;
const failure = { kind: 'failed', reason: 'APPLY_FAILED', message: 'no', retry: false } as const;

type Command = NonNullable<AttachResponse['kind']>;

export interface Done {
  readonly runId: string;
  readonly epoch: number;
  readonly what: string;
  readonly atMs: number;
}

export interface FleetHost {
  readonly hostId: string;
  readonly instanceId: string;
  /** Every grant, and every run that came to its end here. */
  readonly granted: readonly Done[];
  readonly finished: readonly Done[];
  /** What came otherwise, in order. */
  readonly commands: readonly Command['$case'][];
  /** When it was last told that everything stops. */
  readonly haltedAtMs: number | undefined;
  readonly running: number;
  /** Runs, or those that do this, do not come to an end until they are let. */
  holdRuns(what?: string): void;
  letRunsEnd(): void;
  /** How often an orchestrator has welcomed it and asked what it is like. */
  readonly welcomedCount: number;
  see(presence: 'engaged' | 'away'): void;
  /** One level has changed, which is told as it would be. */
  change(level: number): void;
  close(): Promise<void>;
}

export interface FleetHostOptions {
  readonly nats: Nats;
  readonly hostId: string;
  readonly instanceId?: string;
  /** Ids of the updates that a scan finds. */
  readonly updates: readonly string[];
  /** How long a run takes. */
  readonly runMs: number;
  /** What does not work here, as in Done. Absent: everything does. */
  readonly fails?: string;
  /** For how long nobody has been there at first. */
  readonly longAwayMs?: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly random?: () => number;
}

export function startFleetHost(options: FleetHostOptions): FleetHost {
  const { nats, hostId, updates, runMs, clock, log, random = Math.random } = options;
  const { longAwayMs = LONG_AWAY_MS } = options;
  const instanceId = options.instanceId ?? randomBytes(6).toString('hex');
  const { connection } = nats;
  const carrier = natsCarrier({ nats, hostId, instanceId, clock, random });
  const link = openLink({ carrier, hostId, instanceId, bootId: '', diskPath: '/', clock, log });
  const runs = new Map<string, { readonly epoch: number; readonly cancel: CancelTimer }>();
  /** The ends of runs that are over and held. */
  let heldEnds: Map<string, () => void> | undefined;
  let heldWhat: string | undefined;
  const granted: Done[] = [];
  const finished: Done[] = [];
  const commands: Command['$case'][] = [];
  let haltedAtMs: number | undefined;
  let welcomedCount = 0;
  let awaySinceMs: number | undefined = clock.now().wallMs - longAwayMs;
  let sequence = 0n;
  const stateSubject = subjects.state(partitionOf(hostId), hostId);
  let cancelKeepAlive = keepAlive();

  function readings(): Readings {
    const away = awaySinceMs === undefined ? {} : { awaySinceMs };
    return readingsAt({ atMs: clock.now().wallMs, mains: true, ...away });
  }

  /** As state.nats.ts does, but at once. */
  function publishState(snapshot: boolean, told: readonly Reading[]): void {
    if (told.length > 0) sequence += 1n;
    const sentAtUnixMs = BigInt(Math.round(clock.now().wallMs));
    const state = {
      instanceId,
      sequence,
      snapshot,
      readings: told.map(readingToWire),
      sentAtUnixMs,
    };
    connection.publish(stateSubject, HostState.encode(state).finish(), {
      headers: markOfMachine(),
    });
  }

  function tell(): void {
    publishState(true, [...readings().values()]);
  }

  function keepAlive(): CancelTimer {
    return clock.after(KEEP_ALIVE_MS * (1 - random() * KEEP_ALIVE_JITTER), () => {
      if (connection.isClosed()) return;
      publishState(false, []);
      cancelKeepAlive = keepAlive();
    });
  }

  function done(runId: string, epoch: number, what: string): Done {
    return { runId, epoch, what, atMs: clock.now().monotonicMs };
  }

  function begin(grant: Extract<Command, { $case: 'grant' }>['value']): void {
    const { runId } = grant;
    const epoch = Number(grant.epoch);
    const before = runs.get(runId);
    if (before !== undefined && before.epoch >= epoch) return;
    before?.cancel();
    const { work } = grant;
    const what =
      work?.$case === 'perform'
        ? `${String(actionFromWire(work.value.action))} ${String(work.value.update?.id)}`
        : String(work?.$case);
    granted.push(done(runId, epoch, what));
    link.report({ runId, epoch }, { kind: 'started', sandboxSha256: '', launchMs: 1, argv: [] });
    const end = (): void => {
      runs.delete(runId);
      if (work?.$case === 'scan') for (const id of updates) found(runId, epoch, id);
      finished.push(done(runId, epoch, what));
      const outcome = what === options.fails ? failure : success;
      link.report({ runId, epoch }, { kind: 'finished', outcome, outputTail: '' });
    };
    const cancelEnd = clock.after(runMs, () => {
      if (heldEnds === undefined || (heldWhat ?? what) !== what) end();
      else heldEnds.set(runId, end);
    });
    const cancel = (): void => {
      cancelEnd();
      heldEnds?.delete(runId);
    };
    runs.set(runId, { epoch, cancel });
  }

  function found(runId: string, epoch: number, id: string): void {
    const action = actionToWire('install');
    const update = Update.fromPartial({ id, title: id, toVersion: '2.0.0', nextAction: action });
    link.report({ runId, epoch }, { kind: 'found', update: Update.encode(update).finish() });
  }

  function obey(command: Command): void {
    if (command.$case === 'wanted') {
      welcomedCount += 1;
      tell();
      return;
    }
    if (command.$case === 'grant') {
      begin(command.value);
      return;
    }
    commands.push(command.$case);
    if (command.$case !== 'stop') return;
    const { runId } = command.value;
    const run = runs.get(runId);
    if (run === undefined) return;
    run.cancel();
    runs.delete(runId);
    const outcome = { kind: 'cancelled', reason: 'OPERATOR' } as const;
    link.report({ runId, epoch: run.epoch }, { kind: 'finished', outcome, outputTail: '' });
  }

  const halts = connection.subscribe(subjects.halt, {
    callback: (_error, { headers }) => {
      if (headers?.has(FROM_ORCHESTRATOR) === true) haltedAtMs = clock.now().monotonicMs;
    },
  });
  link.confines({ level: 'confined', runtime: 'none', cgroups: 'v2', trials: [] });
  link.attach({
    held: () => [...runs].map(([runId, { epoch }]) => ({ runId, epoch })),
    onCommand: obey,
  });
  return {
    hostId,
    instanceId,
    granted,
    finished,
    commands,
    get haltedAtMs() {
      return haltedAtMs;
    },
    get welcomedCount() {
      return welcomedCount;
    },
    get running() {
      return runs.size;
    },
    holdRuns: (what) => {
      heldWhat = what;
      heldEnds ??= new Map();
    },
    letRunsEnd: () => {
      const ends = [...(heldEnds?.values() ?? [])];
      heldEnds = undefined;
      for (const end of ends) end();
    },
    see: (presence) => {
      awaySinceMs = presence === 'away' ? clock.now().wallMs - longAwayMs : undefined;
      tell();
    },
    change: (level) => {
      const atMs = clock.now().wallMs;
      publishState(false, [readingOf('cpu.busy', { kind: 'number', number: level }, atMs)]);
    },
    close: async () => {
      halts.unsubscribe();
      cancelKeepAlive();
      for (const { cancel } of runs.values()) cancel();
      await link.close();
    },
  };
}

/** What was done here, and how often. */
export function timesDone(host: FleetHost): Record<string, number> {
  const times: Record<string, number> = {};
  for (const { what } of host.finished) times[what] = (times[what] ?? 0) + 1;
  return times;
}
