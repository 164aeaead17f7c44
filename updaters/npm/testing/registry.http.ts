// A registry of a test's own: packages made by hand, served as npm and the updater ask for them.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';

export interface TestPackage {
  readonly name: string;
  readonly version: string;
  /** What package.json says beyond name and version. */
  readonly about?: Readonly<Record<string, unknown>>;
  readonly files: Readonly<Record<string, string>>;
}

export interface TestRegistry {
  /** With a path, as registries of organisations have. */
  readonly url: string;
  /** "host:port". */
  readonly authority: string;
  readonly requests: string[];
  /** Tarballs whose path ends like this are served with one byte changed. */
  corrupt: string | undefined;
  /** Answers everything with this status. */
  statusCode: number | undefined;
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
    else if (tarball !== undefined) response.end(served(registry, path, tarball));
    else if (versions.length === 0) response.writeHead(404).end('{}');
    else {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(documentOf(registry.url, versions, tarballs)));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const authority = `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const registry: TestRegistry = {
    url: `http://${authority}/npm/`,
    authority,
    requests: [],
    corrupt: undefined,
    statusCode: undefined,
    close: async () => {
      server.closeAllConnections();
      if (!server.listening) return;
      server.close();
      await once(server, 'close');
    },
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

function served(registry: TestRegistry, path: string, tarball: Buffer): Buffer {
  if (registry.corrupt === undefined || !path.endsWith(registry.corrupt)) return tarball;
  const changed = Buffer.from(tarball);
  changed[20] = (changed[20] ?? 0) ^ 1;
  return changed;
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
