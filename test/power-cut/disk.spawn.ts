// A disk of the rig's own: ext4 in a file, mounted through a loop device. What the file holds at an
// instant is what a machine would find whose power was cut then: pages that the kernel had not written
// back are not in it.
//
// Invariants:
//   D1. An image is taken between two writes of the kernel: the device's counters are the same before
//       and after, or it is taken again.
//   D2. Each image has a file of its own: a loop device that is still being let go of is found again by
//       its file, with what it remembers of the image before.
//   D3. `noauto_da_alloc`: ext4's help for programs that forget an fsync before a rename is off.

import { execFileSync, type StdioOptions } from 'node:child_process';
import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { Recorder } from './recorder.spawn.js';

export const BLOCK_BYTES = 1_024;
const IMAGE_BYTES = 10 * 1024 * 1024;
/** What is written at once of an image. */
const EXTENT_BYTES = 64 * 1024;
const zeros = Buffer.alloc(EXTENT_BYTES);
const COMMAND_MS_MAX = 20_000;
const LOOKS_MAX = 100;
/** In memory: the disk of the machine is not what is under test. */
const PLACES = '/dev/shm/lull-power-';
const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;

export class Disk {
  /** Where it is mounted, also after a power cut. */
  readonly directory: string;
  /** Blocks of the file system's own journal. */
  readonly journalBlocks: ReadonlySet<number>;
  private readonly file: string;
  private readonly witness: number;
  private readonly device: string;
  private ticks = 0;
  private mounted = false;
  private imageCount = 0;
  private readonly taken = Buffer.alloc(IMAGE_BYTES);

  private constructor(
    private readonly place: string,
    /** What is mounted: the file, or what stands in front of it. */
    private readonly front: string,
  ) {
    this.directory = join(place, 'disk');
    this.file = fileIn(place);
    mkdirSync(this.directory);
    const blocks = run('debugfs', ['-R', 'blocks <8>', this.file]).trim().split(/\s+/);
    this.journalBlocks = new Set(blocks.map(Number));
    this.mount(this.front);
    this.device = basename(deviceAt(this.directory));
    this.witness = openSync(join(this.directory, '.witness'), 'w');
    this.writeBack();
  }

  /** A new and empty one. @throws what `mount` says. */
  static open(): Disk {
    const place = newPlace();
    try {
      return new Disk(place, fileIn(place));
    } catch (error) {
      rmSync(place, { recursive: true });
      throw error;
    }
  }

  /** The same, behind a device that remembers what it was told. */
  static async openRecorded(): Promise<{ readonly disk: Disk; readonly recorder: Recorder }> {
    const place = newPlace();
    const recorder = await Recorder.open(fileIn(place));
    try {
      return { disk: new Disk(place, recorder.front), recorder };
    } catch (error) {
      await recorder.close();
      rmSync(place, { recursive: true });
      throw error;
    }
  }

  /** What the power leaves at this instant; it is good until the next is taken. */
  image(): Buffer {
    const fd = openSync(this.file, 'r');
    try {
      for (let look = 0; look < LOOKS_MAX; look += 1) {
        const before = this.writeCount();
        const bytes = readSync(fd, this.taken, 0, IMAGE_BYTES, 0);
        if (bytes !== IMAGE_BYTES) throw new Error(`an image of ${String(bytes)} bytes`);
        if (this.writeCount() === before) return this.taken; // D1
      }
    } finally {
      closeSync(fd);
    }
    throw new Error('the device was never still');
  }

  /** How often the kernel has written to the device; the same number: the same image. */
  writeCount(): number {
    const stat = readFileSync(`/sys/block/${this.device}/stat`, 'utf8');
    return Number(stat.trim().split(/\s+/)[4]);
  }

  /** Writes back names and sizes of everything so far, and the content of nothing. */
  commitMetadata(): void {
    this.ticks += 1;
    // Something to commit; what others changed goes with it.
    writeSync(this.witness, String(this.ticks), 0);
    fsyncSync(this.witness);
  }

  /** Writes back everything. */
  writeBack(): void {
    run('sync', ['-f', this.directory]);
  }

  /** Nothing is written any more; from now on there are only images. */
  cutPower(): void {
    closeSync(this.witness);
    this.unmount();
    rmSync(this.file);
  }

  /** Looks at an image as the machine would with the power back: ext4 replays its journal. */
  async afterPowerCut<T>(image: Buffer, look: (directory: string) => Promise<T>): Promise<T> {
    this.imageCount += 1;
    const file = join(this.place, `image-${String(this.imageCount)}`); // D2
    writeSparse(file, image);
    try {
      this.mount(file);
      return await look(this.directory);
    } finally {
      if (this.mounted) this.unmount();
      rmSync(file);
    }
  }

  close(): void {
    if (this.mounted) this.unmount();
    rmSync(this.place, { recursive: true });
  }

  private mount(file: string): void {
    // Its own timer commits every 5 s; here only the rig and what is under test do.
    const options = 'loop,noatime,commit=600,noauto_da_alloc'; // D3
    run('mount', ['-t', 'ext4', '-o', options, file, this.directory]);
    this.mounted = true;
  }

  private unmount(): void {
    run('umount', [this.directory]);
    this.mounted = false;
  }
}

/** A file with an empty file system, in a directory of its own. */
function newPlace(): string {
  const place = mkdtempSync(PLACES);
  const file = fileIn(place);
  writeFileSync(file, '');
  truncateSync(file, IMAGE_BYTES);
  run('mkfs.ext4', ['-q', '-b', String(BLOCK_BYTES), '-J', 'size=4', '-m', '0', file]);
  return place;
}

/** Writes what is not zero: most of it is, and each page of memory costs more than all that is done with it. */
function writeSparse(file: string, image: Buffer): void {
  const fd = openSync(file, 'w');
  try {
    ftruncateSync(fd, image.byteLength);
    for (let at = 0; at < image.byteLength; at += EXTENT_BYTES) {
      const extent = image.subarray(at, at + EXTENT_BYTES);
      if (!extent.equals(zeros.subarray(0, extent.byteLength))) {
        writeSync(fd, extent, 0, extent.byteLength, at);
      }
    }
  } finally {
    closeSync(fd);
  }
}

function fileIn(place: string): string {
  return join(place, 'image');
}

function deviceAt(directory: string): string {
  const lines = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  const device = lines.find((line) => line.split(' ')[1] === directory)?.split(' ')[0];
  if (device === undefined) throw new Error(`${directory} is not mounted`);
  return device;
}

function run(program: string, args: readonly string[]): string {
  const stdio: StdioOptions = ['ignore', 'pipe', 'pipe'];
  const options = { timeout: COMMAND_MS_MAX, stdio, env: { PATH } };
  return execFileSync(program, args, { ...options, encoding: 'utf8' });
}
