// A server of files that stops in the middle of one until it is told to go on.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What an updater has to know to order a file. */
export interface ServedFile {
  readonly url: string;
  readonly sha256: string;
  readonly sizeBytes: number;
}

export interface HaltingSource {
  /** Of the directory that the files lie in. */
  readonly url: string;
  file(path: string): ServedFile;
  /** Whether the next file stops half-way; at first it does. */
  halt(halting: boolean): void;
  /** Resolves when the first half of a file is on its way since the last `halt`. */
  halted(): Promise<void>;
  /** From now on whole files are served. */
  goOn(): void;
  close(): Promise<void>;
}

/** @param contentOf of the file at this path; the same at every call. */
export async function startHaltingSource(
  contentOf: (path: string) => Buffer,
): Promise<HaltingSource> {
  let halting = true;
  let tellHalted: () => void = () => undefined;
  let halted = new Promise<void>((resolve) => {
    tellHalted = resolve;
  });
  const server = createServer((request, response) => {
    const content = contentOf((request.url ?? '/').slice(1));
    const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const rest = content.subarray(from);
    const last = content.byteLength - 1;
    response.writeHead(from === 0 ? 200 : 206, {
      'content-length': rest.byteLength,
      etag: '"1"',
      ...(from === 0
        ? {}
        : {
            'content-range': `bytes ${String(from)}-${String(last)}/${String(content.byteLength)}`,
          }),
    });
    if (!halting) {
      response.end(rest);
      return;
    }
    response.write(rest.subarray(0, rest.byteLength / 2), () => {
      tellHalted();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`;
  return {
    url,
    file: (path) => {
      const content = contentOf(path);
      const sha256 = createHash('sha256').update(content).digest('hex');
      return { url: `${url}${path}`, sha256, sizeBytes: content.byteLength };
    },
    halt: (next) => {
      halting = next;
      halted = new Promise((resolve) => {
        tellHalted = resolve;
      });
    },
    halted: () => halted,
    goOn: () => {
      halting = false;
      // Who waits for the rest of a half asks again.
      server.closeAllConnections();
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
