// What an orchestrator says to machines and to others like it, marked as its own.

import { headers, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { FROM_ORCHESTRATOR } from '../../proto/subjects.js';

const mark = headers();
mark.set(FROM_ORCHESTRATOR, '1');

/** Whether an orchestrator said it. */
export function isSaid({ headers: found }: Pick<Msg, 'headers'>): boolean {
  return found?.has(FROM_ORCHESTRATOR) === true;
}

export function say(connection: NatsConnection, subject: string, message: Uint8Array): void {
  connection.publish(subject, message, { headers: mark });
}
