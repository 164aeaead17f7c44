// What a tool prints while it works, read line by line: progress, and what an operator should read.
//
//   42% unpacking        0.42 of it, and what is being done
//   unpacking            what is being done
//   notice: restart X    kept in the history
//
// Invariant: S1. However much is printed, no more than a line is held, and the host is told at most every
// SAY_EVERY_MS.

import { StringDecoder } from 'node:string_decoder';
import type { PerformCall } from '../../sdk/updater.js';
import { plain } from './plain.js';

const SAY_EVERY_MS = 200;
const LINE_CHARS_MAX = 1_000;
const STEP_CHARS_MAX = 200;

/** Cuts a stream into lines; of one that is too long, the beginning. */
export class Lines {
  private readonly decoder = new StringDecoder('utf8');
  private line = '';

  constructor(private readonly onLine: (line: string) => void) {}

  take(chunk: Buffer): void {
    // Also where a program draws over its own line.
    const [first = '', ...more] = this.decoder.write(chunk).split(/[\r\n]/);
    this.hold(first);
    for (const next of more) {
      this.end();
      this.hold(next);
    }
  }

  /** What came last has no end of its own. */
  end(): void {
    const { line } = this;
    this.line = '';
    if (line.trim() !== '') this.onLine(line);
  }

  private hold(text: string): void {
    this.line += text.slice(0, LINE_CHARS_MAX - this.line.length);
  }
}

/** Says to the host what the tool said last. */
export class Progress {
  private now = { fraction: 0, step: '' };
  private said = this.now;
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly call: Pick<PerformCall, 'progress' | 'notice'>) {
    this.timer = setInterval(() => {
      this.say();
    }, SAY_EVERY_MS);
  }

  hear(line: string): void {
    const notice = /^notice:(.*)$/s.exec(line)?.[1];
    if (notice !== undefined) {
      this.call.notice(plain(notice, STEP_CHARS_MAX));
      return;
    }
    const [, percent, rest = line] = /^\s*(\d{1,3})%\s*(.*)$/s.exec(line) ?? [];
    const fraction = percent === undefined ? this.now.fraction : Math.min(1, Number(percent) / 100);
    const step = plain(rest, STEP_CHARS_MAX);
    this.now = { fraction, step: step === '' ? this.now.step : step };
  }

  close(): void {
    clearInterval(this.timer);
    this.say();
  }

  private say(): void {
    if (this.said === this.now) return;
    this.said = this.now;
    this.call.progress(this.now.fraction, this.now.step);
  }
}
