// Asks QEMU for what is done to a machine from outside: its protocol, a line of JSON each way.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { within } from '../../runtime/deadline.js';

const ANSWER_MS_MAX = 20_000;

export interface Qmp {
  /** @returns what it answers. @throws what it refuses. */
  ask(command: string, args?: Readonly<Record<string, unknown>>): Promise<unknown>;
  close(): void;
}

interface Said {
  readonly QMP?: unknown;
  readonly return?: unknown;
  readonly error?: { readonly desc: string };
}

/** @throws where nobody listens there. */
export async function openQmp(path: string): Promise<Qmp> {
  const socket: Socket = connect(path);
  await within(once(socket, 'connect'), ANSWER_MS_MAX, 'QEMU');
  // Whoever cuts the power ends this with it.
  socket.on('error', () => undefined);
  const lines: AsyncIterator<string, undefined> = createInterface({ input: socket })[
    Symbol.asyncIterator
  ]();
  /** The next line that is an answer: what merely happens is told in between. */
  const answer = async (): Promise<Said> => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) throw new Error('QEMU has ended');
      const said = JSON.parse(value) as Said;
      if ('return' in said || 'error' in said || 'QMP' in said) return said;
    }
  };
  const ask: Qmp['ask'] = async (command, args = {}) => {
    socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
    const said = await within(answer(), ANSWER_MS_MAX, `QEMU (${command})`);
    if (said.error !== undefined) throw new Error(`${command}: ${said.error.desc}`);
    return said.return;
  };
  await within(answer(), ANSWER_MS_MAX, 'QEMU');
  await ask('qmp_capabilities');
  return {
    ask,
    close: () => {
      socket.destroy();
    },
  };
}
