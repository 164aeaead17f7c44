// npm run bench -- <name>: measures Lull beside its peers or its limit, in one run on one machine.

import { createLog } from '../runtime/log.js';
import { CloseStack } from '../runtime/shutdown.js';
import { attacking } from './attack/attack.js';
import { readAsked, REPEATS, usageLine, WrongUse } from './asked.js';
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
let isEnding = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    isEnding = true;
    void opened.close().finally(() => process.exit(130));
  });
}

process.exitCode = await measure();
process.exit();

async function measure(): Promise<number> {
  try {
    const asked = readAsked(process.argv.slice(2), benchmarks);
    if (asked === undefined) {
      say(usage);
      return 0;
    }
    const { benchmark, name, json, repeats, quick, trace, power } = asked;
    if (benchmark.needsSandbox) await requireSandbox();
    say(`${name}: ${benchmark.what}`);
    if (quick) say('--quick: few samples, for a look only. These are not the figures to compare.');
    else if (repeats < REPEATS && benchmark.replays !== true) {
      say(`fewer than ${String(REPEATS)} repeats. These are not the figures to compare.`);
    }
    const at = new Date().toISOString();
    const measured = await benchmark.run({ quick, repeats, trace, power, say, opened });
    const report = reportOf(name, at, measured);
    if (json !== undefined) say(`\nwritten: ${writeReport(json, report, measured.samples)}`);
    return 0;
  } catch (error) {
    // What was closed under its hands says nothing of Lull.
    if (isEnding) return 130;
    if (error instanceof WrongUse) {
      process.stderr.write(`bench: ${error.message}\n${usageLine}\n`);
      return 2;
    }
    const { message, stack } = error as Error;
    process.stderr.write(`bench: ${error instanceof CannotRun ? message : (stack ?? message)}\n`);
    return 1;
  } finally {
    await opened.close();
  }
}
