// A server with one file, which stops in the middle of it until it is told to go on.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HaltingSource {
  /** Of the directory that the file lies in. */
  readonly url: string;
  /** What an updater has to know to order the file. */
  readonly download: { readonly url: string; readonly sha256: string; readonly sizeBytes: number };
  /** Resolves when the first half of the file is on its way. */
  readonly halted: Promise<void>;
  /** From now on the whole file is served. */
  goOn(): void;
  close(): Promise<void>;
}

export async function startHaltingSource(content: Buffer): Promise<HaltingSource> {
  let halting = true;
  let tellHalted: () => void = () => undefined;
  const halted = new Promise<void>((resolve) => {
    tellHalted = resolve;
  });
  const server = createServer((request, response) => {
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
  const sha256 = createHash('sha256').update(content).digest('hex');
  return {
    url,
    download: { url: `${url}file`, sha256, sizeBytes: content.byteLength },
    halted,
    goOn: () => {
      halting = false;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
