// The store of downloads: what was promised is there, nothing is visible under a digest that it does
// not have, and what is missing is fetched to its end.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createArtifacts } from '../../../plugin-host/artifacts/artifacts.http.js';
import { loadTrustStore } from '../../../plugin-host/artifacts/trust-store.fs.js';
import { testRun } from '../../../plugin-host/channel/hosted-run.testing.js';
import { systemClock } from '../../../runtime/clock.js';
import { createLog } from '../../../runtime/log.js';
import type { Subject } from '../subject.js';

const COUNT = 3;
const contentOf = (index: number): Buffer => Buffer.alloc(150_000, `content ${String(index)} `);
const hex = (algorithm: string, bytes: Buffer): string =>
  createHash(algorithm).update(bytes).digest('hex');

/** Fetches these from a server of its own. @returns the store's digests. */
async function fetchAll(
  directory: string,
  indexes: readonly number[],
  onDone: (index: number) => void,
): Promise<void> {
  const server = createServer((request, response) => {
    const content = contentOf(Number((request.url ?? '').slice(1)));
    const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const { byteLength } = content;
    const range = `bytes ${String(from)}-${String(byteLength - 1)}/${String(byteLength)}`;
    response.writeHead(from === 0 ? 200 : 206, {
      'content-length': byteLength - from,
      ...(from === 0 ? {} : { 'content-range': range }),
    });
    response.end(content.subarray(from));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`;
  const artifactsDir = join(directory, 'shown');
  await mkdir(artifactsDir, { recursive: true });
  const artifacts = createArtifacts({
    dir: join(directory, 'store'),
    log: createLog('power-cut', 'silent'),
    clock: systemClock,
    random: () => 0.5,
    env: {},
    secureContext: loadTrustStore({}),
    shownIn: () => [],
  });
  const operatorHosts = [new URL(url).host];
  const grants = { installRoots: [], egress: [], fetchPrefixes: [url], operatorHosts };
  const run = testRun({ workDir: directory, artifactsDir, grants });
  try {
    for (const index of indexes) {
      const content = contentOf(index);
      const digests = [{ algorithm: 'sha512', hex: hex('sha512', content) } as const];
      const sizeBytes = content.byteLength;
      const order = {
        url: `${url}${String(index)}`,
        mirrors: [],
        digests,
        sizeBytes,
        sizeBytesMax: sizeBytes,
      };
      const { signal } = new AbortController();
      await artifacts.fetch(order, run, { signal, onProgress: () => undefined });
      onDone(index);
    }
  } finally {
    artifacts.close();
    server.closeAllConnections();
    server.close();
  }
}

async function visible(directory: string, algorithm: string): Promise<string[]> {
  const names = await readdir(join(directory, 'store', algorithm)).catch(() => []);
  return names.sort();
}

export const content: Subject = {
  prepare: () => Promise.resolve(),
  write: (directory, promised) =>
    fetchAll(directory, [1, 2, 3].slice(0, COUNT), (index) => {
      promised(index);
    }),
  problems: async (directory, promised) => {
    const problems: string[] = [];
    for (const algorithm of ['sha256', 'sha512']) {
      for (const name of await visible(directory, algorithm)) {
        const bytes = await readFile(join(directory, 'store', algorithm, name));
        if (hex(algorithm, bytes) !== name) problems.push(`${algorithm}/${name} is something else`);
      }
    }
    const names = await visible(directory, 'sha256');
    for (let index = 1; index <= promised; index += 1) {
      if (!names.includes(hex('sha256', contentOf(index)))) {
        problems.push(`content ${String(index)} was promised and is gone`);
      }
    }
    if (promised < COUNT) await fetchAll(directory, [promised + 1], () => undefined);
    return problems;
  },
};
