// Where a fleet is, and what this machine is called in it.

import { isSubjectName } from '../../proto/subjects.js';
import type { Log } from '../../runtime/log.js';
import type { Nats, NatsOptions } from '../../runtime/nats.js';
import { CommandError } from '../failure.js';
import type { JournalSettings } from './journal-place.js';
import { natsServers } from './nats-place.js';

export interface FleetPlace extends Pick<NatsOptions, 'url' | 'alsoAt'> {
  /** Of an orchestrator. */
  readonly name: string;
  /** Of a machine; absent: one that is made once. */
  readonly hostId?: string;
}

const RULE = 'lower case letters, digits and hyphens, at most 63';

/** @param machine what this machine is called elsewhere, for an orchestrator without a name. */
export function fleetFrom(
  flags: {
    readonly nats?: string;
    readonly hostId?: string;
    readonly name?: string;
    readonly journal?: string;
  },
  machine: string,
): FleetPlace | undefined {
  if (flags.nats === undefined) {
    const named = flags.hostId === undefined ? flags.name && '--name' : '--host-id';
    if (named === undefined) return undefined;
    throw new CommandError(
      `${named} is a name in a fleet, and this is a machine by itself: name the fleet's server with --nats (LULL_NATS) as well, or leave it out`,
      2,
    );
  }
  if (flags.journal !== undefined) {
    throw new CommandError(
      '--journal is where a machine by itself keeps its journal; the journals of a fleet are on its server, --nats: leave one of both out',
      2,
    );
  }
  const servers = natsServers(flags.nats);
  const name = flags.name ?? machine.toLowerCase().replaceAll(/[^a-z0-9-]+/g, '-');
  for (const [flag, given] of [
    ['--name', name],
    ['--host-id', flags.hostId],
  ] as const) {
    if (given !== undefined && !isSubjectName(given)) {
      throw new CommandError(`${flag} "${given}" names nothing in a fleet: ${RULE}`, 2);
    }
  }
  return { ...servers, name, ...(flags.hostId === undefined ? {} : { hostId: flags.hostId }) };
}

export function hostIdOf(fleet: FleetPlace | undefined): Pick<FleetPlace, 'hostId'> {
  return fleet?.hostId === undefined ? {} : { hostId: fleet.hostId };
}

/**
 * Waits for the server for as long as it is out of reach.
 * @returns undefined when `signal` was aborted before.
 * @throws CommandError where we are not let in.
 */
export async function connectFleet(
  { url, alsoAt = [], name, hostId }: FleetPlace,
  { tls, credsFile }: Pick<JournalSettings, 'tls' | 'credsFile'>,
  log: Log,
  signal: AbortSignal,
): Promise<Nats | undefined> {
  // A machine by itself does not load the code of a fleet.
  const { awaitNats, NatsRefusal, placeOf } = await import('../../runtime/nats.js');
  const options = {
    ...{ url, alsoAt },
    name: `lull ${hostId ?? name}`,
    ...(tls === undefined ? {} : { tls }),
    ...(credsFile === undefined ? {} : { credsFile }),
    log,
  };
  try {
    return await awaitNats(options, signal);
  } catch (error) {
    const why = (error as Error).message;
    throw new CommandError(
      error instanceof NatsRefusal
        ? `NATS at ${placeOf(options)} and the keys of this machine do not go together: ${why}. Give it keys of this fleet that have not expired: "lull keys" makes them.`
        : `what this machine shows to NATS cannot be used: ${why}`,
    );
  }
}
