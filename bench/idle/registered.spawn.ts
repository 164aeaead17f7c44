// One Lull with many updaters that have found nothing: registered, accepted, scanned, none due.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { followLull, type Fact } from '../../harness/follow.grpc.js';
import { lull as command, startLull } from '../../harness/lull.spawn.js';
import { pause } from '../../runtime/deadline.js';
import type { CloseStack } from '../../runtime/shutdown.js';
import { bundle } from '../reaction/build-updater.spawn.js';
import { signBundle } from '../signed-bundle.spawn.js';

const source = fileURLToPath(new URL('../../../bench/idle/updater/main.ts', import.meta.url));
const SCAN_MS_MAX = 30_000;
const LOOK_MS = 500;
/** No scan within the benchmark. */
const SCAN_SLA_H = 22;

export interface SignedMany {
  readonly bundleFiles: readonly string[];
  readonly policyFile: string;
}

export async function signMany(scratch: string, count: number): Promise<SignedMany> {
  const directory = join(scratch, 'bundle');
  mkdirSync(directory);
  await bundle(source, join(directory, 'main.mjs'));
  const manifestFile = join(scratch, 'manifest.json');
  const bundleFiles: string[] = [];
  let policyFile = '';
  for (let position = 0; position < count; position += 1) {
    const id = `dev.lull.bench-quiet-${String(position)}`;
    writeFileSync(manifestFile, JSON.stringify(manifestOf(id)));
    const out = join(scratch, `${id}.lull`);
    if (position === 0) {
      const signed = await signBundle(scratch, { directory, manifestFile });
      ({ policyFile } = signed);
      writeFileSync(out, readFileSync(signed.bundleFile));
    } else {
      const key = join(scratch, 'key.pem');
      const what = ['bundle', 'pack', directory, '--manifest', manifestFile];
      await command([...what, '--key', key, '--out', out]);
    }
    bundleFiles.push(out);
  }
  return { bundleFiles, policyFile };
}

/** @param processes one process for all parts, or one for each group. */
export async function startRegistered(
  directory: string,
  { bundleFiles, policyFile }: SignedMany,
  processes: readonly (readonly string[])[],
  opened: CloseStack,
): Promise<number[]> {
  mkdirSync(directory);
  const pids: number[] = [];
  let commandOf: ((args: readonly string[]) => Promise<string>) | undefined;
  let runDir = '';
  for (const parts of processes) {
    const only = parts.length === 0 ? [] : ['--only', ...parts];
    const args = [...only, '--log-level', 'warn'];
    const lull = await startLull({ directory, policyFile, args });
    opened.add('Lull', { close: () => lull.stop() });
    pids.push(lull.pid);
    ({ runDir } = lull);
    commandOf = (words) => lull.command(words);
  }
  const follower = opened.add(
    'follower',
    followLull(runDir, () => undefined),
  );
  await follower.report('away');
  for (const file of bundleFiles) await commandOf?.(['updaters', 'add', file, '--enable']);
  await scanned(() => follower.facts, bundleFiles.length);
  follower.close();
  return pids;
}

async function scanned(facts: () => readonly Fact[], count: number): Promise<void> {
  const untilMs = performance.now() + SCAN_MS_MAX * count;
  while (facts().filter(({ kind }) => kind === 'run.finished').length < count) {
    if (performance.now() > untilMs) throw new Error('the updaters were not scanned in time');
    await pause(LOOK_MS);
  }
}

function manifestOf(id: string): unknown {
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
