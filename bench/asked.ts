// What the command line asks for, or what is wrong with it; found before anything is measured.

import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import type { Benchmark } from './benchmark.js';

export const REPEATS = 5;
const REPEATS_MAX = 1_000;
const options = {
  json: { type: 'string' },
  repeats: { type: 'string' },
  quick: { type: 'boolean', default: false },
  trace: { type: 'string' },
  power: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;
export const usageLine =
  'npm run bench -- <name> [--json FILE] [--repeats N] [--quick] [--trace FILE] [--power FILE]';

export interface Asked {
  readonly name: string;
  readonly benchmark: Benchmark;
  readonly repeats: number;
  readonly quick: boolean;
  readonly json: string | undefined;
  readonly trace: string | undefined;
  readonly power: string | undefined;
}

/** The command line is wrong; the message says how, and what it may be. */
export class WrongUse extends Error {}

/** @returns undefined where only the usage is wanted. @throws WrongUse */
export function readAsked(
  args: readonly string[],
  benchmarks: ReadonlyMap<string, Benchmark>,
): Asked | undefined {
  const { values, positionals } = parsed(args);
  if (values.help) return undefined;
  const [name = '', ...rest] = positionals;
  const names = [...benchmarks.keys()].join(', ');
  if (name === '') throw new WrongUse(`which benchmark? ${names}`);
  if (rest.length > 0) {
    throw new WrongUse(`one benchmark at a time, not also ${rest.join(', ')}: run them in turn`);
  }
  const benchmark = benchmarks.get(name);
  if (benchmark === undefined) {
    throw new WrongUse(`no benchmark is called ${JSON.stringify(name)}; there are ${names}`);
  }
  const { json, quick, trace, power } = values;
  const repeats = Number(values.repeats ?? (quick ? benchmark.quickRepeats : REPEATS));
  if (values.repeats === '' || !Number.isInteger(repeats) || repeats < 1 || repeats > REPEATS_MAX) {
    throw new WrongUse(
      `--repeats ${values.repeats ?? ''}: wanted is a whole number from 1 to ${String(REPEATS_MAX)}`,
    );
  }
  if (trace !== undefined && benchmark.replays !== true) {
    const those = [...benchmarks].filter(([, { replays }]) => replays).map(([each]) => each);
    throw new WrongUse(`${name} replays no recording: --trace goes with ${those.join(' and ')}`);
  }
  if (power !== undefined && trace === undefined) {
    throw new WrongUse(
      '--power names the power events beside a --trace that has none: add --trace',
    );
  }
  if (json !== undefined) requirePlace(json);
  return { name, benchmark, repeats, quick, json, trace, power };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options });
  } catch (error) {
    throw new WrongUse((error as Error).message);
  }
}

/** After an hour of measuring it would be late to say so. */
function requirePlace(file: string): void {
  if (isDirectory(file)) throw new WrongUse(`--json ${file}: that is a directory; name a file`);
  const directory = dirname(file);
  if (file === '' || !isDirectory(directory)) {
    throw new WrongUse(
      file === ''
        ? '--json wants the name of a file'
        : `--json ${file}: there is no directory ${directory}; make it first, or name another file`,
    );
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
