// npm run bench -- <name>: measures Lull beside its peers or its limit, in one run on one machine.

import { parseArgs } from 'node:util';
import { createLog } from '../runtime/log.js';
import { CloseStack } from '../runtime/shutdown.js';
import { attacking } from './attack/attack.js';
import { CannotRun, type Benchmark } from './benchmark.js';
import { deciding } from './decide/decide.js';
import { fetching } from './fetch/fetch.js';
import { fleet } from './fleet/fleet.js';
import { foreground } from './foreground/foreground.js';
import { idle } from './idle/idle.js';
import { journaling } from './journal/journal.js';
import { launch } from './launch/launch.js';
import { overhead } from './overhead/overhead.js';
import { overlap } from './overlap/overlap.js';
import { reaction } from './reaction/reaction.js';
import { regret } from './regret/regret.js';
import { requireSandbox } from './sandbox.spawn.js';
import { reportOf, writeReport } from './report.js';
import { sensing } from './sensing/sensing.js';
import { simulate } from './simulate/simulate.js';

const benchmarks: ReadonlyMap<string, Benchmark> = new Map([
  ['reaction', reaction],
  ['overhead', overhead],
  ['launch', launch],
  ['fetch', fetching],
  ['foreground', foreground],
  ['attack', attacking],
  ['idle', idle],
  ['sensing', sensing],
  ['overlap', overlap],
  ['regret', regret],
  ['journal', journaling],
  ['fleet', fleet],
  ['decide', deciding],
  ['simulate', simulate],
]);
const REPEATS = 5;
const REPEATS_MAX = 1_000;
const usageLine =
  'npm run bench -- <name> [--json FILE] [--repeats N] [--quick] [--trace FILE] [--power FILE]';
const usage = [
  usageLine,
  'benchmarks:',
  ...[...benchmarks].map(([name, { what }]) => `  ${name.padEnd(10)} ${what}`),
].join('\n');

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};
const opened = new CloseStack(createLog('bench', 'warn'));
// Every closer has an end. npm hands on the Ctrl-C that its child has had already: the second signal
// must not cut short what the first one began.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    void opened.close().finally(() => process.exit(130));
  });
}

process.exitCode = await measure();
process.exit();

async function measure(): Promise<number> {
  const asked = read();
  if (asked === undefined) {
    say(usage);
    return 0;
  }
  if (typeof asked === 'string') {
    process.stderr.write(`${asked}\n`);
    return 2;
  }
  const { benchmark, name, json, ...options } = asked;
  try {
    if (benchmark.needsSandbox) await requireSandbox();
    say(`${name}: ${benchmark.what}`);
    if (options.quick)
      say('--quick: few samples, for a look only. These are not the figures to compare.');
    const at = new Date().toISOString();
    const measured = await benchmark.run({ ...options, say, opened });
    const report = reportOf(name, at, measured);
    if (json !== undefined) say(`\nwritten: ${writeReport(json, report, measured.samples)}`);
    return 0;
  } catch (error) {
    const { message, stack } = error as Error;
    process.stderr.write(`bench: ${error instanceof CannotRun ? message : (stack ?? message)}\n`);
    return 1;
  } finally {
    await opened.close();
  }
}

/** @returns what to measure, what is wrong with the command line, or undefined: only the usage is wanted. */
function read() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        json: { type: 'string' },
        repeats: { type: 'string' },
        quick: { type: 'boolean', default: false },
        trace: { type: 'string' },
        power: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) return undefined;
    const [name = '', ...rest] = positionals;
    const benchmark = benchmarks.get(name);
    if (benchmark === undefined || rest.length > 0) return usage;
    const { json, quick, trace, power } = values;
    const repeats = Number(values.repeats ?? (quick ? benchmark.quickRepeats : REPEATS));
    if (!Number.isInteger(repeats) || repeats < 1 || repeats > REPEATS_MAX) {
      return `--repeats wants a number from 1 to ${String(REPEATS_MAX)}\n${usageLine}`;
    }
    return { benchmark, name, json, quick, repeats, trace, power };
  } catch (error) {
    return `${(error as Error).message}\n${usage}`;
  }
}
