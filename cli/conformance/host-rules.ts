// What the host refuses an updater, by the code with which the plugin-host refuses it.

import { status } from '@grpc/grpc-js';
import type { BoundGrants } from '../../bundle/grant.js';
import { checkUrl } from '../../plugin-host/artifacts/allowed-url.js';
import { HostError, type HostReason } from '../../plugin-host/channel/host-failure.js';
import { orderOf } from '../../plugin-host/channel/host-wire.grpc.js';
import { lost, refuseForbidden, refused } from '../../plugin-host/trees/copy-file.fs.js';
import { linkProblem } from '../../plugin-host/trees/staged-rules.js';
import { replacementOf } from '../../plugin-host/trees/replacement.js';
import { openStaged } from '../../plugin-host/trees/replace.fs.js';
import { walk } from '../../plugin-host/trees/walk.fs.js';
import { CHECKPOINT_BYTES_MAX } from '../../plugin-host/runs/checkpoints.fs.js';
import type {
  CommitRequest,
  EnterCriticalRequest,
  FetchRequest,
  SaveCheckpointRequest,
} from '../../proto/gen/lull/host/v1/host.js';
import type { HostedCall, Place } from '../../sdk/conformance/subject.js';
import { hostError } from '../../sdk/testing/host-error.js';
import { closeSync, readlinkSync } from 'node:fs';

export interface HostRules {
  readonly grants: BoundGrants;
  readonly criticalSMax: number;
  readonly uid: number;
}

const codes: Partial<Record<HostReason, status>> = {
  FIELD_INVALID: status.INVALID_ARGUMENT,
  GRANT_MISSING: status.PERMISSION_DENIED,
};

/** @throws what the call is to be answered with. */
export function refuseByRules(rules: HostRules, { what, request }: HostedCall, place: Place): void {
  try {
    if (what === 'fetch') requireOrder(rules, request as FetchRequest);
    if (what === 'commit') requireStaged(rules, request as CommitRequest, place);
    if (what === 'enterCritical') requireSection(rules, request as EnterCriticalRequest);
    if (what === 'saveCheckpoint') requireSmall(request as SaveCheckpointRequest);
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    throw hostError(codes[error.code] ?? status.INTERNAL, error.code, error.message);
  }
}

function requireOrder({ grants }: HostRules, request: FetchRequest): void {
  const { url, mirrors } = orderOf(request);
  for (const each of [url, ...mirrors]) {
    const checked = checkUrl(each, grants.fetchPrefixes);
    if (checked.kind === 'ok') continue;
    const code = checked.kind === 'malformed' ? 'FIELD_INVALID' : 'GRANT_MISSING';
    throw new HostError(code, `${each}: ${checked.problem}`);
  }
}

function requireStaged(
  { uid }: HostRules,
  { stagedPath, replacedPaths }: CommitRequest,
  { workDir }: Place,
): void {
  const replacement = replacedPaths.length === 0 ? undefined : replacementOf(replacedPaths);
  const staged = openStaged({ workDir, path: stagedPath });
  try {
    for (const found of walk(staged)) {
      if (found.kind === 'lost') throw lost(found);
      refuseForbidden(found, uid);
      const target = found.kind === 'link' ? readlinkSync(found.address) : undefined;
      const problem =
        replacement?.problem(found) ??
        (target === undefined ? undefined : linkProblem(found.path, target));
      if (problem !== undefined) throw refused(found.path, problem);
    }
  } finally {
    closeSync(staged);
  }
}

function requireSection(
  { criticalSMax }: HostRules,
  { why, expectedS }: EnterCriticalRequest,
): void {
  if (criticalSMax === 0) throw new HostError('GRANT_MISSING', 'no critical section was granted');
  if (why === '') throw new HostError('FIELD_INVALID', 'why is empty');
  if (expectedS >= 1 && expectedS <= criticalSMax) return;
  throw new HostError('FIELD_INVALID', `expected_s is not within 1 and ${String(criticalSMax)}`);
}

function requireSmall({ checkpoint }: SaveCheckpointRequest): void {
  if (checkpoint.byteLength <= CHECKPOINT_BYTES_MAX) return;
  throw new HostError('FIELD_INVALID', 'checkpoint is larger than 64 KiB');
}
