// What an orchestrator says to machines, marked as its own.

import { headers, type NatsConnection } from '@nats-io/transport-node';
import { FROM_ORCHESTRATOR } from '../../proto/subjects.js';

const mark = headers();
mark.set(FROM_ORCHESTRATOR, '1');

export function say(connection: NatsConnection, subject: string, message: Uint8Array): void {
  connection.publish(subject, message, { headers: mark });
}
