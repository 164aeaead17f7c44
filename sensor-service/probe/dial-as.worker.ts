// The child of `dialAs`: gives up root for good, connects, hands the socket to its parent, and ends.

import { connect } from 'node:net';

/** Owns no files: the bus looks at the user alone. */
const NO_GROUP = 65_534;

const [path = '', uid = ''] = process.argv.slice(2);

function answer(
  ...said: [code: string] | [code: string, socket: ReturnType<typeof connect>]
): void {
  const [code, socket] = said;
  process.send?.(code, socket, {}, () => {
    process.disconnect();
  });
}

process.setgroups?.([]);
process.setgid?.(NO_GROUP);
process.setuid?.(Number(uid));
const socket = connect(path);
socket.once('connect', () => {
  answer('', socket);
});
socket.once('error', (error: NodeJS.ErrnoException) => {
  answer(error.code ?? 'EIO');
});
