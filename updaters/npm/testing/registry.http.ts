// A registry of a test's own: packages made by hand, served as npm and the updater ask for them, and
// misbehaving as told.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { serveTarball, type Fault } from './tarball.http.js';

export interface TestPackage {
  readonly name: string;
  readonly version: string;
  /** What package.json says beyond name and version. */
  readonly about?: Readonly<Record<string, unknown>>;
  readonly files: Readonly<Record<string, string>>;
}

interface Served {
  readonly path: string;
  readonly from: number;
  sentBytes: number;
  /** The connection was closed, or everything was sent. */
  over: boolean;
}

export interface TestRegistry {
  /** With a path, as registries of organisations have. */
  readonly url: string;
  /** "host:port". */
  readonly authority: string;
  /** The paths of what was asked for. */
  readonly requests: string[];
  /** Of tarballs: where each request wanted to begin, and how many bytes were sent for it. */
  readonly served: Served[];
  /** As they are right, by path. */
  readonly tarballs: ReadonlyMap<string, Buffer>;
  /** What is wrong with the tarballs whose path ends like this. */
  readonly faults: Map<string, Fault>;
  /** How fast tarballs are sent; undefined: as fast as they are read. */
  tarballBytesPerS: number | undefined;
  /** Answers everything with this status. */
  statusCode: number | undefined;
  /** Nobody listens at its address from now on. */
  goDown(): Promise<void>;
  /** Listens there again. */
  comeBack(): Promise<void>;
  close(): Promise<void>;
}

export async function startTestRegistry(packages: readonly TestPackage[]): Promise<TestRegistry> {
  const tarballs = new Map<string, Buffer>();
  for (const each of packages) tarballs.set(tarballPath(each), await tarballOf(each));
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '').replace('/npm/', '');
    registry.requests.push(path);
    const tarball = tarballs.get(path);
    const versions = packages.filter(({ name }) => name === path);
    if (registry.statusCode !== undefined) response.writeHead(registry.statusCode).end();
    else if (tarball !== undefined) serveTarball(registry, path, tarball, request, response);
    else if (versions.length === 0) response.writeHead(404).end('{}');
    else sendDocument(response, documentOf(registry.url, versions, tarballs));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const authority = `127.0.0.1:${String(port)}`;
  const goDown = async (): Promise<void> => {
    server.closeAllConnections();
    if (!server.listening) return;
    server.close();
    await once(server, 'close');
  };
  const registry: TestRegistry = {
    url: `http://${authority}/npm/`,
    authority,
    requests: [],
    served: [],
    tarballs,
    faults: new Map(),
    tarballBytesPerS: undefined,
    statusCode: undefined,
    goDown,
    comeBack: async () => {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
    close: goDown,
  };
  return registry;
}

function tarballPath({ name, version }: TestPackage): string {
  return `${name}/-/${name.replace(/^.*\//, '')}-${version}.tgz`;
}

function packageJson({ name, version, about }: TestPackage): Record<string, unknown> {
  return { name, version, ...about };
}

async function tarballOf(each: TestPackage): Promise<Buffer> {
  const archive = pack();
  const bytes = buffer(archive);
  const files = { ...each.files, 'package.json': JSON.stringify(packageJson(each)) };
  for (const [path, text] of Object.entries(files)) {
    archive.entry({ name: `package/${path}`, mtime: new Date(0) }, text);
  }
  archive.finalize();
  return gzipSync(await bytes);
}

function sendDocument(response: ServerResponse, document: unknown): void {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(document));
}

/** The last version that was given is the latest. */
function documentOf(
  url: string,
  versions: readonly TestPackage[],
  tarballs: ReadonlyMap<string, Buffer>,
): unknown {
  return {
    name: versions[0]?.name,
    'dist-tags': { latest: versions.at(-1)?.version },
    versions: Object.fromEntries(
      versions.map((each) => {
        const path = tarballPath(each);
        const content = tarballs.get(path) ?? Buffer.alloc(0);
        const dist = {
          tarball: url + path,
          integrity: `sha512-${createHash('sha512').update(content).digest('base64')}`,
          unpackedSize: 1_000,
        };
        return [each.version, { ...packageJson(each), dist }];
      }),
    ),
  };
}
