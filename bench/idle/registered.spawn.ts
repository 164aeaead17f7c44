// One Lull with many updaters that have found nothing: registered, accepted, scanned, none due.

import { createPrivateKey } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { signEnvelope } from '../../bundle/envelope.js';
import { packDirectory } from '../../bundle/pack.fs.js';
import { packLullFile } from '../../bundle/tar.js';
import type { RunningLull } from '../../harness/lull.spawn.js';
import { OperatorServiceClient } from '../../proto/gen/lull/operator/v1/operator.js';
import { pause } from '../../runtime/deadline.js';
import { dialUnix, unary } from '../../runtime/grpc.js';
import type { BenchOptions } from '../benchmark.js';
import { openLull } from '../lull.spawn.js';
import { bundle } from '../reaction/build-updater.spawn.js';
import { signBundle } from '../signed-bundle.spawn.js';
import { unitEnvironment } from './unit-environment.fs.js';

const source = fileURLToPath(new URL('../../../bench/idle/updater/main.ts', import.meta.url));
/** For each: a sandbox and a Node.js in it, on a machine that may be busy. */
const SCAN_MS_MAX = 30_000;
const CALL_MS_MAX = 10_000;
const LOOK_MS = 500;
const SAY_EVERY = 5;
/** No scan within the benchmark. */
const SCAN_SLA_H = 22;

export interface SignedMany {
  readonly bundleFiles: readonly string[];
  readonly policyFile: string;
}

/** How a Lull is run. */
export interface Way {
  readonly node: string;
  readonly processes: readonly (readonly string[])[];
}

export interface Registered {
  readonly pids: readonly number[];
  nothingDue(): Promise<void>;
}

/** Signs the same files under many names; here, as a command for each takes minutes on a busy machine. */
export async function signMany(scratch: string, count: number): Promise<SignedMany> {
  const directory = join(scratch, 'bundle');
  mkdirSync(directory);
  await bundle(source, join(directory, 'main.mjs'));
  const manifestFile = join(scratch, 'manifest.json');
  writeFileSync(manifestFile, JSON.stringify(manifestOf(0)));
  const { bundleFile, policyFile } = await signBundle(scratch, { directory, manifestFile });
  const key = createPrivateKey(readFileSync(join(scratch, 'key.pem')));
  const { tar, sha256, files } = await packDirectory(directory);
  const bundleFiles = [bundleFile];
  for (let position = 1; position < count; position += 1) {
    const manifest = { ...manifestOf(position), bundle: { sha256, size: tar.byteLength, files } };
    const envelope = signEnvelope(Buffer.from(JSON.stringify(manifest)), [key]);
    const out = join(scratch, `${manifest.id}.lull`);
    writeFileSync(out, await packLullFile(envelope, tar));
    bundleFiles.push(out);
  }
  return { bundleFiles, policyFile };
}

/**
 * Starts a Lull, and registers and scans everything with it.
 * @param how `node` runs it, as one process for all parts, or one for each group.
 * @param say told how far it is: twenty sandboxes take their time on a small machine.
 */
export async function startRegistered(
  directory: string,
  { bundleFiles, policyFile }: SignedMany,
  { node, processes }: Way,
  { opened, say }: Pick<BenchOptions, 'opened' | 'say'>,
): Promise<Registered> {
  mkdirSync(directory);
  const lulls: RunningLull[] = [];
  for (const parts of processes) {
    const only = parts.length === 0 ? [] : ['--only', ...parts];
    // What is measured begins after the scans; at the lowest priority others could hold them up for ever.
    const args = [...only, '--log-level', 'warn', '--priority', 'normal'];
    const env = { ...process.env, ...unitEnvironment(parts) };
    lulls.push(await openLull({ directory, policyFile, args, env, node }, opened));
  }
  const [lull] = lulls;
  if (lull === undefined) throw new Error('a Lull has at least one process');
  const socketPath = join(lull.runDir, 'operator.sock');
  const operator = opened.add('operator', dialUnix(OperatorServiceClient, socketPath));
  await lull.command(['presence', 'away']);
  for (const [position, file] of bundleFiles.entries()) {
    await lull.command(['updaters', 'add', file, '--enable']);
    if (position % SAY_EVERY === SAY_EVERY - 1) say(`  ${String(position + 1)} registered`);
  }
  return {
    pids: lulls.map(({ pid }) => pid),
    nothingDue: () => nothingDue(operator, bundleFiles.length, say),
  };
}

/** Waits until every updater has been scanned, no run is on, and no scan is due for hours. */
async function nothingDue(
  operator: OperatorServiceClient,
  count: number,
  say: BenchOptions['say'],
): Promise<void> {
  const untilMs = performance.now() + SCAN_MS_MAX * count;
  let saidCount = 0;
  for (;;) {
    const { runs, waiting } = await unary(
      operator.getStatus.bind(operator),
      {},
      { deadlineMs: CALL_MS_MAX },
    );
    const resting = waiting.filter(({ reasons }) =>
      reasons.some(({ code }) => code === 'SCAN_NOT_DUE'),
    );
    if (resting.length - saidCount >= SAY_EVERY) {
      saidCount = resting.length;
      say(`  ${String(saidCount)} scanned`);
    }
    if (resting.length === count && waiting.length === count && runs.length === 0) return;
    if (performance.now() > untilMs) {
      const [late] = waiting.filter((subject) => !resting.includes(subject));
      const why = late?.reasons.map(({ code, message }) => `${code}, ${message}`).join('; ');
      throw new Error(`only ${String(resting.length)} were scanned in time; ${why ?? 'one runs'}`);
    }
    await pause(LOOK_MS);
  }
}

function manifestOf(position: number) {
  const id = `dev.lull.bench-quiet-${String(position)}`;
  return {
    contract: 'lull.updater.v1',
    id,
    version: '0.1.0',
    publisher: 'lull',
    title: 'Finds nothing',
    platforms: ['linux'],
    entrypoint: ['node', 'main.mjs', id],
    runtime: 'node',
    actions: ['install'],
    scope: 'user-mode',
    settings: [],
    scan: { sla_h: SCAN_SLA_H, floor_h: 1 },
    limits: { memory_mb: 128, processes: 32, disk_mb: 16, run_s: 60 },
  };
}
