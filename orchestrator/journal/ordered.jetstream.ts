// Reading the stream of journals in order, through a consumer that the server lets go of when nobody asks.

import type { Consumer, JetStreamClient, OrderedConsumerOptions } from '@nats-io/jetstream';
import { askBeside } from '../../runtime/beside.js';
import { STREAM } from './stream.jetstream.js';

/** A cluster may lay it on a server that died a moment ago, and then nobody answers; the next one lies elsewhere. */
export function orderedConsumer(
  js: JetStreamClient,
  options: Partial<OrderedConsumerOptions>,
): Promise<Consumer> {
  // The library writes a name into what it is given.
  const ask = (): Promise<Consumer> => js.consumers.get(STREAM, { ...options });
  return askBeside('a consumer of the journals', ask, (late) => late.delete());
}
