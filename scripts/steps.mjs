// What setup and check have in common: running a program as a step, and finding files and programs.

import { spawn } from 'node:child_process';
import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

/** Enough of a failing program's output to see why; more would hide it. */
const OUTPUT_CHARS_MAX = 60_000;
/** Never entered: not sources, or not ours. */
const skipped = new Set(['node_modules', '.git', 'gen', 'dist']);

/**
 * Runs a program to its end, without input. `output` is both streams, its tail when it is long.
 * @returns {Promise<{ok: boolean, output: string, tookMs: number}>}
 */
export function run(command, { cwd = '.', env = process.env } = {}) {
  const startedAtMs = performance.now();
  return new Promise((resolve) => {
    const child = spawn(command[0], command.slice(1), {
      cwd: join(root, cwd),
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const keep = (text) => {
      output = (output + text).slice(-OUTPUT_CHARS_MAX);
    };
    const settle = (ok) => {
      resolve({ ok, output, tookMs: performance.now() - startedAtMs });
    };
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    child.once('error', (error) => {
      keep(`${error.message}\n`);
      settle(false);
    });
    child.once('close', (code) => {
      settle(code === 0);
    });
  });
}

/** Runs a step of set-up with a line of progress. Throws a StepError when it fails. */
export async function runStep(title, command, options) {
  if (!options.quiet) process.stderr.write(`▸ ${title} …`);
  const { ok, output, tookMs } = await run(command, options);
  if (!options.quiet) process.stderr.write(` ${ok ? seconds(tookMs) : 'failed'}\n`);
  if (!ok) throw new StepError(title, output);
}

class StepError extends Error {
  constructor(title, output) {
    super(`${title} failed`);
    this.output = output;
  }
}

/** Prints a step's output and that it failed; rethrows what is not a step's failure. */
export function reportFailure(error) {
  if (!(error instanceof StepError)) throw error;
  process.stderr.write(`${error.output.trimEnd()}\n✗ ${error.message}\n`);
}

export function seconds(ms) {
  return ms < 10_000 ? `${(ms / 1_000).toFixed(1)} s` : `${(ms / 1_000).toFixed(0)} s`;
}

/** Paths below `directory`, relative to the root, that `wanted` says yes to. */
export function filesBelow(directory, wanted) {
  const found = [];
  for (const entry of readdirSync(join(root, directory), { withFileTypes: true })) {
    const path = directory === '.' ? entry.name : `${directory}/${entry.name}`;
    if (entry.isDirectory() && !skipped.has(entry.name)) found.push(...filesBelow(path, wanted));
    else if (entry.isFile() && wanted(path)) found.push(path);
  }
  return found;
}

/** Of a file, relative to the root: another one when it was written anew. Undefined where there is none. */
export function lookOf(path) {
  const file = statSync(join(root, path), { throwIfNoEntry: false });
  return file === undefined ? undefined : `${file.size} ${file.mtimeMs}`;
}

/** Where a program is, also when the directories of root's programs are not on PATH. */
export function findProgram(name) {
  const directories = (process.env.PATH ?? '').split(':');
  for (const directory of [...directories, '/usr/local/sbin', '/usr/sbin', '/sbin']) {
    if (directory === '') continue;
    const path = join(directory, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not here; the next directory may have it.
    }
  }
  return undefined;
}
