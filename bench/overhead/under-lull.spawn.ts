// The updates as Lull makes them: the person leaves, and the clock runs until the last one is
// verified. Looking for updates is part of it; starting Lull is not.

import { mkdirSync } from 'node:fs';
import type { Fact, Happening } from '../../harness/follow.grpc.js';
import { enableOn, openLull } from '../lull.spawn.js';
import type { SignedBundle } from '../signed-bundle.spawn.js';
import type { CloseStack } from '../../runtime/shutdown.js';
import { CannotRun } from '../benchmark.js';
import type { Package } from './packages.js';
import { stageClock, type Stage } from './stages.js';

const ALL_MS_MAX = 600_000;

export interface Updated {
  readonly wallMs: number;
  /** What Lull found to be the newest that fits. */
  readonly targets: readonly Package[];
  readonly stages: readonly Stage[];
}

/** A Lull with updates that are due, and a person in front of them. */
export interface Waiting {
  /** The person leaves; resolves when every update is verified. */
  leave(): Promise<Updated>;
  close(): Promise<void>;
}

export async function updateUnderLull(
  directory: string,
  prefix: string,
  registry: string,
  signed: SignedBundle,
  opened: CloseStack,
): Promise<Updated> {
  const waiting = await openWaiting(directory, prefix, registry, signed, opened);
  try {
    return await waiting.leave();
  } finally {
    await waiting.close();
  }
}

export async function openWaiting(
  directory: string,
  prefix: string,
  registry: string,
  { bundleFile, policyFile }: SignedBundle,
  opened: CloseStack,
): Promise<Waiting> {
  mkdirSync(directory);
  const lull = await openLull({ directory, policyFile, args: ['--log-level', 'warn'] }, opened);
  let clock = stageClock(0);
  const onHappening = (happening: Happening): void => {
    if (happening.kind === 'fact') clock.note(happening.fact, performance.now());
  };
  const settings = { prefix, registry };
  const how = { bundleFile, settings, presence: 'engaged', onHappening } as const;
  const follower = await enableOn(lull, how, opened);
  return {
    leave: async () => {
      const startMs = performance.now();
      clock = stageClock(startMs);
      await follower.report('away');
      const isScan = ({ kind }: Fact): boolean => kind === 'scan.found';
      const targets = targetsOf(await follower.fact('the scan', isScan, ALL_MS_MAX));
      for (let left = targets.length; left > 0; left -= 1) {
        await follower.fact('every update', isVerified(follower.facts), ALL_MS_MAX);
      }
      return { wallMs: performance.now() - startMs, targets, stages: clock.stages };
    },
    close: async () => {
      follower.close();
      await lull.stop();
    },
  };
}

function targetsOf(found: Fact): Package[] {
  const updates = found['updates'] as { id: string; toVersion: string }[];
  return updates.map(({ id, toVersion }) => ({
    name: id.slice(id.indexOf(':') + 1),
    version: toVersion,
  }));
}

/** Whether a fact says that a `verify` succeeded. @throws for a failure: it has no place in a time. */
function isVerified(facts: readonly Fact[]) {
  return (fact: Fact): boolean => {
    if (fact.kind !== 'run.finished') return false;
    const outcome = fact['outcome'] as { kind: string; message?: string };
    if (outcome.kind === 'failed') {
      throw new CannotRun(`a run failed (is the machine too busy?): ${outcome.message ?? ''}`);
    }
    const admitted = facts.find(
      ({ kind, runId }) => kind === 'run.admitted' && runId === fact.runId,
    );
    const work = admitted?.['work'] as { update?: { nextAction: string } } | undefined;
    return outcome.kind === 'succeeded' && work?.update?.nextAction === 'verify';
  };
}
