// The last question: who first? Security, then what is nearly done, then who has waited longest.

import type { ActionName } from '../runs/run.js';
import type { Subject } from './subject.js';

/** What changed something is looked after first; what only looks comes last. */
const rank: Record<ActionName, number> = {
  revert: 0,
  rollback: 0,
  verify: 1,
  install: 2,
  uninstall: 2,
  restart_app: 3,
  reboot: 3,
  download: 4,
  scan: 5,
};

/** Negative when `a` goes first. Total: no two subjects compare equal. */
export function compareSubjects(a: Subject, b: Subject): number {
  return (
    Number(b.action === 'revert') - Number(a.action === 'revert') ||
    Number(b.demanded) - Number(a.demanded) ||
    Number(b.interrupted !== undefined) - Number(a.interrupted !== undefined) ||
    Number(isSecurity(b)) - Number(isSecurity(a)) ||
    rank[a.action] - rank[b.action] ||
    waitingSinceMs(a) - waitingSinceMs(b) ||
    compareText(a.key, b.key)
  );
}

function isSecurity({ work }: Subject): boolean {
  return work.kind === 'perform' && work.update.security;
}

function waitingSinceMs(subject: Subject): number {
  return subject.state?.firstSeenAtMs ?? subject.updater.lastScanAtMs ?? 0;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
