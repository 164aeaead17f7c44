// What an orchestrator says to machines and to others like it, marked as its own; and how it hears what has
// come on a subject.
//
// Invariants:
//   V1. What is for orchestrators to say is not looked at where it has no mark of one: a host can have the
//       server send what it likes of a bundle, or an answer that nobody asked for.
//   V2. What cannot be read, or dealt with, is logged, and leaves no callback: the library would read
//       nothing any more from a connection whose callback threw.

import {
  headers,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
  type Subscription,
} from '@nats-io/transport-node';
import { FROM_MACHINE, FROM_ORCHESTRATOR } from '../../proto/subjects.js';
import type { Log } from '../../runtime/log.js';

/** The headers of what an orchestrator says, for more to be put beside the mark. */
export function marked(): MsgHdrs {
  const mark = headers();
  mark.set(FROM_ORCHESTRATOR, '1');
  return mark;
}

const mark = marked();

export function say(connection: NatsConnection, subject: string, message: Uint8Array): void {
  connection.publish(subject, message, { headers: mark });
}

/** Answers what was asked. Whoever asked over a connection that is closed by now asks again. */
export function reply(message: Msg, answer: Uint8Array | string, log: Log, about?: MsgHdrs): void {
  try {
    message.respond(answer, about === undefined ? {} : { headers: about });
  } catch (error) {
    log.warn({ err: error, subject: message.subject }, 'an answer could not be sent'); // V2
  }
}

/** Hears what orchestrators say (V1, V2). */
export function hearSaid(
  connection: NatsConnection,
  subject: string,
  log: Log,
  listener: (message: Msg) => void,
): Subscription {
  return hearMarked(connection, subject, FROM_ORCHESTRATOR, log, listener);
}

/** Hears what hosts say of themselves (V2): what a server sends for one has no such mark. */
export function hearHosts(
  connection: NatsConnection,
  subject: string,
  log: Log,
  listener: (message: Msg) => void,
): Subscription {
  return hearMarked(connection, subject, FROM_MACHINE, log, listener);
}

function hearMarked(
  connection: NatsConnection,
  subject: string,
  by: string,
  log: Log,
  listener: (message: Msg) => void,
): Subscription {
  return connection.subscribe(subject, {
    callback: (error, message) => {
      if (error !== null) return; // The connection's status says it, and is logged.
      try {
        if (message.headers?.has(by) === true) listener(message);
      } catch (failure) {
        log.warn({ err: failure, subject: message.subject }, 'what was said cannot be dealt with');
      }
    },
  });
}
