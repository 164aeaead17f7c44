// The scene of every errand: one updater that was accepted, and one update that it found.

import { signEnvelope } from '../../bundle/envelope.js';
import type { Fact } from '../journal/fact.js';
import type { Update } from '../runs/update.js';
import type { Publisher } from '../trust/publisher.js';

const UPDATER_ID = 'dev.lull.simulated';
const UPDATE_ID = 'update';
const VERSION = '1.0.0';
const SHA256 = '0'.repeat(64);
/** What a manifest may declare at the most. */
const SECTION_S_MAX = 600;
/** The longest that a manifest may leave between two scans: they are not the errand. */
const SCAN_SLA_H = 720;

/** Trusted as it is: nobody has to have signed what is made up. */
export const scenePublisher: Publisher = {
  name: 'lull',
  keys: [],
  threshold: 0,
  ids: [UPDATER_ID],
  auto: 'never',
};

const plain: Update = {
  id: UPDATE_ID,
  title: 'An update',
  fromVersion: '1.0.0',
  toVersion: '2.0.0',
  security: false,
  releaseNotesUrl: '',
  closedApps: [],
  exclusive: false,
  conflictKeys: [],
  nextAction: 'install',
};

export function sceneUpdate(changes: Partial<Update>): Update {
  return { ...plain, ...changes };
}

export interface Scene {
  /** How long a run cannot be stopped, at a stretch. */
  readonly stepMs: number;
  readonly updates: readonly Update[];
}

export function sceneFacts({ stepMs, updates }: Scene): Fact[] {
  const runId = 'run-1';
  const run = { runId, updaterId: UPDATER_ID };
  return [
    {
      kind: 'updater.submitted',
      id: UPDATER_ID,
      version: VERSION,
      publisher: 'lull',
      bundleSha256: SHA256,
      envelope: envelopeFor(Math.min(Math.ceil(stepMs / 1_000), SECTION_S_MAX)),
      keyIds: [],
    },
    {
      kind: 'updater.enabled',
      id: UPDATER_ID,
      version: VERSION,
      bundleSha256: SHA256,
      settings: [],
      attestation: 'simulated',
      actor: 'operator',
    },
    {
      kind: 'run.admitted',
      ...run,
      epoch: 1,
      attempt: 1,
      hostId: 'simulated',
      updaterVersion: VERSION,
      work: { kind: 'scan' },
    },
    { kind: 'scan.found', ...run, updates },
    { kind: 'run.finished', runId, outcome: { kind: 'succeeded' }, stderrTail: '' },
  ];
}

/** Nobody signed it: the fold reads what was verified before it was written. */
function envelopeFor(sectionS: number): string {
  const manifest = {
    contract: 'lull.updater.v1',
    id: UPDATER_ID,
    version: VERSION,
    publisher: 'lull',
    title: 'Simulated',
    platforms: ['linux'],
    bundle: { sha256: SHA256, size: 1, files: [{ path: 'main', size: 1, sha256: SHA256 }] },
    entrypoint: ['./main'],
    runtime: 'host',
    actions: ['download', 'install'],
    scope: 'user-mode',
    critical_max_s: sectionS,
    limits: { memory_mb: 64, processes: 8, disk_mb: 100 },
    scan: { sla_h: SCAN_SLA_H, floor_h: 1 },
  };
  const bytes = new TextEncoder().encode(JSON.stringify(manifest));
  return Buffer.from(signEnvelope(bytes, [])).toString('base64');
}
