// Submitted bundles of a fleet: in the object store, where every host and orchestrator finds them.
//
// Invariants:
//   O1. As of the directory that they pass through (bundles.fs.ts, B1): what is put into the store was
//       whole and verified before, and hosts verify it again.
//   O2. A store that is gone is made again, empty: whoever adds an updater once more puts its bundle
//       back.
//   O3. What is not wanted by any version goes, a day after it came: another orchestrator may be in the
//       middle of a submission.

import { StorageType, type JetStreamClient } from '@nats-io/jetstream';
import { Objm } from '@nats-io/obj';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { BUNDLES_BUCKET } from '../../proto/subjects.js';
import type { Clock } from '../../runtime/clock.js';
import { within } from '../../runtime/deadline.js';
import { isMissing } from '../journal/stream.jetstream.js';
import { openBundles, type Bundles } from './bundles.fs.js';

const PUT_MS_MAX = 120_000;
const ASK_MS_MAX = 5_000;
/** Longer than a submission takes, and clocks of orchestrators differ. */
const NEW_FOR_MS = 24 * 3_600_000;

export interface FleetBundles extends Bundles {
  /** O2. */
  readonly makeAgain: () => Promise<void>;
}

export async function openFleetBundles(deps: {
  readonly js: JetStreamClient;
  /** Where what comes in is verified. */
  readonly directory: string;
  readonly replicaCount: number;
  readonly clock: Clock;
}): Promise<FleetBundles> {
  const { js, directory, replicaCount, clock } = deps;
  const make = () =>
    new Objm(js).create(BUNDLES_BUCKET, { storage: StorageType.File, replicas: replicaCount });
  const store = await make();
  const local = openBundles(directory);
  return {
    makeAgain: async () => {
      await within(make(), ASK_MS_MAX, 'making the store of bundles again');
    },
    has: async (sha256) => {
      try {
        return (await within(store.info(sha256), ASK_MS_MAX, 'the store of bundles')) !== null;
      } catch (error) {
        if (!isMissing(error)) throw error;
        await within(make(), ASK_MS_MAX, 'making the store of bundles again'); // O2
        return false;
      }
    },
    receive: async (manifest, tar) => {
      await local.receive(manifest, tar);
      const { sha256 } = manifest.bundle;
      // The library takes the stream of the standard, which Node has under a type of its own.
      const bytes = Readable.toWeb(Readable.from(local.read(sha256))) as ReadableStream<Uint8Array>;
      await within(store.put({ name: sha256 }, bytes), PUT_MS_MAX, 'storing the bundle');
      await local.forget(sha256);
    },
    read: async function* (sha256) {
      const found = await within(store.get(sha256), PUT_MS_MAX, 'the bundle');
      if (found === null) throw new Error(`no bundle ${sha256} is kept in ${BUNDLES_BUCKET}`);
      yield* found.data as unknown as AsyncIterable<Uint8Array>;
    },
    keepOnly: async (wanted) => {
      const kept = await within(store.list(), ASK_MS_MAX, 'the store of bundles');
      const newSinceMs = clock.now().wallMs - NEW_FOR_MS;
      const gone = kept
        .filter(({ name, mtime }) => !wanted.has(name) && Date.parse(mtime) < newSinceMs) // O3
        .map(({ name }) => name);
      for (const name of gone) await within(store.delete(name), ASK_MS_MAX, 'deleting a bundle');
      return gone;
    },
  };
}
