// Several servers that have the keys of one fleet, as docs/operators.md says to make a cluster of them; and a
// server that is reached by its address.

import { describe, expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '../../runtime/log.js';
import { freePort, natsServerProgram } from '../../runtime/nats-server.testing.js';
import { connectNats, NatsRefusal, awaitNats } from '../../runtime/nats.js';
import { until } from '../../runtime/until.testing.js';
import { initKeys } from '../commands/keys.js';
import { startFleetServer } from './fleet.testing.js';

const SERVERS = [0, 1, 2];
const MS_MAX = 120_000;
const log = createLog('test', 'silent');
const missing = natsServerProgram === undefined ? ' (skipped: needs nats-server 2.10)' : '';
const describeHere = natsServerProgram === undefined ? describe.skip : describe;

/** What an operator adds to what `lull keys` wrote, one for each server. */
function ownConf(directory: string, index: number, ports: number[], routes: number[]): string {
  const keys = join(directory, 'keys/nats-server');
  const others = routes.map((port) => `"nats://route:secret@127.0.0.1:${String(port)}"`);
  return `
include "keys/nats-server/nats-server.conf"
server_name: nats-${String(index)}
listen: "127.0.0.1:${String(ports[index])}"
jetstream { store_dir: "${directory}/store-${String(index)}", sync_interval: always }
cluster {
  name: lull
  listen: "127.0.0.1:${String(routes[index])}"
  authorization { user: route, password: secret }
  routes: [${others.join(', ')}]
  tls {
    cert_file: "${keys}/cert.pem"
    key_file: "${keys}/key.pem"
    ca_file: "${keys}/ca.pem"
  }
}
`;
}

describeHere(`keys of a fleet${missing}`, () => {
  test(
    'three servers that have them are a cluster, over connections that are encrypted',
    async () => {
      const directory = mkdtempSync(join(tmpdir(), 'lull-kc-'));
      const running: ChildProcess[] = [];
      try {
        const wanted = [{ role: 'orchestrator', name: 'o1', serves: [] }] as const;
        const [listen, store] = ['127.0.0.1:1', join(directory, 'store')];
        const nats = { listen, store, directory: join(directory, 'keys/nats-server') };
        const options = { nats, natsNames: ['127.0.0.1'], days: 1, wanted };
        await initKeys(join(directory, 'keys'), options, Date.now());
        const ports = await Promise.all(SERVERS.map(freePort));
        const routes = await Promise.all(SERVERS.map(freePort));
        for (const index of SERVERS) {
          const file = join(directory, `${String(index)}.conf`);
          writeFileSync(file, ownConf(directory, index, ports, routes));
          mkdirSync(join(directory, `store-${String(index)}`));
          const args = ['-c', file, '-l', join(directory, `${String(index)}.log`)];
          running.push(spawn(natsServerProgram ?? '', args, { stdio: 'ignore' }));
        }
        const said = (index: number): string => {
          const file = join(directory, `${String(index)}.log`);
          return existsSync(file) ? readFileSync(file, 'utf8') : '';
        };
        await until('they agree on who leads', () =>
          SERVERS.some((index) => said(index).includes('new metadata leader')),
        );
        expect(SERVERS.map((index) => said(index)).join('')).not.toMatch(/handshake error/i);
        const mine = (name: string): string => join(directory, 'keys/orchestrator-o1', name);
        const tls = {
          caFile: mine('ca.pem'),
          certFile: mine('cert.pem'),
          keyFile: mine('key.pem'),
        };
        const [first = 0, ...others] = ports;
        const connected = await connectNats({
          url: new URL(`tls://127.0.0.1:${String(first)}`),
          alsoAt: others.map((port) => `127.0.0.1:${String(port)}`),
          ...{ name: 'o1', tls, credsFile: mine('nats.creds'), log },
        });
        expect(connected.connection.info?.cluster).toBe('lull');
        await connected.close();
      } finally {
        for (const each of running) {
          const exited = each.exitCode === null ? once(each, 'exit') : undefined;
          each.kill();
          await exited;
        }
        rmSync(directory, { recursive: true });
      }
    },
    MS_MAX,
  );

  test('a server whose certificate has an address and no name is reached by that, and by nothing else', async () => {
    const fleet = await startFleetServer(['host:h1'], ['127.0.0.1']);
    try {
      const nats = await fleet.connect('host-h1');
      expect(nats.connection.isClosed()).toBe(false);
      const { port } = fleet.server.url;
      const misled = { ...fleet.optionsOf('host-h1'), url: new URL(`tls://localhost:${port}`) };
      await expect(awaitNats(misled, new AbortController().signal)).rejects.toThrow(NatsRefusal);
    } finally {
      await fleet.close();
    }
  });
});
