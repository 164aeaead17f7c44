// The doors of the API: a socket for whoever owns it, and TCP for whoever has a certificate.

import { join } from 'node:path';
import type { Server } from '@grpc/grpc-js';
import { serveUnix, tooMany } from '../../runtime/grpc.js';
import type { Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import { CloseStack, type Closeable } from '../../runtime/shutdown.js';
import { takeTurns } from '../../runtime/turns.grpc.js';
import { looksOnly } from './roles.js';
import { serveTcp } from '../../runtime/tcp.grpc.js';
import { byCertificate, byOwnership, type CallerOf } from '../trust/caller.grpc.js';
import { clientIn } from '../trust/caller.js';
import { admission } from './admission.fs.js';

/** Where operators and vendors call over TCP, and the directory of what is shown to them. */
export interface Listen {
  readonly address: string;
  readonly tlsDir: string;
}

/** Only the owner of the socket's directory talks to the orchestrator. */
export const SOCKET_MODE = 0o600;

/** @param register what is served to callers who are known that way. */
export async function serveApi(
  {
    runDir,
    listen,
    ...deps
  }: { runDir: string; listen: Listen | undefined; clock: Clock; log: Log },
  register: (callerOf: CallerOf) => (server: Server) => void,
): Promise<Closeable> {
  const { clock, log } = deps;
  const opened = new CloseStack(log);
  // One after the other, by whichever door they come.
  const turns = takeTurns(looksOnly, tooMany);
  try {
    const path = join(runDir, 'operator.sock');
    const mode = SOCKET_MODE;
    opened.add(
      'socket',
      await serveUnix({ path, mode, log, turns, register: register(byOwnership) }),
    );
    if (listen === undefined) return opened;
    const { address, tlsDir: directory } = listen;
    const served = {
      address,
      directory,
      refuse: admission(directory, clock),
      clientOf: clientIn,
      turns,
    };
    const tcp = await serveTcp({ ...served, ...deps, register: register(byCertificate) });
    log.info({ address, port: opened.add('TCP', tcp).port }, 'operators and vendors may call');
    return opened;
  } catch (error) {
    await opened.close();
    throw error;
  }
}
