// Starts a device that remembers what it was told (recorder.fs.ts), and reads what that was.

import { spawn, execFileSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pause } from '../../runtime/deadline.js';
import { readLog, type Told } from './write-log.js';

/** In memory, as the disk is. */
const PLACES = '/dev/shm/lull-recorder-';
const PROGRAM = fileURLToPath(new URL('recorder.fs.js', import.meta.url));
const START_MS_MAX = 60_000;
/** A loop device is let go of a while after its file system was unmounted. */
const LET_GO_MS_MAX = 20_000;
const STEP_MS = 10;

export class Recorder {
  private readonly directory: string;
  private readonly log: string;
  private readonly child: ChildProcess;

  private constructor(
    private readonly place: string,
    imageFile: string,
  ) {
    [this.directory, this.log] = [join(place, 'device'), join(place, 'log')];
    mkdirSync(this.directory);
    writeFileSync(this.log, '');
    this.child = spawn(process.execPath, [PROGRAM, this.directory, imageFile, this.log], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }

  static async open(imageFile: string): Promise<Recorder> {
    const recorder = new Recorder(mkdtempSync(PLACES), imageFile);
    const { child } = recorder;
    const deadlineMs = performance.now() + START_MS_MAX;
    while (!existsSync(recorder.front)) {
      if (child.exitCode !== null || performance.now() > deadlineMs) {
        child.kill('SIGKILL');
        rmSync(recorder.place, { recursive: true });
        throw new Error('the recording device did not start');
      }
      await pause(STEP_MS);
    }
    return recorder;
  }

  /** What a loop device is put upon. */
  get front(): string {
    return join(this.directory, 'image');
  }

  /** How much it was told until now. */
  logBytes(): number {
    return statSync(this.log).size;
  }

  told(): Told[] {
    return readLog(readFileSync(this.log));
  }

  /** Once nothing is mounted through it any more. */
  async close(): Promise<void> {
    const ended = once(this.child, 'exit');
    const deadlineMs = performance.now() + LET_GO_MS_MAX;
    for (;;) {
      try {
        execFileSync('umount', [this.directory], { stdio: 'ignore' });
        break;
      } catch (error) {
        if (performance.now() > deadlineMs) throw error;
        await pause(STEP_MS);
      }
    }
    await ended;
    rmSync(this.place, { recursive: true });
  }
}
