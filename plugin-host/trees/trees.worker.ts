// The thread that does what is to be done with whole trees, one deed after the other.

import { parentPort } from 'node:worker_threads';
import { deeds, type Deed } from './deeds.fs.js';
import { failureOf, type DeedAnswer, type DeedMessage } from './message.wire.js';
import { standAt } from './pass.loop.js';

const port = parentPort;
if (port === null) throw new Error('trees.worker is to be started as a worker thread');

port.on('message', (message: DeedMessage) => {
  void answerTo(message).then((answer) => {
    port.postMessage(answer);
  });
});

async function answerTo<D extends Deed>({
  deed,
  order,
  pass,
}: DeedMessage<D>): Promise<DeedAnswer> {
  const between = (): void => {
    if (pass !== undefined) standAt(pass);
  };
  try {
    between();
    const act = deeds[deed] as (order: DeedMessage<D>['order'], between: () => void) => unknown;
    return { kind: 'done', result: await act(order, between) };
  } catch (error) {
    return failureOf(error);
  }
}
