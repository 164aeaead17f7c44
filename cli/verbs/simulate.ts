// lull simulate: a policy against a recording, without a running Lull.

import type { Command } from 'commander';
import { parseDuration } from '../commands/orders.js';
import { simulate } from '../commands/simulate.js';
import { CommandError } from '../failure.js';
import { write } from '../output.js';
import { showSimulated } from '../show/simulated.js';
import type { Here } from './here.js';

const SECONDS_MAX = 86_400;

interface Given {
  readonly trace?: string;
  readonly power?: string;
  readonly policy?: string;
  readonly work: string;
  readonly step: string;
  readonly deadline: string;
  readonly every?: string;
  readonly svg?: string;
  readonly device?: string;
}

export function addSimulate(program: Command, here: Here): void {
  program
    .command('simulate')
    .description('what a policy would have done with a recorded machine, beside others')
    .option('--trace <file>', 'a recording (CSV, also gzipped); without one: made-up people')
    .option('--power <file>', 'the power events, where the recording has the screen only')
    .option('--policy <file>', 'policy file (YAML); without one the defaults hold')
    .option('--work <seconds>', 'how long an update has to run', '600')
    .option('--step <seconds>', 'what cannot be stopped in between; 0: it can at any instant', '0')
    .option('--deadline <duration>', 'what is not done then was missed', '72h')
    .option('--every <duration>', 'one more update after each of these; without it only the first')
    .option('--svg <file>', 'draw one device')
    .option('--device <id>', 'which one')
    .action((given: Given) => {
      const simulated = simulate({
        traceFile: given.trace,
        powerFile: given.power,
        policyFile: given.policy,
        workMs: secondsOf('--work', given.work, 1) * 1_000,
        stepMs: secondsOf('--step', given.step, 0) * 1_000,
        deadlineMs: Number(parseDuration(given.deadline)),
        everyMs: given.every === undefined ? 0 : Number(parseDuration(given.every)),
        svgFile: given.svg,
        device: given.device,
      });
      write(simulated, here.json(), showSimulated);
    });
}

function secondsOf(name: string, text: string, min: number): number {
  const seconds = Number(text);
  if (Number.isInteger(seconds) && seconds >= min && seconds <= SECONDS_MAX) return seconds;
  throw new CommandError(`${name} wants ${String(min)} to ${String(SECONDS_MAX)} seconds`, 2);
}
