// A probe that asks a program of the system, where there is no file to read and no bus to listen to.
// Each question starts a process, so that it is asked seldom.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Value } from '../../conditions/reading.js';
import { machineWide, measurement, unknownValue } from '../reading/measurement.js';
import type { Signal } from '../../conditions/reading.js';
import type { Probe } from './probe.js';

const EVERY_MS = 10_000;
/** Less than a round waits for a probe. */
const ANSWER_MS_MAX = 400;
const OUTPUT_BYTES_MAX = 1024 * 1024;

const run = promisify(execFile);

interface CommandDeps {
  readonly command: readonly [program: string, ...args: string[]];
  /** What each signal is, by what the program printed. */
  readonly parse: Readonly<Partial<Record<Signal, (text: string) => Value>>>;
  /** What else is made of it; undefined: it did not answer, and why. */
  readonly take?: (text: string | undefined, why: string) => void;
}

export function commandProbe({ command, parse, take }: CommandDeps): Probe {
  const [program, ...args] = command;
  const name = command.join(' ');
  const parsers = Object.entries(parse) as [Signal, (text: string) => Value][];
  return {
    name,
    subjects: parsers.map(([signal]) => machineWide(signal)),
    everyMs: EVERY_MS,
    measure: async () => {
      let text: string | undefined;
      let why = '';
      try {
        const options = { timeout: ANSWER_MS_MAX, maxBuffer: OUTPUT_BYTES_MAX };
        text = (await run(program, args, options)).stdout;
      } catch (error) {
        why = `${program} did not answer: ${(error as Error).message.split('\n', 1)[0] ?? ''}`;
      }
      take?.(text, why);
      return parsers.map(([signal, valueOf]) =>
        measurement(signal, name, text === undefined ? unknownValue(why) : valueOf(text)),
      );
    },
  };
}
