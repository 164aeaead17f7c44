// Snapshots of the partitions: in the object store, one of each, the latest.
//
// Invariants:
//   N1. The bucket may be deleted at any time, with everything in it: it is made again with the next
//       snapshot, and whoever finds none reads the journal.
//   N2. What is left of one that was not stored whole goes by itself: everything in it expires.

import { StorageType, type JetStreamClient } from '@nats-io/jetstream';
import { Objm, type ObjectResult, type ObjectStore } from '@nats-io/obj';
import { nanos } from '@nats-io/transport-node';
import { SNAPSHOTS_BUCKET } from '../../proto/subjects.js';
import { within } from '../../runtime/deadline.js';
import type { SnapshotStore } from '../world/partition-fold.loop.js';

/** A takeover waits no longer; without it, the journal is read. */
const READ_MS_MAX = 5_000;
const PARTS_MS_MAX = 4_000;
const WRITE_MS_MAX = 60_000;
/** Sixteen partitions of ten thousand machines take about as many MB in all. */
const BYTES_MAX = 64 * 1_024 * 1_024;
/** Where little happens, the journal grows little meanwhile. */
const EXPIRES_AFTER_MS = 30 * 24 * 3_600_000;

/** @returns where the snapshot of a partition is kept. */
export function openSnapshots(
  js: JetStreamClient,
  replicaCount: number,
): (partition: string) => SnapshotStore {
  const objects = new Objm(js);

  let making: Promise<ObjectStore> | undefined;

  /** N1. By one at a time: a cluster leaves whoever asks for what another is making without an answer. */
  function made(): Promise<ObjectStore> {
    const settings = { storage: StorageType.File, replicas: replicaCount };
    const ttl = nanos(EXPIRES_AFTER_MS); // N2
    making ??= objects.create(SNAPSHOTS_BUCKET, { ...settings, ttl }).finally(() => {
      making = undefined;
    });
    return making;
  }

  async function read(partition: string): Promise<Uint8Array | undefined> {
    const found = await (await made()).get(partition);
    return found === null ? undefined : await bytesOf(found);
  }

  async function write(partition: string, bytes: Uint8Array): Promise<void> {
    if (bytes.length > BYTES_MAX) throw new Error(tooLarge(bytes.length));
    await (await made()).putBlob({ name: partition }, bytes);
  }

  async function forget(partition: string): Promise<void> {
    await (await made()).delete(partition);
  }

  return (partition) => ({
    read: () => within(read(partition), READ_MS_MAX, 'reading the snapshot'),
    write: (bytes) => within(write(partition, bytes), WRITE_MS_MAX, 'storing the snapshot'),
    forget: () => within(forget(partition), READ_MS_MAX, 'throwing the snapshot away'),
  });
}

async function bytesOf({ info, data, error }: ObjectResult): Promise<Uint8Array> {
  error.catch(() => undefined); // The same is said by the bytes.
  const reader = data.getReader();
  const collect = async (): Promise<Uint8Array> => {
    if (info.size > BYTES_MAX) throw new Error(tooLarge(info.size));
    const chunks: Uint8Array[] = [];
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return Buffer.concat(chunks);
      chunks.push(value);
    }
  };
  try {
    // Where its parts are gone nothing comes, and no end either.
    return await within(collect(), PARTS_MS_MAX, 'reading the parts of the snapshot');
  } finally {
    await reader.cancel().catch(() => undefined); // It failed already, and was said to.
  }
}

function tooLarge(sizeBytes: number): string {
  return `a snapshot of ${String(sizeBytes)} bytes is larger than ${String(BYTES_MAX)}`;
}
