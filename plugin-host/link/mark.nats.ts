// The mark of what a host says of itself, on whatever subject of its own: orchestrators hear nothing else there.

import { headers, type MsgHdrs } from '@nats-io/transport-node';
import { FROM_MACHINE } from '../../proto/subjects.js';

/** New each time: JetStream's client puts more beside it. */
export function markOfMachine(): MsgHdrs {
  const mark = headers();
  mark.set(FROM_MACHINE, '1');
  return mark;
}
