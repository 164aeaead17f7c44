// The updater of the benchmark of downloads: it waits for its turn at a gate, fetches a file, and says
// how long that took, as an updater sees it.

import { readFileSync } from 'node:fs';
import { serve } from '../../../sdk/serve.js';
import type { Outcome, PerformCall, UpdateFound } from '../../../sdk/updater.js';
import type { Piece } from '../content.js';

const { gates, files } = JSON.parse(
  readFileSync(new URL('pieces.json', import.meta.url), 'utf8'),
) as { readonly gates: readonly Piece[]; readonly files: readonly Piece[] };

async function* scan(): AsyncGenerator<UpdateFound> {
  yield await Promise.resolve({
    id: 'files',
    title: 'files',
    toVersion: '1.0.0',
    nextAction: 'download',
  });
}

async function fetch(call: PerformCall, { name, sha256, sizeBytes }: Piece): Promise<void> {
  const url = `${call.settings.get('source') ?? ''}${name}`;
  const digests = [{ algorithm: 'sha256', hex: sha256 } as const];
  await call.host.fetch({ url, digests, sizeBytes, sizeMaxBytes: sizeBytes });
}

async function perform(call: PerformCall): Promise<Outcome> {
  for (const [turn, gate] of gates.entries()) {
    await fetch(call, gate);
    const file = files[turn];
    if (file === undefined) break;
    const startMs = performance.now();
    await fetch(call, file);
    call.notice(`fetched ${String(turn)} in ${String(performance.now() - startMs)}`);
  }
  return { kind: 'succeeded' };
}

const describe = { name: 'dev.lull.bench-fetch', version: '0.1.0', capabilities: {}, software: [] };
await serve({ describe, scan, perform });
