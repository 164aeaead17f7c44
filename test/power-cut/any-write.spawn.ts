// Cuts the power at any write of the device, wherever the writer is: between two fsyncs, in the middle
// of one, in the middle of a commit of ext4's own journal.
//
// While the subject writes, the kernel is made to write back at instants that have nothing to do with
// its steps. The device remembers what it was told. Afterwards cuts are chosen among all of it; at each
// the disk is looked at twice: as if everything had landed in its order, and as if of what no flush had
// made sure of only some had. write-log.ts says why nothing else can be there.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import type { Chance } from '../../orchestrator/simulation/seeded.js';
import { pause } from '../../runtime/deadline.js';
import { Disk } from './disk.spawn.js';
import type { Recorder } from './recorder.spawn.js';
import type { PowerCutReport, Subject } from './subject.js';
import { imageAfter, imageWithLosses, type Told } from './write-log.js';

/** Enough to meet each kind of write several times; each costs two mounts. */
const CUTS_MAX = 40;
/** At most between two that are of the kernel's own. */
const WRITE_BACK_MS_MAX = 40;

interface Recorded {
  readonly told: readonly Told[];
  /** Index of the first that the subject's writing led to. */
  readonly from: number;
  readonly promises: readonly { readonly count: number; readonly logBytes: number }[];
}

export async function cutAtAnyWrite(subject: Subject, chance: Chance): Promise<PowerCutReport> {
  const { disk, recorder } = await Disk.openRecorded();
  try {
    const first = disk.image();
    const { told, from, promises } = await recorded(subject, { disk, recorder }, chance);
    disk.cutPower();
    const cuts = chosen(from, told.length, chance);
    const seen = new Set<string>();
    const problems: string[] = [];
    const place = Buffer.alloc(first.byteLength);
    for (const cut of cuts) {
      const logBytes = told[cut - 1]?.logBytes ?? 0;
      const promised = promises.findLast((each) => each.logBytes <= logBytes)?.count ?? 0;
      // Each is looked at before the next is made in its place.
      for (const how of ['in order', 'with losses'] as const) {
        const image =
          how === 'in order'
            ? imageAfter(first, told, cut, place)
            : imageWithLosses(first, told, cut, chance, place);
        const key = `${createHash('sha256').update(image).digest('hex')} ${String(promised)}`;
        if (seen.has(key)) continue;
        seen.add(key);
        const found = await disk.afterPowerCut(image, (directory) =>
          subject.problems(directory, promised).catch((error: unknown) => [String(error)]),
        );
        problems.push(...found.map((problem) => `write ${String(cut)}, ${how}: ${problem}`));
      }
    }
    return { steps: told.length - from, images: seen.size, problems };
  } finally {
    disk.close();
    await recorder.close();
  }
}

async function recorded(
  subject: Subject,
  { disk, recorder }: { readonly disk: Disk; readonly recorder: Recorder },
  chance: Chance,
): Promise<Recorded> {
  await subject.prepare(disk.directory);
  disk.writeBack();
  const fromBytes = recorder.logBytes();
  const promises: { count: number; logBytes: number }[] = [];
  const over = new AbortController();
  const writingBack = writeBackAtTimes(disk, chance, over.signal);
  await subject.write(
    disk.directory,
    (count) => {
      promises.push({ count, logBytes: recorder.logBytes() });
    },
    () => undefined,
  );
  over.abort();
  await writingBack;
  // Time goes on after the last write: its names first, and in the end everything.
  disk.commitMetadata();
  disk.writeBack();
  const told = recorder.told();
  return { told, promises, from: told.findIndex(({ logBytes }) => logBytes > fromBytes) };
}

/** As the kernel does by its own timers, which here stand still: names, or everything. */
async function writeBackAtTimes(disk: Disk, chance: Chance, over: AbortSignal): Promise<void> {
  const run = promisify(execFile);
  while (!over.aborted) {
    await pause(1 + chance.below(WRITE_BACK_MS_MAX));
    if (chance.below(2) === 0) disk.commitMetadata();
    else await run('sync', ['-f', disk.directory]);
  }
}

/** Different counts of what was told, up to all of it. */
function chosen(from: number, count: number, chance: Chance): readonly number[] {
  const all = Array.from({ length: count - from }, (_, at) => from + at + 1);
  while (all.length > CUTS_MAX) all.splice(chance.below(all.length), 1);
  return all;
}
