// Threads for what is done with whole trees: an install root, a staged tree, a root that an updater writes.
// Each has thousands of files, and each file takes a handful of calls. On the loop that holds the guard each
// call would wait for a thread and for its turn; in a thread of their own they are plain calls, that take a
// fifth of the time and leave the loop alone.
//
//   none ─carry out─▶ busy ─answered─▶ idle ─carry out─▶ busy …
//                       └─ failed      └─ 10 s ─▶ ended
//
// Invariants:
//   D1. A thread does one deed at a time: whoever is frozen holds its thread, and nobody else's.
//   D2. No more than THREADS_MAX at once; others wait their turn, first come first served.
//   D3. A thread that nobody needs ends: it is eight megabytes.

import { Worker } from 'node:worker_threads';
import type { Clock } from '../../runtime/clock.js';
import type { Closeable } from '../../runtime/shutdown.js';
import type { Deed, OrderOf, ResultOf } from './deeds.fs.js';
import { errorOf, type DeedAnswer, type DeedMessage } from './message.wire.js';
import type { Pass } from './pass.js';

/** An update's next step, or the next update of the same updater, comes within a few seconds. */
const IDLE_MS = 10_000;
/** Of runs on one machine few are on at once; what more roots they change wait. */
const THREADS_MAX = 8;
/** Two lists of a tree as large as one may be take a quarter of it. */
const HEAP_MB_MAX = 512;

export interface Trees extends Closeable {
  /**
   * Does it in a thread. It stands still while `pass` is frozen.
   * @throws what it throws there, by its code and words; an Error when the thread fails.
   */
  carryOut<D extends Deed>(deed: D, order: OrderOf<D>, pass?: Pass): Promise<ResultOf<D>>;
}

interface Thread {
  readonly worker: Worker;
  /** Rejects when it has failed or ended. */
  readonly over: Promise<never>;
}

export function openTrees({ clock }: { readonly clock: Pick<Clock, 'after'> }): Trees {
  const idle: { thread: Thread; cancel: () => void }[] = [];
  const all = new Set<Thread>();
  const waiting: (() => void)[] = [];
  let busyCount = 0;
  let closed = false;

  /** D2. Ended by `leave`. */
  async function turn(): Promise<void> {
    if (busyCount < THREADS_MAX) busyCount += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
  }

  function leave(): void {
    const next = waiting.shift();
    if (next === undefined) busyCount -= 1;
    else next();
  }

  function take(): Thread {
    if (closed) throw new Error('the threads for whole trees were ended');
    const free = idle.pop();
    free?.cancel();
    return free?.thread ?? start();
  }

  function start(): Thread {
    const worker = new Worker(new URL('./trees.worker.js', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX },
    });
    const over = new Promise<never>((_resolve, reject) => {
      worker.once('error', (error: Error) => {
        reject(new Error(`the thread for whole trees failed: ${error.message}`, { cause: error }));
      });
      worker.once('exit', () => {
        all.delete(thread);
        reject(new Error('the thread for whole trees was ended'));
      });
    });
    // Of one that is idle nobody asks.
    over.catch(() => undefined);
    const thread = { worker, over };
    all.add(thread);
    return thread;
  }

  function giveBack(thread: Thread): void {
    if (closed) return;
    thread.worker.unref();
    const end = (): void => {
      idle.splice(idle.indexOf(mine), 1);
      void thread.worker.terminate(); // D3
    };
    const mine = { thread, cancel: clock.after(IDLE_MS, end) };
    idle.push(mine);
  }

  return {
    carryOut: async <D extends Deed>(deed: D, order: OrderOf<D>, pass?: Pass) => {
      await turn();
      try {
        const thread = take();
        const message: DeedMessage<D> = { deed, order, pass };
        const answer = await Promise.race([answerOf(thread.worker, message), thread.over]);
        giveBack(thread); // D1
        if (answer.kind !== 'done') throw errorOf(answer);
        return answer.result as ResultOf<D>;
      } finally {
        leave();
      }
    },
    close: async () => {
      closed = true;
      for (const { cancel } of idle.splice(0)) cancel();
      await Promise.all([...all].map(({ worker }) => worker.terminate()));
    },
  };
}

function answerOf(worker: Worker, message: DeedMessage): Promise<DeedAnswer> {
  worker.ref();
  return new Promise((resolve) => {
    worker.once('message', resolve);
    worker.postMessage(message);
  });
}
