// Reading the stream of journals in order, through a consumer that the server lets go of when nobody asks.

import type { Consumer, JetStreamClient, OrderedConsumerOptions } from '@nats-io/jetstream';
import { within } from '../../runtime/deadline.js';
import { STREAM } from './stream.jetstream.js';

const FIRST_MS_MAX = 750;
const MS_MAX = 20_000;

/**
 * A cluster may lay it on a server that died a moment ago, and then nobody answers; the next one lies elsewhere.
 * A server that is slow is given more time each time.
 * @param tries counted from 1.
 */
export function orderedConsumer(
  js: JetStreamClient,
  options: Partial<OrderedConsumerOptions>,
  tries: number,
): Promise<Consumer> {
  const afterMs = Math.min(FIRST_MS_MAX * 2 ** (tries - 1), MS_MAX);
  return within(js.consumers.get(STREAM, options), afterMs, 'a consumer of the journals');
}
