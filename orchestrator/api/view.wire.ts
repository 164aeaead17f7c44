// Runs, subjects, readings and entries as an operator sees them. Generated types stop here.

import { signals, type Reading } from '../../conditions/reading.js';
import type { Reason } from '../../conditions/reason.js';
import { formatBytes } from '../../conditions/words.js';
import type {
  Chance as WireChance,
  Entry as WireEntry,
  ForecastResponse,
  Outlook,
  ReadingText,
  Reason as WireReason,
  Run as WireRun,
  Subject as WireSubject,
} from '../../proto/gen/lull/operator/v1/operator.js';
import type { StoredEntry } from '../journal/chain.js';
import { actionOf, spent, type Run, type RunPhase } from '../runs/run.js';
import type { Work } from '../runs/update.js';
import type { Chance, Forecast, Waits } from '../scheduler/forecast.js';
import type { Waiting } from '../scheduler/plan.js';

export function runToWire(run: Run, nowMs: number): WireRun {
  const { phase, work } = run;
  const { ranMs, heldMs } = spent(run, nowMs);
  return {
    id: run.id,
    updaterId: run.updaterId,
    updateId: work.kind === 'scan' ? '' : work.update.id,
    title: titleOf(work),
    fromVersion: work.kind === 'scan' ? '' : work.update.fromVersion,
    toVersion: work.kind === 'scan' ? '' : work.update.toVersion,
    action: actionOf(run),
    attempt: run.attempt,
    state: phase.kind,
    outcome: phase.kind === 'finished' ? phase.outcome.kind : '',
    ...whyOf(phase),
    admittedAtUnixMs: BigInt(run.admittedAtMs),
    finishedAtUnixMs: phase.kind === 'finished' ? BigInt(phase.atMs) : undefined,
    pauseCount: run.pauseCount,
    updaterVersion: run.updaterVersion,
    ranMs: BigInt(Math.round(ranMs)),
    heldMs: BigInt(Math.round(heldMs)),
    releaseNotesUrl: notesOf(work),
  };
}

/** Why it does not run, or ended as it did. */
function whyOf(phase: RunPhase): Pick<WireRun, 'reason' | 'message'> {
  switch (phase.kind) {
    case 'admitted':
    case 'running':
      return { reason: '', message: '' };
    case 'paused':
      return { reason: phase.reasons.join(', '), message: '' };
    case 'interrupted':
      return { reason: phase.code, message: phase.message };
    case 'finished': {
      const { outcome } = phase;
      const reason = 'code' in outcome ? outcome.code : '';
      return { reason, message: outcome.kind === 'failed' ? outcome.message : '' };
    }
  }
}

export function waitingToWire(
  { subject, reasons }: Waiting,
  lookAgainAtMs: number | undefined,
): WireSubject {
  return {
    updaterId: subject.updater.id,
    updateId: subject.work.kind === 'scan' ? '' : subject.work.update.id,
    title: titleOf(subject.work),
    action: subject.action,
    reasons: reasons.map(reasonToWire),
    lookAgainAtUnixMs: instant(lookAgainAtMs),
    outlook: undefined,
    runId: '',
    releaseNotesUrl: notesOf(subject.work),
  };
}

/**
 * A run as a subject: with the reasons why it stands still or ends, or none.
 * @param runId empty: it is only foretold.
 */
export function heldToWire(
  run: Pick<Run, 'updaterId' | 'work'>,
  reasons: readonly Reason[],
  runId = '',
): WireSubject {
  return {
    updaterId: run.updaterId,
    updateId: run.work.kind === 'scan' ? '' : run.work.update.id,
    title: titleOf(run.work),
    action: actionOf(run),
    reasons: reasons.map(reasonToWire),
    lookAgainAtUnixMs: undefined,
    outlook: undefined,
    runId,
    releaseNotesUrl: notesOf(run.work),
  };
}

export function forecastToWire({ chances, waiting, computedUntilMs }: Forecast): ForecastResponse {
  return {
    chances: chances.map((chance): WireChance => ({
      subject: heldToWire(chance, chance.reasons),
      atUnixMs: instant(chance.atMs),
      doneAtUnixMs: instant(chance.doneAtMs),
    })),
    waiting: waiting.map((waits: Waits) => heldToWire(waits, waits.reasons)),
    computedUntilUnixMs: instant(computedUntilMs),
  };
}

/** @param chance of what waits, its first. */
export function outlookToWire(chance: Chance | undefined, { computedUntilMs }: Forecast): Outlook {
  const never = chance?.atMs === undefined;
  return {
    atUnixMs: instant(chance?.atMs),
    reasons: never ? (chance?.reasons ?? []).map(reasonToWire) : [],
    computedUntilUnixMs: never ? instant(computedUntilMs) : undefined,
  };
}

function reasonToWire(reason: Reason): WireReason {
  const { code, message, sinceMs, untilMs, about = '', measured, limit, unit = '' } = reason;
  return {
    ...{ code, message, about, unit },
    measured: measured?.toString(),
    limit: limit?.toString(),
    sinceUnixMs: instant(sinceMs),
    untilUnixMs: instant(untilMs),
  };
}

function instant(atMs: number | undefined): bigint | undefined {
  return atMs === undefined ? undefined : BigInt(Math.ceil(atMs));
}

export function entryToWire(entry: StoredEntry): WireEntry {
  return {
    sequence: BigInt(entry.sequence),
    atUnixMs: BigInt(entry.atMs),
    kind: (JSON.parse(entry.body) as { kind: string }).kind,
    bodyJson: entry.body,
    hashSha256: entry.hash,
  };
}

export function readingToText(reading: Reading): ReadingText {
  return {
    signal: reading.instance === '' ? reading.signal : `${reading.signal}:${reading.instance}`,
    value: valueText(reading),
    source: reading.source,
    observedAtUnixMs: BigInt(Math.round(reading.observedAtMs)),
  };
}

function valueText({ signal, value }: Reading): string {
  switch (value.kind) {
    case 'unknown':
      return `unknown: ${value.why}`;
    case 'flag':
      return value.flag ? 'yes' : 'no';
    case 'presence':
      if (value.presence.kind === 'engaged') return 'engaged';
      if (value.presence.locked === true) return 'away, the screen is locked';
      return value.presence.dark === true ? 'away, the screen is dark' : 'away';
    case 'word':
      return value.word;
    case 'number': {
      const { unit } = signals[signal];
      if (unit === 'B') return formatBytes(value.number);
      if (unit === 'ms') return instantText(value.number);
      return unit === '' ? String(value.number) : `${value.number.toFixed(1)} ${unit}`;
    }
  }
}

function titleOf(work: Work): string {
  return work.kind === 'scan' ? 'look for updates' : work.update.title;
}

function notesOf(work: Work): string {
  return work.kind === 'scan' ? '' : work.update.releaseNotesUrl;
}

/** An instant in UTC, to the second; what is none is shown as the number it is. */
function instantText(atMs: number): string {
  const date = new Date(atMs);
  return Number.isNaN(date.getTime())
    ? String(atMs)
    : `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
