// P10, fetch: how fast a file comes through `Fetch`, from the updater's call to its answer, beside curl
// with the same file from the same server.
//
//   Fetch: host's request, sha256, record, fsync, shown to the updater     A
//   curl: to a file                                                        B
//   curl, sha256sum, sync                                                  C     A B C A B C …

import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Benchmark, BenchOptions, Measured } from '../benchmark.js';
import { spawnProgram } from '../child.spawn.js';
import { enableOn, openLull } from '../lull.spawn.js';
import { bundle } from '../reaction/build-updater.spawn.js';
import { median, rounded, table } from '../report.js';
import { openScratch } from '../scratch.fs.js';
import { signBundle } from '../signed-bundle.spawn.js';
import type { Piece } from './content.js';
import { curl, curlAndProve } from './curl.spawn.js';

const FILE_BYTES = 256 * 1024 * 1024;
const QUICK_FILE_BYTES = 64 * 1024 * 1024;
const TURN_MS_MAX = 300_000;
const GOAL = 0.9;
const source = fileURLToPath(new URL('../../../bench/fetch/', import.meta.url));

interface Turn {
  readonly fetchMs: number;
  readonly curlMs: number;
  readonly provedMs: number;
}

export const fetching: Benchmark = {
  what: 'throughput of Fetch ÷ that of curl, same file, same server',
  quickRepeats: 3,
  needsSandbox: true,
  run: measure,
};

async function measure({ quick, repeats, say, opened }: BenchOptions): Promise<Measured> {
  const scratch = openScratch(opened);
  const fileBytes = quick ? QUICK_FILE_BYTES : FILE_BYTES;
  // One turn more, to be warm.
  const server = await startSource(fileBytes, repeats + 1, opened);
  const signed = await packUpdater(scratch, server);
  const lull = await openLull(
    { directory: scratch, policyFile: signed.policyFile, args: ['--priority', 'normal'] },
    opened,
  );
  // Not beside the policy file: Lull looks there whenever something changes.
  const plainDir = join(scratch, 'curl');
  mkdirSync(plainDir);
  const { bundleFile } = signed;
  const follower = await enableOn(lull, { bundleFile, settings: { source: server.url } }, opened);
  say(
    `${String(fileBytes / 1024 / 1024)} MiB a file, over loopback; all three sides write to one disk.`,
  );
  const turns: Turn[] = [];
  for (const [turn, { name }] of server.files.entries()) {
    const begins = `fetched ${String(turn)} in `;
    const told = follower.fact(
      begins,
      ({ kind, message }) => kind === 'run.notice' && String(message).startsWith(begins),
      TURN_MS_MAX,
    );
    server.open(`gate-${String(turn)}`);
    const fetchMs = Number(String((await told)['message']).slice(begins.length));
    const curlMs = await curl(`${server.url}${name}`, plainDir);
    const provedMs = await curlAndProve(`${server.url}${name}`, plainDir);
    if (turn > 0) turns.push({ fetchMs, curlMs, provedMs });
  }
  return summary(turns, fileBytes, repeats, say);
}

interface Source {
  readonly url: string;
  readonly gates: readonly Piece[];
  readonly files: readonly Piece[];
  open(gate: string): void;
}

async function startSource(
  fileBytes: number,
  count: number,
  opened: BenchOptions['opened'],
): Promise<Source> {
  const program = fileURLToPath(new URL('source/main.js', import.meta.url));
  const child = spawnProgram(program, [String(fileBytes), String(count)], opened);
  const lines = createInterface({ input: child.stdout });
  const [line] = (await once(lines, 'line')) as [string];
  const said = JSON.parse(line) as Omit<Source, 'open'>;
  return {
    ...said,
    open: (gate) => {
      child.stdin.write(`${gate}\n`);
    },
  };
}

async function packUpdater(scratch: string, { gates, files }: Source) {
  const directory = join(scratch, 'bundle');
  mkdirSync(directory);
  await bundle(join(source, 'updater/main.ts'), join(directory, 'main.mjs'));
  writeFileSync(join(directory, 'pieces.json'), JSON.stringify({ gates, files }));
  return signBundle(scratch, { directory, manifestFile: join(source, 'updater/manifest.json') });
}

function summary(
  turns: readonly Turn[],
  fileBytes: number,
  repeats: number,
  say: BenchOptions['say'],
): Measured {
  const megabytesPerS = (ms: readonly number[]): number =>
    rounded(fileBytes / 1e6 / (median(ms) / 1e3), 1);
  const ratios = turns.map(({ fetchMs, curlMs }) => curlMs / fetchMs);
  const fetch = megabytesPerS(turns.map(({ fetchMs }) => fetchMs));
  const plain = megabytesPerS(turns.map(({ curlMs }) => curlMs));
  const proved = megabytesPerS(turns.map(({ provedMs }) => provedMs));
  const toProved = rounded(median(turns.map(({ fetchMs, provedMs }) => provedMs / fetchMs)));
  const rows = [
    ['Fetch', fetch],
    ['curl', plain],
    ['curl, sha256sum, sync', proved],
  ] as const;
  say(`\n${table([['', 'MB/s'], ...rows.map(([who, rate]) => [who, rate.toFixed(0)])])}`);
  const ratio = rounded(median(ratios));
  say(`throughput_ratio: median ${ratio.toFixed(2)}, worst ${Math.min(...ratios).toFixed(2)}`);
  say(`beside curl that is hashed and synced as well: ${toProved.toFixed(2)} ×`);
  say(`goal: ≥ ${GOAL.toFixed(2)} × ${ratio >= GOAL ? 'yes' : 'NO'}`);
  return {
    repeats,
    figures: { throughput_ratio: ratio, throughput_ratio_worst: rounded(Math.min(...ratios)) },
    beside: {
      lull: { mb_per_s: fetch },
      curl: { mb_per_s: plain },
      curl_sha256sum_sync: { mb_per_s: proved, throughput_ratio: toProved },
    },
    samples: { turns },
  };
}
