// What the canary is led to: a port and sockets of the host's own that nobody may reach from inside,
// and directories for its launch.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chown, copyFile, mkdir, rm } from 'node:fs/promises';
import {
  createServer,
  type AddressInfo,
  type ListenOptions,
  type Server,
  type Socket,
} from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Far more than a canary that came needs to say so. */
const VISIT_MS_MAX = 5_000;

const canaryFile = fileURLToPath(new URL('./canary/main.js', import.meta.url));

export interface Bait {
  readonly bundleDir: string;
  readonly workDir: string;
  readonly artifactsDir: string;
  readonly port: number;
  readonly sockets: readonly string[];
  /**
   * What only the canary can say here. A port of a machine is come to by others as well: by who looks for
   * a server that was there before, or at every port that there is.
   */
  readonly word: string;
  /** Whether the canary came, by what the host itself saw. */
  visited(): boolean;
  close(): Promise<void>;
}

/** @param dir made by this function, and removed by `close`. */
export async function layBait(dir: string, uid: number): Promise<Bait> {
  const [bundleDir, workDir] = [join(dir, 'bundle'), workDirOf(dir)];
  const artifactsDir = join(dir, 'artifacts');
  await rm(dir, { recursive: true, force: true });
  for (const each of [bundleDir, workDir, artifactsDir]) await mkdir(each, { recursive: true });
  await chown(workDir, uid, uid);
  // Outside of Lull's own tree nothing says that a .js file is a module.
  await copyFile(canaryFile, join(bundleDir, 'main.mjs'));
  const sockets = [join(dir, 'h.sock'), `\0lull-canary-${randomBytes(8).toString('hex')}`];
  const servers: Server[] = [];
  const word = randomBytes(16).toString('hex');
  const visitors = new Set<Socket>();
  let visited = false;
  const listen = async (where: ListenOptions): Promise<Server> => {
    const server = createServer((socket) => {
      let said = '';
      visitors.add(socket);
      socket.setEncoding('latin1').on('data', (chunk: string) => {
        said += chunk;
        visited ||= said === word;
        if (said.length >= word.length) socket.destroy();
      });
      socket.on('error', () => undefined);
      socket.on('close', () => visitors.delete(socket));
      socket.setTimeout(VISIT_MS_MAX, () => socket.destroy());
    });
    servers.push(server);
    server.listen(where);
    await once(server, 'listening');
    return server;
  };
  const close = async (): Promise<void> => {
    for (const server of servers) server.close();
    for (const visitor of visitors) visitor.destroy();
    await rm(dir, { recursive: true, force: true });
  };
  try {
    const server = await listen({ port: 0, host: '127.0.0.1' });
    for (const path of sockets) await listen({ path });
    const { port } = server.address() as AddressInfo;
    return { bundleDir, workDir, artifactsDir, port, sockets, word, visited: () => visited, close };
  } catch (error) {
    await close();
    throw error;
  }
}

export function workDirOf(dir: string): string {
  return join(dir, 'work');
}
