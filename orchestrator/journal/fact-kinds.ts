// Every kind of fact that this version knows. An entry of another one was written by a newer version: what it
// forbids, nobody here would know.

import type { Fact } from './fact.js';

const kinds = {
  'clock.set': true,
  'content.downloaded': true,
  'content.installed': true,
  'critical.changed': true,
  'egress.seen': true,
  'facts.refused': true,
  'hold.lifted': true,
  'hold.placed': true,
  'host.attached': true,
  'host.confined': true,
  'orchestrator.started': true,
  'policy.changed': true,
  'restart.cancelled': true,
  'restart.failed': true,
  'restart.ordered': true,
  'rhythm.hour': true,
  'rollout.failed': true,
  'rollout.resumed': true,
  'rollout.started': true,
  'rollout.stopped': true,
  'root.changed': true,
  'run.admitted': true,
  'run.demanded': true,
  'run.finished': true,
  'run.interrupted': true,
  'run.notice': true,
  'run.paused': true,
  'run.resumed': true,
  'run.started': true,
  'run.thawed': true,
  'run.throttled': true,
  'run.unthrottled': true,
  'scan.found': true,
  'snapshot.taken': true,
  'switch.released': true,
  'switch.tripped': true,
  'updater.enabled': true,
  'updater.refused': true,
  'updater.submitted': true,
  'updater.suspended': true,
  'updater.withdrawn': true,
  'veto.lifted': true,
  'veto.placed': true,
} as const satisfies Record<Fact['kind'], true>;

export const factKinds = Object.keys(kinds) as readonly Fact['kind'][];

export function isKnownKind(kind: unknown): kind is Fact['kind'] {
  return typeof kind === 'string' && Object.hasOwn(kinds, kind);
}
