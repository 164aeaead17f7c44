// A Unix socket by which only so many connections come to a gRPC server at once: for callers that are not
// ours (T23). Each of them costs a descriptor, and whatever its calls are let have; and what they send
// is read piece by piece, no message in crumbs, and all together no faster than their calls are taken up: before
// its parser, to which a head of a few bytes can be the names of many kilobytes.

import { createServer } from 'node:net';
import { ServerCredentials, type Server } from '@grpc/grpc-js';
import { crumbWatch } from './crumbs.http2.js';
import { Turnstile } from './piecewise.stream.js';
import { silence, takeUp } from './talk.js';

export interface Door {
  /** Lets nobody in any more. Whoever is in stays until the server is stopped. */
  close(): void;
}

/** Listens at `path`; who comes when it is full is turned away. */
export async function openDoor(
  server: Server,
  path: string,
  connectionsMax: number,
): Promise<Door> {
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const turnstile = new Turnstile();
  let talk = silence;
  const onCall = (): void => {
    const taken = takeUp(talk, performance.now());
    talk = taken.talk;
    if (taken.waitMs > 0) turnstile.shut(taken.waitMs);
  };
  const door = createServer({ allowHalfOpen: true }, (socket) => {
    injector.injectConnection(turnstile.through(socket, crumbWatch('client', onCall)));
  });
  door.maxConnections = connectionsMax;
  await new Promise<void>((resolve, reject) => {
    door.once('error', reject);
    door.listen(path, () => {
      door.off('error', reject);
      resolve();
    });
  });
  return {
    close: () => {
      door.close();
    },
  };
}
