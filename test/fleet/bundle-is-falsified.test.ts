// Somebody who can write the fleet's object store puts other bytes under the name of a bundle.

import { expect } from '@jest/globals';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { jetstream } from '@nats-io/jetstream';
import { Objm, type ObjectStore } from '@nats-io/obj';
import { BUNDLES_BUCKET } from '../../proto/subjects.js';
import { createLog } from '../../runtime/log.js';
import { connectNats } from '../../runtime/nats.js';
import { installApp, versionOfApp } from '../support/apps.js';
import { fleetSandboxTest } from '../support/confinement.js';
import { isLastEnd, auditIsWhole, enable, ended, outcomeOf } from '../support/story.js';
import { openStage, type Stage } from '../support/stage.js';
import { countOf } from '../support/told.js';

const STEP_MS = 60_000;

interface Falsified {
  readonly what: string;
  readonly of: (bytes: Buffer) => Buffer;
}

const falsified: readonly Falsified[] = [
  { what: 'with one bit turned over in its code', of: withBitTurned },
  { what: 'cut off', of: (bytes) => bytes.subarray(0, Math.floor(bytes.length / 2)) },
  { what: 'replaced by noise', of: (bytes) => Buffer.alloc(bytes.length, 0x5a) },
];

for (const { what, of } of falsified) {
  fleetSandboxTest(`a bundle ${what} is launched nowhere, and the right one is`, async () => {
    const stage = openStage({ isFleet: true });
    try {
      const apps = installApp(join(stage.directory, 'apps'), '1.0.0');
      const running = await stage.start();
      const follower = stage.follow();
      await enable(running, await stage.bundle('program'), { apps });
      const { name, bytes } = await inStore(stage, theOnly);
      await inStore(stage, (store) => putAs(store, name, of(bytes)));

      await follower.report('away');
      const refused = await follower.fact('the end of what was refused', isLastEnd, STEP_MS);
      const { kind, code = '', message } = outcomeOf(refused);
      expect([kind, message]).toEqual(['failed', expect.stringContaining('dev.lull.fixture')]);
      expect(['DIGEST_MISMATCH', 'BUNDLE_INVALID']).toContain(code);
      expect(countOf(follower.facts, 'run.started')).toBe(0);

      await inStore(stage, (store) => putAs(store, name, bytes));
      await ended(follower, 'install', 'succeeded');
      expect(await versionOfApp(apps)).toBe('2.0.0');
      expect(await auditIsWhole(running)).toBe(true);
    } finally {
      await stage.close();
    }
  });
}

/** In the middle of the archive, which is the code of the one program in it. */
function withBitTurned(bytes: Buffer): Buffer {
  const changed = Buffer.from(bytes);
  const at = Math.floor(bytes.length / 2);
  changed[at] = (changed[at] ?? 0) ^ 1;
  return changed;
}

async function inStore<T>(stage: Stage, act: (store: ObjectStore) => Promise<T>): Promise<T> {
  const { url } = await stage.network();
  const nats = await connectNats({ url, name: 'intruder', log: createLog('test', 'silent') });
  try {
    return await act(await new Objm(jetstream(nats.connection)).open(BUNDLES_BUCKET));
  } finally {
    await nats.close();
  }
}

async function theOnly(store: ObjectStore): Promise<{ name: string; bytes: Buffer }> {
  const [only, ...others] = await store.list();
  if (only === undefined || others.length > 0) throw new Error('there is not one bundle');
  const bytes = await store.getBlob(only.name);
  return { name: only.name, bytes: Buffer.from(bytes ?? []) };
}

async function putAs(store: ObjectStore, name: string, bytes: Buffer): Promise<void> {
  await store.put({ name }, Readable.toWeb(Readable.from([bytes])) as ReadableStream<Uint8Array>);
}
