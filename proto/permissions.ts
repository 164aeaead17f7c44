// What each role may say and hear on NATS. Whatever is not listed is refused by the server.
//
// These are templates of keys that sign: the server puts in who it is that connects, as the signed token
// says. So tokens are short, and what a role may do changes at the server, without new tokens.
//
// Invariants:
//   P1. A host speaks for itself alone, and hears what is said to it, or to all.
//   P2. Nobody but an orchestrator writes a journal, a bucket or a command; but for the groups' bucket, which
//       whoever serves FleetLock writes as well, and nothing else.
//   P3. No role deletes a stream, or purges a journal. What a stream keeps is changed by nobody but a keeper,
//       whose credentials hold for a day: the server cannot tell more copies from another bound.
//   P4. A viewer hears and reads what happens, and says nothing: what was written, from the stream of journals, and
//       not as it is published, which one does too who does not lead any more, and whom the stream refuses.
//
// They do not hold what a server sends for somebody. An answer, the acknowledgement of a message for
// one, goes to whatever subject was named for it. So whoever reads a subject also looks at what it got:
// see docs/decisions/0088-who-may-say-what.md.

import {
  BUNDLES_BUCKET,
  GROUPS_BUCKET,
  LEASES_BUCKET,
  partitionOf,
  partitions,
  SNAPSHOTS_BUCKET,
  subjects,
  upStreamOf,
} from './subjects.js';

/** The roles that speak NATS. */
export const natsRoles = ['orchestrator', 'host', 'fleetlock', 'keeper', 'viewer'] as const;
export type NatsRole = (typeof natsRoles)[number];

export interface NatsPermissions {
  readonly publish: { readonly allow: readonly string[]; readonly deny: readonly string[] };
  readonly subscribe: { readonly allow: readonly string[] };
}

const JOURNAL_STREAM = 'LULL_JOURNAL';
const BUNDLES_STREAM = `OBJ_${BUNDLES_BUCKET}`;

const objects = [BUNDLES_STREAM, `OBJ_${SNAPSHOTS_BUCKET}`];

/** The streams that orchestrators make and keep, what cannot be made again first. */
export const fleetStreams: readonly string[] = [
  JOURNAL_STREAM,
  ...partitions.map(upStreamOf),
  `KV_${LEASES_BUCKET}`,
  `KV_${GROUPS_BUCKET}`,
  ...objects,
];

/** Whether JetStream is there at all: asked by every client before anything else. */
const ABOUT_ACCOUNT = '$JS.API.INFO';
/** Whether the server syncs; of the system account, which exports it. */
export const ABOUT_JETSTREAM = '$SYS.REQ.SERVER.PING.JSZ';

/** Where answers go. Nobody else may listen there; runtime/nats.ts takes the same. */
const INBOX = '_INBOX.{{name()}}.>';
const ID_TAG = '{{tag(id)}}';
const PARTITION_TAG = '{{tag(partition)}}';

/** What a token says of its user, for the templates below. */
export interface NatsUser {
  readonly name: string;
  readonly tags: readonly string[];
}

/** @param name has to be one token of a subject, see `isSubjectName`. */
export function natsUser(role: NatsRole, name: string): NatsUser {
  const tags = role === 'host' ? [`id:${name}`, `partition:${partitionOf(name)}`] : [];
  return { name: `${role}-${name}`, tags };
}

export const permissions: Readonly<Record<NatsRole, NatsPermissions>> = {
  orchestrator: ofOrchestrator(),
  host: ofHost(),
  fleetlock: ofFleetLock(),
  keeper: ofKeeper(),
  viewer: ofViewer(),
};

function ofHost(): NatsPermissions {
  return {
    publish: {
      allow: [
        subjects.up(PARTITION_TAG, ID_TAG),
        subjects.state(PARTITION_TAG, ID_TAG),
        ABOUT_ACCOUNT,
        ...reading(BUNDLES_STREAM),
      ],
      deny: [],
    },
    subscribe: {
      allow: [subjects.down(ID_TAG), subjects.lead(PARTITION_TAG), subjects.halt, INBOX],
    },
  };
}

/** It is called by anybody, and holds no more than it gives: places in groups. */
function ofFleetLock(): NatsPermissions {
  const stream = `KV_${GROUPS_BUCKET}`;
  return {
    publish: {
      allow: [
        ...[`$KV.${GROUPS_BUCKET}.>`, ABOUT_ACCOUNT],
        ...[...reading(stream), `$JS.API.STREAM.CREATE.${stream}`],
      ],
      deny: [],
    },
    subscribe: { allow: [INBOX] },
  };
}

/** It sees how many copies there are of what a fleet keeps, and gives more (P3). It reads none of it. */
function ofKeeper(): NatsPermissions {
  const verbs = ['INFO', 'UPDATE'];
  return {
    publish: {
      allow: fleetStreams.flatMap((stream) =>
        verbs.map((verb) => `$JS.API.STREAM.${verb}.${stream}`),
      ),
      deny: [],
    },
    subscribe: { allow: [INBOX] },
  };
}

/** P4. */
function ofViewer(): NatsPermissions {
  return {
    publish: { allow: [ABOUT_ACCOUNT, ...reading(JOURNAL_STREAM)], deny: [] },
    subscribe: {
      allow: [subjects.state('*', '*'), subjects.progress('*'), subjects.halt, INBOX],
    },
  };
}

function ofOrchestrator(): NatsPermissions {
  return {
    publish: {
      allow: [
        ...[subjects.journal('*'), subjects.down('*'), subjects.lead('*')],
        ...[subjects.ask('*'), subjects.halt, subjects.progress('*'), subjects.restrain],
        ...[`$KV.${LEASES_BUCKET}.>`, `$KV.${GROUPS_BUCKET}.>`],
        ...[`$O.${BUNDLES_BUCKET}.>`, `$O.${SNAPSHOTS_BUCKET}.>`],
        ...[ABOUT_ACCOUNT, ABOUT_JETSTREAM],
        ...fleetStreams.flatMap((stream) => [...reading(stream), ...keeping(stream)]),
        ...objects.map((stream) => `$JS.API.STREAM.PURGE.${stream}`), // Chunks of what was replaced.
        '_INBOX.>', // Answers to each other.
      ],
      deny: ['$JS.API.STREAM.DELETE.>'], // P3
    },
    subscribe: {
      allow: [
        ...[subjects.state('*', '*'), subjects.ask('*'), subjects.lead('*'), subjects.halt],
        ...[subjects.progress('*'), subjects.restrain],
        INBOX,
      ],
    },
  };
}

/** Messages one by one, or in order through a consumer that nobody keeps. */
function reading(stream: string): string[] {
  return [
    `$JS.API.STREAM.INFO.${stream}`,
    `$JS.API.STREAM.MSG.GET.${stream}`,
    `$JS.API.DIRECT.GET.${stream}`,
    `$JS.API.DIRECT.GET.${stream}.>`,
    `$JS.API.CONSUMER.CREATE.${stream}.>`,
    `$JS.API.CONSUMER.INFO.${stream}.*`,
    `$JS.API.CONSUMER.DELETE.${stream}.*`,
    `$JS.API.CONSUMER.MSG.NEXT.${stream}.*`,
    `$JS.FC.${stream}.>`,
  ];
}

/** Making it, consumers that are kept, and letting go of what has been dealt with (P3). */
function keeping(stream: string): string[] {
  return [
    `$JS.API.STREAM.CREATE.${stream}`,
    ...['CREATE', 'NAMES', 'LIST'].map((verb) => `$JS.API.CONSUMER.${verb}.${stream}`),
    `$JS.API.CONSUMER.DURABLE.CREATE.${stream}.*`,
    `$JS.ACK.${stream}.>`,
  ];
}
