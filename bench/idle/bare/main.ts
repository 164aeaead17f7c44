// The limit: Node.js that waits for nothing.

setInterval(() => undefined, 2_147_483_647);
process.stdout.write('up\n');
