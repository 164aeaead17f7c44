// Telling a host which updaters are registered, so that it clears away what the others kept there.
//
// Invariant: it hears what is durable. A withdrawal that is in force already, and whose disk is full,
// takes nothing away that its updater would find missing.

import type { HostConnection } from '../link/host-session.loop.js';
import type { Policy } from '../policy/policy.js';
import type { Ledger } from '../world/ledger.loop.js';

/** @returns what tells it where it has not heard so yet; to be called in each turn. */
export function tellRegistered(deps: {
  readonly ledger: Pick<Ledger, 'world'>;
  readonly policy: () => Pick<Policy, 'disk'>;
  readonly host: () => HostConnection | undefined;
}): () => void {
  let to: HostConnection | undefined;
  let told = '';
  return () => {
    const host = deps.host();
    if (host === undefined) return;
    const updaterIds = [...deps.ledger.world.updaters.keys()].sort();
    const { keepWithdrawnMs } = deps.policy().disk;
    const words = [String(keepWithdrawnMs), ...updaterIds].join(' ');
    if (host === to && words === told) return;
    [to, told] = [host, words];
    const value = { updaterIds, keepMs: BigInt(Math.round(keepWithdrawnMs)) };
    host.send({ $case: 'registered', value });
  };
}
