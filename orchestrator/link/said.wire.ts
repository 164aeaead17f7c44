// What came on a machine's subject, and whether it is that machine's to say (H3 of hosts.nats.ts).

import { Up, type AttachRequest } from '../../proto/gen/lull/link/v1/link.js';
import { FROM_MACHINE, isSubjectName, partitionOf } from '../../proto/subjects.js';
import { isInstanceName } from './host-session.loop.js';

export interface Said {
  readonly hostId: string;
  readonly up: Up;
  readonly kind: NonNullable<AttachRequest['kind']>;
}

/** As a server delivers it. */
interface Delivered {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers?: { has(name: string): boolean } | undefined;
}

/** @returns why it is not heard, in words for the log, instead of what was said. */
export function saidIn(partition: string, { subject, data, headers }: Delivered): Said | string {
  if (headers?.has(FROM_MACHINE) !== true) return 'a server said it for somebody, and no host';
  const hostId = hostOf(subject);
  const up = decoded(data);
  const kind = up?.message?.kind;
  if (up === undefined || kind === undefined) return 'a host said what cannot be read';
  if (!isSubjectName(hostId)) return 'a host has a name that is none';
  if (!isInstanceName(up.instanceId)) return 'a host has a name for its instance that is too long';
  if (partitionOf(hostId) !== partition) return 'a host speaks where it does not belong';
  if (kind.$case === 'hello') {
    const { hostId: claimed, instanceId } = kind.value;
    if (claimed !== hostId || instanceId !== up.instanceId)
      return 'a host claims the name of another';
  }
  return { hostId, up, kind };
}

export function hostOf(subject: string): string {
  return subject.split('.').at(-1) ?? '';
}

function decoded(data: Uint8Array): Up | undefined {
  try {
    return Up.decode(data);
  } catch {
    return undefined; // Told by whoever asked.
  }
}
