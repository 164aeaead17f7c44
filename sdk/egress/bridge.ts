// The host's proxy on a loopback port, for tools that know proxies only as URLs.
//
// The port is open to whatever runs in the same network namespace; in the sandbox that is the
// updater alone.

import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { fail } from '../failure.js';

const CONNECTIONS_MAX = 64;

export interface EgressBridge {
  /** For example "http://127.0.0.1:41234". */
  readonly url: string;
  close(): Promise<void>;
}

/** @throws UpdaterFailure GRANT_MISSING when no egress was granted. */
export async function openEgressBridge(egressSocket: string | undefined): Promise<EgressBridge> {
  if (egressSocket === undefined) throw fail('GRANT_MISSING', 'no egress was granted');
  const open = new Set<Socket>();
  const server = createServer((inner) => {
    const outer = connect(egressSocket);
    for (const [end, other] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      open.add(end);
      end.pipe(other);
      // One end that broke or closed leaves nothing for the other to wait for.
      end.once('error', () => other.destroy());
      end.once('close', () => {
        open.delete(end);
        other.destroy();
      });
    }
  });
  server.maxConnections = CONNECTIONS_MAX;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    server.close();
    for (const socket of open) socket.destroy();
    await once(server, 'close');
  };
  return {
    url: `http://127.0.0.1:${String(port)}`,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}
