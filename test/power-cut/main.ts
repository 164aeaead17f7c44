// Cuts the power of one subject at every step, and looks at what is left:
//
//   node dist/test/power-cut/main.js SUBJECT SYNCS SEED
//
// With SYNCS `any` it is cut at any write instead: any-write.spawn.ts.
//
// SYNCS says what the kernel had written back by itself at each step: `names` (the metadata of
// everything, the content of nothing), `everything`, or `chance` (one of both, or nothing).
//
// A process of its own, because it wraps Node's modules. Prints what it saw as JSON.

import { chanceFrom, type Chance } from '../../orchestrator/simulation/seeded.js';
import { cutAtAnyWrite } from './any-write.spawn.js';
import { Disk } from './disk.spawn.js';
import { Images } from './images.js';
import { watchSteps } from './steps.fs.js';
import type { PowerCutReport, Subject } from './subject.js';
import { careless } from './subjects/careless.js';
import { catalog } from './subjects/catalog.js';
import { checkpoint } from './subjects/checkpoint.js';
import { content } from './subjects/content.js';
import { install } from './subjects/install.js';
import { carelessJetstream, jetstream } from './subjects/jetstream.nats.js';
import { journal } from './subjects/journal.js';
import { rootRecord } from './subjects/root-record.js';
import { uidsOfUpdaters } from './subjects/uids.js';

const subjects = new Map<string, Subject>(
  Object.entries({
    ...{ careless, catalog, checkpoint, content, install, journal },
    ...{ 'root-record': rootRecord, uids: uidsOfUpdaters },
    ...{ jetstream, 'careless-jetstream': carelessJetstream },
  }),
);

async function cutAtEveryStep(
  subject: Subject,
  syncs: string,
  chance: Chance,
): Promise<PowerCutReport> {
  const disk = Disk.open();
  try {
    const { steps, images } = await watched(subject, disk, syncs, chance);
    disk.cutPower();
    const problems: string[] = [];
    let count = 0;
    // Where only the writer's own fsyncs and commits reach the device: a whole write-back also puts
    // metadata in its place, and that never lands before its transaction.
    const tears = subject.overwrites === true && syncs === 'names';
    const torn = tears ? images.torn(disk.journalBlocks, chance) : [];
    for (const { what, promised, image } of chained(images.whole(), torn)) {
      count += 1;
      const found = await disk.afterPowerCut(image, (directory) =>
        subject.problems(directory, promised).catch((error: unknown) => [String(error)]),
      );
      problems.push(...found.map((problem) => `step ${what}: ${problem}`));
    }
    return { steps, images: count, problems };
  } finally {
    disk.close();
  }
}

/** Lets the subject write, with an image at every step that left another one. */
async function watched(
  subject: Subject,
  disk: Disk,
  syncs: string,
  chance: Chance,
): Promise<{ readonly steps: number; readonly images: Images }> {
  await subject.prepare(disk.directory);
  disk.writeBack();
  const images = new Images(disk.image());
  let steps = 0;
  let promised = 0;
  let written = disk.writeCount();
  const step = (what: string): void => {
    steps += 1;
    sync(disk, syncs, chance);
    if (disk.writeCount() === written) return;
    images.add(`${String(steps)} ${what}`, promised, disk.image());
    written = disk.writeCount();
  };
  const onPromise = (count: number): void => {
    promised = count;
    // The same bytes, and more to ask of them.
    images.add(`promise ${String(count)}`, count, disk.image());
  };
  const unwatch = await watchSteps(step);
  try {
    await subject.write(disk.directory, onPromise, () => {
      step('append');
    });
  } finally {
    unwatch();
  }
  return { steps, images };
}

/** One after the other: an image is only good until the next. */
function* chained<T>(...all: readonly Iterable<T>[]): Generator<T> {
  for (const each of all) yield* each;
}

function sync(disk: Disk, syncs: string, chance: Chance): void {
  const which = syncs === 'chance' ? ['nothing', 'names', 'everything'][chance.below(3)] : syncs;
  if (which === 'names') disk.commitMetadata();
  if (which === 'everything') disk.writeBack();
}

const [name = '', syncs = 'names', seed = '1'] = process.argv.slice(2);
const subject = subjects.get(name);
if (subject === undefined) throw new Error(`subjects are ${[...subjects.keys()].join(', ')}`);
const chance = chanceFrom(Number(seed));
const report =
  syncs === 'any'
    ? await cutAtAnyWrite(subject, chance)
    : await cutAtEveryStep(subject, syncs, chance);
process.stdout.write(`${JSON.stringify(report)}\n`);
