// The server that both sides download from, in a process of its own:
//
//   node main.js SIZE_BYTES COUNT
//
// Prints its URL and the digests of everything that it has, as JSON. A gate is answered when its name
// comes in on stdin: so the two sides take turns.

import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { blocksOf, pieceOf } from '../content.js';

const GATE_BYTES = 32;
const [fileBytes = 0, count = 0] = process.argv.slice(2).map(Number);
const open = new Set<string>();
const waiting = new Map<string, ServerResponse>();

function send(name: string, response: ServerResponse): void {
  const sizeBytes = name.startsWith('gate-') ? GATE_BYTES : fileBytes;
  response.writeHead(200, { 'content-length': sizeBytes });
  // Objects, not one buffer: pieces are sent as they are made.
  Readable.from(blocksOf(name, sizeBytes)).pipe(response);
}

const server = createServer((request, response) => {
  const name = (request.url ?? '/').slice(1);
  if (name.startsWith('gate-') && !open.has(name)) waiting.set(name, response);
  else send(name, response);
});
createInterface({ input: process.stdin }).on('line', (name) => {
  open.add(name);
  const response = waiting.get(name);
  if (response !== undefined) send(name, response);
});
server.listen(0, '127.0.0.1', () => {
  const numbers = Array.from({ length: count }, (_, n) => String(n));
  const { port } = server.address() as AddressInfo;
  const said = {
    url: `http://127.0.0.1:${String(port)}/`,
    gates: numbers.map((n) => pieceOf(`gate-${n}`, GATE_BYTES)),
    files: numbers.map((n) => pieceOf(`file-${n}`, fileBytes)),
  };
  process.stdout.write(`${JSON.stringify(said)}\n`);
});
