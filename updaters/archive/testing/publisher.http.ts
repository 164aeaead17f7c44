// Makers of a program, of a test's own: versions made by hand, listed as GitHub does or in a file of
// checksums, with the files on another server.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { tarOf, type Entry } from './archives.js';

export interface Publisher {
  readonly settings: Readonly<Record<'feed' | 'files' | 'redirect' | 'asset' | 'program', string>>;
  /** "host:port" of the two servers: who lists, and who has the files. */
  readonly authorities: readonly string[];
  /** Path of each request, of both. */
  readonly requests: string[];
  /** By path: answered instead of what is right. */
  readonly instead: Map<string, Buffer | string | number>;
  /** By name; what is put here is listed, in this order. */
  readonly files: Map<string, Buffer>;
  /** A version as its makers publish it. */
  publish(version: string, script: string, more?: readonly Entry[]): Promise<void>;
  close(): Promise<void>;
}

export const FEED = '/repos/maker/tool/releases';
export const CHECKSUMS = '/SHA256SUMS';
const ASSET = 'tool-{version}-linux.tar.gz';

export async function startPublisher(): Promise<Publisher> {
  const requests: string[] = [];
  const instead = new Map<string, Buffer | string | number>();
  const files = new Map<string, Buffer>();
  const serving = (
    answer: (path: string) => Buffer | string | { readonly location: string } | undefined,
  ): Promise<Server> =>
    listening(
      createServer((request, response) => {
        const path = new URL(request.url ?? '', 'http://x').pathname;
        requests.push(path);
        const said = instead.get(path) ?? answer(path) ?? 404;
        if (typeof said === 'number') response.writeHead(said).end('API rate limit exceeded');
        else if (typeof said === 'string' || Buffer.isBuffer(said)) response.end(said);
        else response.writeHead(302, said).end();
      }),
    );
  const storage = await serving((path) => files.get(path.slice('/storage/'.length)));
  const lister: Server = await serving((path) => {
    if (path === FEED) return releases(origin(lister), files);
    if (path === CHECKSUMS) return checksums(files);
    const name = path.slice(path.lastIndexOf('/') + 1);
    return path.startsWith('/download/')
      ? { location: `${origin(storage)}/storage/${name}?signed=1` }
      : undefined;
  });
  return {
    settings: {
      feed: origin(lister) + FEED,
      files: `${origin(lister)}/download/`,
      redirect: `${origin(storage)}/storage/`,
      asset: ASSET,
      program: 'bin/tool',
    },
    authorities: [lister, storage].map((each) => new URL(origin(each)).host),
    ...{ requests, instead, files },
    publish: async (version, script, more = []) => {
      const top = `tool-${version}`;
      const tar = await tarOf([
        { name: `${top}/bin/tool`, mode: 0o755, text: `#!/bin/sh\n${script}\n` },
        { name: `${top}/README`, text: `of ${version}` },
        { name: `${top}/bin/alias`, type: 'symlink', linkname: 'tool' },
        ...more,
      ]);
      files.set(ASSET.replace('{version}', version), gzipSync(tar));
    },
    close: async () => {
      for (const server of [lister, storage]) {
        server.closeAllConnections();
        server.close();
        await once(server, 'close');
      }
    },
  };
}

async function listening(server: Server): Promise<Server> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function origin(server: Server): string {
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

function releases(url: string, files: ReadonlyMap<string, Buffer>): string {
  const list = [...files].map(([name, content]) => {
    const tag = /\d[\d.]*\d/.exec(name)?.[0] ?? '';
    return {
      tag_name: `v${tag}`,
      html_url: `${url}/releases/v${tag}`,
      prerelease: false,
      draft: false,
      assets: [
        {
          name,
          size: content.byteLength,
          digest: `sha256:${sha256(content)}`,
          browser_download_url: `${url}/download/v${tag}/${name}`,
        },
      ],
    };
  });
  return JSON.stringify(list.reverse());
}

function checksums(files: ReadonlyMap<string, Buffer>): string {
  return [...files].map(([name, content]) => `${sha256(content)}  ${name}\n`).join('');
}
