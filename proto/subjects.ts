// The subjects of a fleet on NATS: who publishes what where. Permissions are given by these names, so
// that a host can speak for itself alone.
//
//   lull.v1.journal.PARTITION    orchestrators, JetStream: the journals
//   lull.v1.up.PARTITION.HOST    a host, JetStream: AttachRequest, in order
//   lull.v1.down.HOST            orchestrators: AttachResponse, to one host
//   lull.v1.state.PARTITION.HOST a host: its readings, the latest wins
//   lull.v1.lead.PARTITION       orchestrators: who leads a partition now
//   lull.v1.halt                 orchestrators: everything stops, in every host
//   lull.v1.ask.PARTITION        orchestrators among themselves: a call for the one that leads

const namePattern = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** Whether `text` can name a host or a partition: it is one token of a subject. */
export function isSubjectName(text: string): boolean {
  return namePattern.test(text);
}

export const subjects = {
  /** @param partition a name, or `*` */
  journal: (partition: string) => `lull.v1.journal.${partition}`,
  up: (partition: string, host: string) => `lull.v1.up.${partition}.${host}`,
  down: (host: string) => `lull.v1.down.${host}`,
  state: (partition: string, host: string) => `lull.v1.state.${partition}.${host}`,
  lead: (partition: string) => `lull.v1.lead.${partition}`,
  halt: 'lull.v1.halt',
  ask: (partition: string) => `lull.v1.ask.${partition}`,
} as const;
