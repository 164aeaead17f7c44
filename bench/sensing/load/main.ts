// A step of CPU load: on a line, says when it begins and computes for a moment.

const SPIN_MS = 400;
const NS_PER_MS = 1_000_000n;

process.stdin.on('data', () => {
  const startNs = process.hrtime.bigint();
  process.stdout.write(`${String(startNs)}\n`);
  const untilNs = startNs + BigInt(SPIN_MS) * NS_PER_MS;
  while (process.hrtime.bigint() < untilNs);
});
process.stdout.write('up\n');
