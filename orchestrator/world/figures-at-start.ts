// The counts that an orchestrator begins at nothing. A count that is born with its first event has not grown,
// as Prometheus sees it: `increase` of it is 0, and the first install of a fleet would not be on a dashboard.
//
// What is not here, and what is timed, is born with its first event all the same. The codes are those that
// runs and bundles mostly end with: all of the table, for each outcome, would be told every ten seconds.

import type { ReasonCode } from '../../conditions/reason.js';
import { intrusions } from '../runs/intrusion.js';
import type { CountFigure } from './figures.js';

const works = ['scan', 'download', 'install', 'verify', 'rollback', 'revert'] as const;

const failures: readonly ReasonCode[] = [
  ...(['LAUNCH_FAILED', 'NEVER_SERVED', 'UPDATER_CRASHED', 'UPDATER_ERROR', 'TIME_LIMIT'] as const),
  ...(['CRITICAL_OVERRUN', 'CONTRACT_BROKEN', 'UPSTREAM_DOWN', 'DIGEST_MISMATCH'] as const),
  ...(['APPLY_FAILED', 'VERIFY_FAILED', 'GRANT_MISSING', 'VENDOR_REASON', 'NO_SPACE'] as const),
  ...(['CONFINEMENT_WEAK', 'SETTING_MISSING', 'NO_PREVIOUS', 'RATE_LIMITED'] as const),
];

const stops: readonly ReasonCode[] = [
  ...(['OPERATOR', 'SHUTTING_DOWN', 'SUPERSEDED', 'GAVE_WAY', 'TRIPPED', 'HELD'] as const),
  ...(['VETOED', 'UPDATER_SUSPENDED', 'PUBLISHER_UNKNOWN', 'ROLLOUT_STOPPED'] as const),
];

const cuts: readonly ReasonCode[] = ['HOST_LOST', 'UPDATER_CRASHED', ...stops];

const refusals: readonly ReasonCode[] = [
  ...(['SIGNATURE_MISSING', 'SIGNATURE_INVALID', 'PUBLISHER_UNKNOWN', 'MANIFEST_INVALID'] as const),
  ...([
    'BUNDLE_INVALID',
    'SCOPE_REFUSED',
    'VERSION_TAKEN',
    'VERSION_DOWNGRADE',
    'ID_TAKEN',
  ] as const),
  'DIGEST_MISMATCH',
];

const finished = (outcome: string, codes: readonly string[]): CountFigure[] =>
  codes.map((code) => nothing('lull.runs.finished', { outcome, code }));

export const figuresAtStart: readonly CountFigure[] = [
  nothing('lull.host.attachments', {}),
  ...works.flatMap((work) =>
    intrusions.map((intrusion) => nothing('lull.runs.admitted', { work, intrusion })),
  ),
  ...['succeeded', 'more_to_do', 'gone'].flatMap((outcome) => finished(outcome, [''])),
  ...finished('failed', failures),
  ...finished('cancelled', stops),
  ...cuts.map((code) => nothing('lull.runs.interrupted', { code })),
  { ...nothing('lull.run.frozen', {}), unit: 's' },
  { ...nothing('lull.run.frozen.cpu', {}), unit: 's' },
  ...[true, false].flatMap((cached) => ({
    ...nothing('lull.content.downloaded', { cached }),
    unit: 'By',
  })),
  ...[true, false].map((reverted) => nothing('lull.content.installed', { reverted })),
  ...refusals.map((code) => nothing('lull.updaters.refused', { code })),
];

function nothing(name: string, labels: CountFigure['labels']): CountFigure {
  return { kind: 'count', name, by: 0, labels };
}
