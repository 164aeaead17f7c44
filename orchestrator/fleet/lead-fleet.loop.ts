// Leading what holds for all machines: whoever does so writes the fleet's journal.

import { CloseStack } from '../../runtime/shutdown.js';
import { noted } from '../policy/noted.js';
import { wantedBundles } from '../registry/wanted-bundles.js';
import { openEntryLog } from '../world/entry-log.loop.js';
import type { Led, LeadDeps } from './lead-partition.loop.js';
import { serveFleetLedger } from './write-asked.nats.js';

/** Whoever follows is as far as the journal soon. */
const FOLLOW_MS_MAX = 10_000;

/** @param onLost called once, when another one has written the journal, or nobody can any more. */
export async function leadFleet(
  name: string,
  { nats, openJournal, saw, follower, bundles, version, policy, clock, log }: LeadDeps,
  onLost: () => void,
): Promise<Led> {
  const opened = new CloseStack(log);
  try {
    const journal = opened.add('journal', await openJournal(name));
    // Everybody has its fold already (follower.nats.ts); here it is verified and written.
    const entries = await openEntryLog({ journal, clock, fold: () => undefined, log });
    entries.onBroken(onLost);
    const start = noted(policy.current(), follower.world.updaters.values());
    await entries.append([{ kind: 'orchestrator.started', version, ...start }]); // The fence.
    const bearWitness = (): void => {
      saw(name, entries.head);
    };
    opened.add('witness', { close: bearWitness });
    bearWitness();
    opened.add('ledger', serveFleetLedger({ nats, entries, log }));
    const clearing = clearBundles(entries.head.sequence).catch((error: unknown) => {
      log.warn({ err: error }, 'bundles that nobody wants were not let go of');
    });
    opened.add('bundles', { close: () => clearing });
    return { isFull: () => entries.isFull, close: () => opened.close() };
  } catch (error) {
    await opened.close();
    throw error;
  }

  /** As a machine by itself does at its start. */
  async function clearBundles(head: number): Promise<void> {
    await follower.until(head, FOLLOW_MS_MAX);
    const cleared = await bundles.keepOnly(wantedBundles(follower.world));
    if (cleared.length > 0) log.info({ cleared }, 'let go of bundles of no version that is known');
  }
}
