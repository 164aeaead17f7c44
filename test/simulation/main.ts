// npm run simulate -- --seed N [--count M]: lives of a simulated machine, one seed each.

import { parseArgs } from 'node:util';
import { live } from './life.js';

const [first, count] = asked();
const startMs = performance.now();
let simulatedMs = 0;
for (let seed = first; seed < first + count; seed += 1) {
  // One that hangs is told by nothing else: whoever ends it knows which it was.
  if (count > 1) process.stderr.write(`\rseed ${String(seed)}`);
  const lived = await live(seed);
  simulatedMs += lived.simulatedMs;
  if (count === 1) process.stdout.write(`${JSON.stringify(lived)}\n`);
}
if (count > 1) process.stderr.write('\n');
const tookMs = performance.now() - startMs;
process.stdout.write(
  `${String(count)} lives, ${(simulatedMs / 3_600_000).toFixed(0)} simulated hours in ${(tookMs / 1_000).toFixed(1)} s (${(simulatedMs / tookMs).toFixed(0)} ×)\n`,
);

/** The first seed and how many; what is typed wrongly ends it with one line. */
function asked(): [first: number, count: number] {
  try {
    const { values } = parseArgs({
      options: { seed: { type: 'string', default: '1' }, count: { type: 'string', default: '1' } },
    });
    const [seed, lives] = [Number(values.seed), Number(values.count)];
    if (Number.isInteger(seed) && Number.isInteger(lives) && lives >= 1) return [seed, lives];
    throw new Error('--seed and --count want whole numbers');
  } catch (error) {
    process.stderr.write(`simulate: ${(error as Error).message}\n`);
    process.exit(2);
  }
}
