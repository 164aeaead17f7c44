// The subjects of a fleet on NATS: who publishes what where. Permissions are given by these names, so
// that a host can speak for itself alone.
//
//   lull.v1.journal.PARTITION    orchestrators, JetStream: the journals, which viewers read there
//   lull.v1.up.PARTITION.HOST    a host, JetStream: AttachRequest, in order
//   lull.v1.down.HOST            orchestrators: AttachResponse, to one host
//   lull.v1.state.PARTITION.HOST a host: its readings, the latest wins; viewers hear them
//   lull.v1.lead.PARTITION       orchestrators: who leads a partition now
//   lull.v1.halt                 orchestrators: everything stops, in every host
//   lull.v1.ask.PARTITION        orchestrators among themselves: a call for the one that leads
//   lull.v1.ask.seen             orchestrators among themselves: who has seen the fleet's journals
//   lull.v1.progress.HOST        orchestrators, to each other and to viewers: RunProgress
//   lull.v1.restrain             orchestrators among themselves: in force before it is in a journal

/** How many parts the hosts of a fleet are shared out to. Hosts and journals depend on it: never changed. */
export const PARTITION_COUNT = 16;

/** The partition of what holds for all hosts: updaters, holds, rollouts. */
export const FLEET_PARTITION = 'fleet';

/**
 * Buckets, made by the first orchestrator: who leads what, who holds a place in a group, bundles, and what
 * journals amount to.
 */
export const LEASES_BUCKET = 'lull-leases';
export const GROUPS_BUCKET = 'lull-groups';
export const BUNDLES_BUCKET = 'lull-bundles';
export const SNAPSHOTS_BUCKET = 'lull-snapshots';

const namePattern = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** Whether `text` can name a host or a partition: it is one token of a subject. */
export function isSubjectName(text: string): boolean {
  return namePattern.test(text);
}

/** The partition of a host: 32-bit FNV-1a of its name. */
export function partitionOf(hostId: string): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(hostId)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return `p${String(hash % PARTITION_COUNT)}`;
}

/** Every partition that hosts are in. */
export const partitions: readonly string[] = Array.from(
  { length: PARTITION_COUNT },
  (_, index) => `p${String(index)}`,
);

/**
 * The stream that keeps what the hosts of a partition say until it is in a journal. One for each: a server
 * stores what waits for a stream before it hands on anything of it, and with ten thousand hosts that
 * takes longer than they wait.
 */
export function upStreamOf(partition: string): string {
  return `lull-up-${partition}`;
}

/**
 * The header of what orchestrators say. A server sends acknowledgements to whatever subject a publisher
 * names for them, and those have none: so a host cannot make it say something in an orchestrator's place.
 */
export const FROM_ORCHESTRATOR = 'lull-orchestrator';

/** The header of what a host says of itself, for the same reason: a server sends nothing with it. */
export const FROM_MACHINE = 'lull-machine';

export const subjects = {
  /** @param partition a name, or `*` */
  journal: (partition: string) => `lull.v1.journal.${partition}`,
  up: (partition: string, host: string) => `lull.v1.up.${partition}.${host}`,
  down: (host: string) => `lull.v1.down.${host}`,
  state: (partition: string, host: string) => `lull.v1.state.${partition}.${host}`,
  lead: (partition: string) => `lull.v1.lead.${partition}`,
  halt: 'lull.v1.halt',
  progress: (host: string) => `lull.v1.progress.${host}`,
  restrain: 'lull.v1.restrain',
  ask: (partition: string) => `lull.v1.ask.${partition}`,
  seen: 'lull.v1.ask.seen',
} as const;
