// A run of a simulated host, as a grant begins it.

import type { Requirement } from '../../conditions/requirement.js';
import type { HostConnection } from '../../orchestrator/link/host-session.loop.js';
import { updateFromWire } from '../../orchestrator/link/update.wire.js';
import type { Update } from '../../orchestrator/runs/update.js';
import type { Chance } from '../../orchestrator/simulation/seeded.js';
import { requirementFromWire } from '../../proto/wire/requirement.js';
import type { Software } from './software.js';
import type { Lifetime, VirtualTime } from './virtual-time.js';

export type Command = Parameters<HostConnection['send']>[0];
export type Grant = Extract<Command, { $case: 'grant' }>['value'];
export type Hold = 'guard' | 'operator' | 'lease';

export interface HostRun {
  readonly runId: string;
  readonly epoch: number;
  readonly updaterId: string;
  /** Absent: a scan. */
  readonly update: Update | undefined;
  /** It puts back what these receipts are of; no updater is asked. */
  readonly receipts: readonly string[] | undefined;
  readonly guard: readonly Requirement[];
  readonly holds: Set<Hold>;
  readonly life: Lifetime;
  leftMs: number;
  runningSinceMs: number;
  lease: () => void;
  end: () => void;
  ending: boolean;
  /** The end of a run that cannot be frozen, how long it is; 0: there is none. */
  readonly sectionMs: number;
  inSection: boolean;
  /** It should be frozen, and is in its section. */
  throttled: boolean;
}

const RUN_MS_MEAN = 60_000;
/** Short, so that storms find some of them in their section. */
const BEFORE_SECTION_MS_MEAN = 5_000;

export function runOf(
  grant: Grant,
  deps: { readonly time: VirtualTime; readonly chance: Chance; readonly software: Software },
): HostRun {
  const { time, chance, software } = deps;
  const work = grant.work;
  const received =
    work?.$case === 'perform' ? updateFromWire(work.value.update ?? never()) : undefined;
  const update = received?.kind === 'ok' ? received.update : undefined;
  const changes = update !== undefined && update.nextAction !== 'download';
  const declaredS = changes ? software.sectionS(grant.updater?.id ?? '') : 0;
  const sectionMs = Math.floor(declaredS * 1_000 * chance.share());
  return {
    ...{ runId: grant.runId, epoch: Number(grant.epoch), updaterId: grant.updater?.id ?? '' },
    update,
    receipts:
      work?.$case === 'revert' ? work.value.roots.map(({ receiptId }) => receiptId) : undefined,
    guard: grant.guard.map((wire) => requirementFromWire(wire) ?? never()),
    holds: new Set(),
    life: { over: false },
    leftMs: sectionMs + chance.waiting(sectionMs > 0 ? BEFORE_SECTION_MS_MEAN : RUN_MS_MEAN),
    ...{ sectionMs, inSection: false, throttled: false },
    runningSinceMs: time.nowMs,
    lease: () => undefined,
    end: () => undefined,
    ending: false,
  };
}

function never(): never {
  throw new Error('a grant that cannot be read');
}
