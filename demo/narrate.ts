// Facts of the journal as lines for people.

import { formatBytes } from '../conditions/words.js';
import type { Fact } from '../harness/follow.grpc.js';
import type { Screen } from './screen.js';

interface Work {
  readonly kind: 'scan' | 'perform';
  readonly update?: { title: string; fromVersion: string; toVersion: string; nextAction: string };
}

/** Names of runs by their id, learnt from `run.admitted`. */
export type RunNames = Map<string, string>;

export function narrate(fact: Fact, names: RunNames, screen: Screen): void {
  const name = names.get(fact.runId ?? '') ?? '';
  switch (fact.kind) {
    case 'run.admitted':
      names.set(fact.runId ?? '', nameOf(fact['work'] as Work));
      return;
    case 'run.started':
      // Without, it never served, or has no sandbox.
      if (typeof fact['launchMs'] !== 'number') return;
      screen.line('run', `${name}, in its sandbox after ${String(fact['launchMs'])} ms`);
      return;
    case 'content.downloaded': {
      const { sizeBytes, sha256, cached } = fact as unknown as {
        sizeBytes: number;
        sha256: string;
        cached: boolean;
      };
      if (cached) return; // Already told when it came.
      screen.line(
        'ok',
        `fetched by the host: ${formatBytes(sizeBytes)}, sha256 ${sha256.slice(0, 12)}…`,
      );
      return;
    }
    case 'content.installed': {
      const { fileCount, changes } = fact as unknown as { fileCount: number; changes: unknown[] };
      screen.line(
        'ok',
        `committed by the host: ${String(fileCount)} files, ${String(changes.length)} changed, swapped in at once`,
      );
      return;
    }
    case 'run.paused':
      screen.line('freeze', `frozen: ${(fact['reasons'] as string[]).join(', ')}`);
      return;
    case 'run.thawed':
      screen.line('run', `goes on after ${(Number(fact['frozenMs']) / 1_000).toFixed(1)} s`);
      return;
    case 'run.finished': {
      const outcome = fact['outcome'] as { kind: string; message?: string };
      const good = outcome.kind === 'succeeded' || outcome.kind === 'more_to_do';
      screen.line(
        good ? 'ok' : 'fail',
        `${name}: ${good ? 'done' : `${outcome.kind} ${outcome.message ?? ''}`}`,
      );
      return;
    }
    case 'scan.found': {
      const updates = fact['updates'] as {
        title: string;
        fromVersion: string;
        toVersion: string;
      }[];
      for (const { title, fromVersion } of updates) {
        screen.line('ok', `found ${title}, here is ${fromVersion}`);
      }
      return;
    }
    default:
      return;
  }
}

function nameOf({ update }: Work): string {
  if (update === undefined) return 'look for updates';
  return `${update.nextAction} ${update.title}`;
}
