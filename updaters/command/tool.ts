// The tool as a scan or an action calls it: with a way to the network, its directories and its environment.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openEgressBridge } from '../../sdk/egress/bridge.js';
import { fail } from '../../sdk/failure.js';
import type { Call } from '../../sdk/updater.js';
import { verdictOf, type Verdict } from './ending.js';
import { offersOf, type Offers, type ToolAction } from './offers.js';
import { plain } from './plain.js';
import { environmentOf, pathInSandbox, type Attempt } from './surroundings.js';
import { runTool } from './tool.spawn.js';

/** The root, as the manifest names it. */
export const ROOT = 'root';
const OFFERS_MS_MAX = 10_000;
const OFFERS_BYTES_MAX = 64 * 1024;
/** Of its last words, what Lull keeps with a run. */
const LAST_WORDS_BYTES_MAX = 2 * 1024;
const LINE_CHARS_MAX = 1_000;

interface Asking {
  readonly bytesMax: number;
  /** Without it, the host's limit on the run is the only one. */
  readonly awakeMsMax?: number;
  readonly onStdout: (chunk: Buffer) => void;
}

export interface Tool {
  readonly offers: Offers;
  run(args: readonly [ToolAction | 'scan', ...string[]], asking: Asking): Promise<Verdict>;
}

/**
 * Asks the tool what it offers, and then works with it.
 * @param warn hears what an operator should know and what is no failure.
 */
export async function withTool<T>(
  call: Call,
  attempt: Attempt | undefined,
  warn: (words: string) => void,
  work: (tool: Tool) => Promise<T>,
): Promise<T> {
  const { settings, runId, egressSocket } = call;
  const rootDir = call.rootDir(ROOT);
  const workDir = join(call.workDir, 'tool');
  await mkdir(workDir, { recursive: true });
  const program = pathInSandbox(settingOf(call, 'tool'), settingOf(call, ROOT), rootDir);
  const bridge = egressSocket === undefined ? undefined : await openEgressBridge(egressSocket);
  const env = environmentOf(
    {
      searchPath: process.env['PATH'] ?? '',
      ...{ rootDir, workDir, runId, settings, proxyUrl: bridge?.url },
    },
    attempt,
  );
  const run = async (
    args: readonly [ToolAction | 'scan' | 'offers', ...string[]],
    { bytesMax, ...asking }: Asking,
  ): Promise<Verdict> => {
    const { signal } = call;
    const whole = { program, args, cwd: workDir, env, signal, outputBytesMax: bytesMax, ...asking };
    const { exit, stderr, leftBehind } = await runTool(whole);
    if (leftBehind) warn(`${args[0]}: what the tool left running was ended`);
    const lines = linesOf(stderr);
    const verdict = verdictOf(exit, args[0], lines.at(-1) ?? '');
    if (verdict.kind === 'failed') keep(lines);
    return verdict;
  };
  try {
    return await work({ offers: await askOffers(program, run), run });
  } finally {
    await bridge?.close();
  }
}

async function askOffers(
  program: string,
  run: (args: readonly ['offers'], asking: Asking) => Promise<Verdict>,
): Promise<Offers> {
  const chunks: Buffer[] = [];
  const verdict = await run(['offers'], {
    bytesMax: OFFERS_BYTES_MAX,
    awakeMsMax: OFFERS_MS_MAX,
    onStdout: (chunk) => chunks.push(chunk),
  });
  if (verdict.kind === 'failed') throw verdict.failure;
  return offersOf(Buffer.concat(chunks).toString('utf8'), program);
}

/** Beside the one line that becomes the message: for `lull history RUN`, which has what an updater wrote. */
function keep(lines: readonly string[]): void {
  process.stderr.write(Buffer.from(`${lines.join('\n')}\n`).subarray(-LAST_WORDS_BYTES_MAX));
}

function linesOf(stderr: string): string[] {
  return stderr
    .split(/[\r\n]/)
    .map((line) => plain(line, LINE_CHARS_MAX))
    .filter((line) => line !== '');
}

function settingOf({ settings }: Call, name: string): string {
  const value = settings.get(name);
  if (value === undefined) throw fail('FIELD_INVALID', `the setting "${name}" has no value`);
  return value;
}
