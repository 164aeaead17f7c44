// Plain types to messages of lull.updater.v1 and back. Text is cut here to what the contract allows.

import {
  PauseCapability_Mode,
  type Capability,
  type DescribeResponse,
  type Outcome as WireOutcome,
  type Setting,
  type Update,
} from '../proto/gen/lull/updater/v1/updater.js';
import { actionFromWire, actionToWire } from '../proto/wire/action.js';
import { severityMember, severityToWire } from '../proto/wire/severity.js';
import type { UpdaterFailure } from './failure.js';
import { clip, FAILURE_BYTES_MAX, REASON_BYTES_MAX } from './limits.js';
import type { Description, Outcome, UpdateFound } from './updater.js';

export function settingsOf(settings: readonly Setting[]): ReadonlyMap<string, string> {
  return new Map(settings.map(({ name, value }) => [name, value]));
}

export function describeResponse(description: Description): DescribeResponse {
  const { pause, rollback, verify, delta, dryRun, parallelRunsMax, stateSchemaVersion } =
    description.capabilities;
  const claims: Capability['kind'][] = [];
  if (pause === true) {
    claims.push({ $case: 'pause', value: { mode: PauseCapability_Mode.COOPERATIVE } });
  }
  if (rollback === true) claims.push({ $case: 'rollback', value: {} });
  if (verify === true) claims.push({ $case: 'verify', value: {} });
  if (delta === true) claims.push({ $case: 'delta', value: {} });
  if (dryRun === true) claims.push({ $case: 'dryRun', value: {} });
  if (parallelRunsMax !== undefined) {
    claims.push({ $case: 'parallel', value: { runsMax: parallelRunsMax } });
  }
  if (stateSchemaVersion !== undefined) {
    claims.push({ $case: 'state', value: { schemaVersion: stateSchemaVersion } });
  }
  return {
    name: description.name,
    version: description.version,
    capabilities: claims.map((kind) => ({ kind })),
    software: description.software.map((each) => clip(each)),
  };
}

export function toWire(update: UpdateFound): Update {
  const { needs } = update;
  return {
    id: update.id,
    title: clip(update.title),
    fromVersion: update.fromVersion ?? '',
    toVersion: update.toVersion,
    downloadBytes: bigintOf(update.downloadBytes),
    installBytes: bigintOf(update.installBytes),
    security: update.security ?? false,
    releaseNotesUrl: update.releaseNotesUrl ?? '',
    deadlineUnixMs: bigintOf(update.deadlineAtMs),
    needs: needs && {
      network: needs.network ?? false,
      closedApps: [...(needs.closedApps ?? [])],
      restartApp: needs.restartApp ?? false,
      reboot: needs.reboot ?? false,
    },
    exclusive: update.exclusive ?? false,
    conflictKeys: [...(update.conflictKeys ?? [])],
    expectedS: update.expectedS,
    nextAction: actionToWire(update.nextAction),
    severity: severityToWire(update.severity),
    digest: update.digest ?? '',
  };
}

/** Undefined when the update names an action that this version does not know. */
export function fromWire(update: Update): UpdateFound | undefined {
  const nextAction = actionFromWire(update.nextAction);
  if (nextAction === undefined) return undefined;
  const { needs } = update;
  return {
    id: update.id,
    title: update.title,
    ...(update.fromVersion !== '' && { fromVersion: update.fromVersion }),
    toVersion: update.toVersion,
    ...(update.downloadBytes !== undefined && { downloadBytes: Number(update.downloadBytes) }),
    ...(update.installBytes !== undefined && { installBytes: Number(update.installBytes) }),
    security: update.security,
    ...(update.releaseNotesUrl !== '' && { releaseNotesUrl: update.releaseNotesUrl }),
    ...(update.deadlineUnixMs !== undefined && { deadlineAtMs: Number(update.deadlineUnixMs) }),
    ...(needs !== undefined && { needs }),
    exclusive: update.exclusive,
    conflictKeys: update.conflictKeys,
    ...(update.expectedS !== undefined && { expectedS: update.expectedS }),
    nextAction,
    ...severityMember(update.severity),
    ...(update.digest !== '' && { digest: update.digest }),
  };
}

export function outcomeToWire(outcome: Outcome): WireOutcome {
  switch (outcome.kind) {
    case 'succeeded':
      return { kind: { $case: 'succeeded', value: {} } };
    case 'gone':
      return { kind: { $case: 'gone', value: {} } };
    case 'more_to_do': {
      const { nextAction, expectedS } = outcome;
      return {
        kind: { $case: 'moreToDo', value: { nextAction: actionToWire(nextAction), expectedS } },
      };
    }
  }
}

export function failureToWire(failure: UpdaterFailure): WireOutcome {
  const { reason, message, retry, retryAfterMs } = failure;
  const value = {
    reason: clip(reason, REASON_BYTES_MAX),
    message: clip(message, FAILURE_BYTES_MAX),
    retry,
    giveUp: !retry,
    retryAfterMs: retryAfterMs === undefined ? undefined : BigInt(Math.round(retryAfterMs)),
  };
  return { kind: { $case: 'failed', value } };
}

function bigintOf(value: number | undefined): bigint | undefined {
  return value === undefined ? undefined : BigInt(Math.round(value));
}
