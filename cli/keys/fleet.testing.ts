// A nats-server that knows only what `lull keys` made, and connections of its holders.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '../../runtime/log.js';
import { connectNats, type Nats, type NatsOptions } from '../../runtime/nats.js';
import { startNatsServer, type NatsServerUnderTest } from '../../runtime/nats-server.testing.js';
import type { Role } from '../../orchestrator/trust/caller.js';
import { initKeys } from '../commands/keys.js';

export interface FleetUnderTest {
  readonly dir: string;
  readonly server: NatsServerUnderTest;
  /** What a holder connects with. */
  optionsOf(holder: string): NatsOptions;
  connect(holder: string): Promise<Nats>;
  close(): Promise<void>;
}

/** The same port, at another address of this machine. */
export function healthOf(port: number | string): string {
  return `127.0.0.2:${String(port)}`;
}

/** @param wanted "orchestrator:o1", "host:h1" … */
export async function startFleetServer(
  wanted: readonly string[],
  natsNames: readonly string[] = ['127.0.0.1', 'localhost'],
): Promise<FleetUnderTest> {
  const directory = mkdtempSync(join(tmpdir(), 'lull-keys-'));
  const dir = join(directory, 'keys');
  const server = await startNatsServer({
    directory,
    configure: async (port) => {
      const listen = `127.0.0.1:${String(port)}`;
      const place = {
        ...{ listen, directory: join(dir, 'nats-server'), store: join(directory, 'js') },
        health: healthOf(port),
      };
      await initKeys(
        dir,
        {
          ...{ nats: place, natsNames, days: 365 },
          wanted: wanted.map((each) => {
            const [role = '', name = ''] = each.split(':');
            return { role: role as Role, name, serves: [] };
          }),
        },
        Date.now(),
      );
      return join(dir, 'nats-server', 'nats-server.conf');
    },
  });
  const opened: Nats[] = [];
  const optionsOf = (holder: string): NatsOptions => {
    const file = (name: string): string => join(dir, holder, name);
    const tls = { caFile: file('ca.pem'), certFile: file('cert.pem'), keyFile: file('key.pem') };
    const url = new URL(`tls://${server.url.host}`);
    return {
      ...{ url, name: holder, tls, credsFile: file('nats.creds') },
      log: createLog('test', 'error'),
    };
  };
  return {
    dir,
    server,
    optionsOf,
    connect: async (holder) => {
      const nats = await connectNats(optionsOf(holder));
      opened.push(nats);
      return nats;
    },
    close: async () => {
      for (const nats of opened) await nats.close();
      await server.close();
      rmSync(directory, { recursive: true });
    },
  };
}
