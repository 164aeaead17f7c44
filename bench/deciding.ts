// Until bench/main.ts knows them: node dist/bench/deciding.js <name> [--trace FILE] [--power FILE]
// [--json FILE] [--repeats N] [--quick].

import { parseArgs } from 'node:util';
import { createLog } from '../runtime/log.js';
import { CloseStack } from '../runtime/shutdown.js';
import type { Benchmark } from './benchmark.js';
import { deciding } from './decide/decide.js';
import type { TraceOptions } from './errands.js';
import { overlap } from './overlap/overlap.js';
import { regret } from './regret/regret.js';
import { reportOf, writeReport } from './report.js';
import { simulate } from './simulate/simulate.js';

const benchmarks = new Map<string, Benchmark>(
  Object.entries({ overlap, regret, decide: deciding, simulate }),
);
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    trace: { type: 'string' },
    power: { type: 'string' },
    json: { type: 'string' },
    repeats: { type: 'string' },
    quick: { type: 'boolean', default: false },
  },
});
const name = positionals[0] ?? '';
const benchmark = benchmarks.get(name);
if (benchmark === undefined) throw new Error(`one of ${[...benchmarks.keys()].join(', ')}`);
const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};
const { quick, trace, power, json } = values;
const opened = new CloseStack(createLog('bench', 'warn'));
const repeats = Number(values.repeats ?? (quick ? benchmark.quickRepeats : 5));
const options: TraceOptions = { quick, repeats, say, opened, trace, power };
const at = new Date().toISOString();
const measured = await benchmark.run(options);
if (json !== undefined) say(writeReport(json, reportOf(name, at, measured), measured.samples));
await opened.close();
