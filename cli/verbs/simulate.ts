// lull simulate: a policy against a recording, without a running Lull. What decides is loaded here alone.

import type { Command } from 'commander';
import { duration, wholeNumber } from '../commands/numbers.js';
import { CommandError } from '../failure.js';
import { write } from '../output.js';
import type { Here } from './here.js';

const seconds = { max: 86_400, unit: 'seconds' };
const MEGABYTES_MAX = 1_000_000;

interface Given {
  readonly trace?: string;
  readonly power?: string;
  readonly policy?: string;
  readonly work: string;
  readonly step: string;
  readonly deadline?: string;
  readonly severity?: string;
  readonly action: string;
  readonly mb?: string;
  readonly every?: string;
  readonly svg?: string;
  readonly device?: string;
}

export function addSimulate(program: Command, here: Here): void {
  program
    .command('simulate')
    .description('what a policy would have done with a recorded machine, beside others')
    .option(
      '--trace <file>',
      'what "lull record" wrote, or another recording (CSV), also gzipped; without: made-up people',
    )
    .option(
      '--power <file>',
      'the power events, where the recording has the screen only; goes with --trace',
    )
    .option('--policy <file>', 'policy file (YAML); without one the defaults hold')
    .option('--work <seconds>', 'how long an update has to run', '600')
    .option('--step <seconds>', 'what cannot be stopped in between; 0: it can at any instant', '0')
    .option('--action <action>', '"install", or "download", which asks for the network', 'install')
    .option('--mb <megabytes>', 'how much a download fetches')
    .option('--severity <severity>', 'low, moderate, important or critical')
    .option('--deadline <duration>', "the publisher's; without one policy's own deadlines hold")
    .option('--every <duration>', 'one more update after each of these; without it only the first')
    .option('--svg <file>', 'draw one device')
    .option('--device <id>', 'which one; goes with --svg')
    .action(async (given: Given) => {
      if (given.device !== undefined && given.svg === undefined) {
        throw new CommandError('--device says whom --svg draws: it wants --svg as well', 2);
      }
      if (given.power !== undefined && given.trace === undefined) {
        throw new CommandError('--power completes a recording: it wants --trace as well', 2);
      }
      const { simulate } = await import('../commands/simulate.js');
      const { showSimulated } = await import('../show/simulated.js');
      const simulated = simulate({
        traceFile: given.trace,
        powerFile: given.power,
        policyFile: given.policy,
        workMs: wholeNumber('--work', given.work, { min: 1, ...seconds }) * 1_000,
        stepMs: wholeNumber('--step', given.step, { min: 0, ...seconds }) * 1_000,
        deadlineMs: durationOf('--deadline', given.deadline),
        action: oneOf('--action', given.action, ['install', 'download']),
        bytes: given.mb === undefined ? undefined : megabytesOf(given.mb),
        severity:
          given.severity === undefined
            ? undefined
            : oneOf('--severity', given.severity, ['low', 'moderate', 'important', 'critical']),
        everyMs: durationOf('--every', given.every),
        svgFile: given.svg,
        device: given.device,
      });
      write(simulated, here.json(), (all) => showSimulated(all, here.page()));
    });
}

function durationOf(option: string, text: string | undefined): number | undefined {
  return text === undefined ? undefined : duration(option, text);
}

function megabytesOf(text: string): number {
  const megabytes = Number(text);
  if (Number.isFinite(megabytes) && megabytes >= 0 && megabytes <= MEGABYTES_MAX) {
    return Math.round(megabytes * 1_000_000);
  }
  throw new CommandError(`--mb wants 0 to ${String(MEGABYTES_MAX)} megabytes`, 2);
}

function oneOf<const T extends string>(name: string, text: string, words: readonly T[]): T {
  const word = words.find((each) => each === text);
  if (word !== undefined) return word;
  throw new CommandError(`${name} is one of ${words.join(', ')}`, 2);
}
