// A step of load: on a line, says when it begins and goes on for a moment. It computes, or, given a file,
// writes to it and waits for the disk.

import { fsyncSync, openSync, writeSync } from 'node:fs';

const SPIN_MS = 400;
const NS_PER_MS = 1_000_000n;
const [file] = process.argv.slice(2);

function once(): () => void {
  if (file === undefined) return () => undefined;
  const fd = openSync(file, 'w', 0o600);
  const block = Buffer.alloc(256 * 1_024, 1);
  return () => {
    writeSync(fd, block, 0, block.length, 0);
    fsyncSync(fd);
  };
}

const work = once();
process.stdin.on('data', () => {
  const startNs = process.hrtime.bigint();
  process.stdout.write(`${String(startNs)}\n`);
  const untilNs = startNs + BigInt(SPIN_MS) * NS_PER_MS;
  while (process.hrtime.bigint() < untilNs) work();
});
process.stdout.write('up\n');
