// P11, launch: from the grant to an updater that serves, beside `runc run` of the same bundle, with the
// configuration that Lull itself wrote, by hand.
//
//   scan with Lull ─▶ its launch is taken ─▶ repeats × (Lull, by hand, Lull, by hand …)

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Fact } from '../../harness/follow.grpc.js';
import { OperatorServiceClient } from '../../proto/gen/lull/operator/v1/operator.js';
import { pause } from '../../runtime/deadline.js';
import { dialUnix, unary } from '../../runtime/grpc.js';
import type { CloseStack } from '../../runtime/shutdown.js';
import type { Benchmark, BenchOptions, Figures, Measured } from '../benchmark.js';
import { signMany } from '../idle/registered.spawn.js';
import { enableOn, openLull } from '../lull.spawn.js';
import { median, quantile, rounded, table } from '../report.js';
import { openScratch } from '../scratch.fs.js';
import { takeLaunch } from './by-hand.spawn.js';

const PAIRS = { full: 5, quick: 3 };
const STEP_MS_MAX = 120_000;
const CALL_MS_MAX = 10_000;
const LOOK_MS = 50;
const GOAL = 1.3;
const UPDATER = 'dev.lull.bench-quiet-0';

export const launch: Benchmark = {
  what: 'from the grant to an updater that serves ÷ `runc run` of the same bundle by hand',
  quickRepeats: 1,
  needsSandbox: true,
  run: measure,
};

async function measure({ quick, repeats, say, opened }: BenchOptions): Promise<Measured> {
  const scratch = openScratch(opened);
  const { bundleFiles, policyFile } = await signMany(scratch, 1);
  const lull = await startScanning(scratch, policyFile, bundleFiles[0] ?? '', opened);
  const byHand = opened.add('by hand', takeLaunch(lull.lingering(), join(scratch, 'hand')));
  const [lullMs, handMs]: [number[], number[]] = [[], []];
  const pairs = repeats * (quick ? PAIRS.quick : PAIRS.full);
  for (let pair = 0; pair < pairs; pair += 1) {
    await lull.alone();
    handMs.push(await byHand.launch());
    lullMs.push(await lull.scan());
  }
  const ratio = rounded(median(lullMs) / median(handMs));
  const sides: [string, readonly number[]][] = [
    ['lull', lullMs],
    ['runc_by_hand', handMs],
  ];
  const rows = sides.map(([name, ms]) => [name, ...figuresOf(ms).map((each) => each.toFixed(0))]);
  say(`\n${table([['ms', 'median', 'worst'], ...rows])}`);
  say(
    'by hand: the same configuration, nice 19, idle I/O class; no token, no host service, no guard',
  );
  say(`time_ratio ${ratio.toFixed(2)}, goal ≤ ${GOAL.toFixed(2)} ${ratio <= GOAL ? 'yes' : 'NO'}`);
  const beside = Object.fromEntries(
    sides.map(([name, ms]): [string, Figures] => {
      const [middle = Number.NaN, worst = Number.NaN] = figuresOf(ms);
      return [name, { launch_ms: middle, launch_worst_ms: worst }];
    }),
  );
  return { repeats, figures: { time_ratio: ratio }, beside, samples: { lullMs, handMs } };
}

function figuresOf(samples: readonly number[]): number[] {
  return [rounded(median(samples)), rounded(quantile(samples, 1))];
}

/** A Lull with one updater that never finds anything, scanned on demand. */
async function startScanning(
  scratch: string,
  policyFile: string,
  bundleFile: string,
  opened: CloseStack,
) {
  // Like any program, so that what is compared is the work and not who goes first.
  const args = ['--priority', 'normal', '--log-level', 'warn'];
  const running = await openLull({ directory: scratch, policyFile, args }, opened);
  const operator = dialUnix(OperatorServiceClient, join(running.runDir, 'operator.sock'));
  opened.add('operator', operator);
  const follower = await enableOn(running, { bundleFile }, opened);
  const fact = (kind: string) =>
    follower.fact(kind, (each: Fact) => each.kind === kind, STEP_MS_MAX);
  const launchesDir = join(running.runDir, 's');
  await fact('run.finished');
  return {
    /** Where its last launch lies, which lingers for a moment. */
    lingering: () => join(launchesDir, readdirSync(launchesDir)[0] ?? ''),
    /** Once no launch lingers any more: the next one is launched anew. */
    alone: async () => {
      while (readdirSync(launchesDir).length > 0) await pause(LOOK_MS);
    },
    /** @returns from the grant to serving, ms. */
    scan: async () => {
      const request = { subject: UPDATER };
      await unary(operator.runNow.bind(operator), request, { deadlineMs: CALL_MS_MAX });
      const started = await fact('run.started');
      await fact('run.finished');
      return Number(started['launchMs']);
    },
  };
}
