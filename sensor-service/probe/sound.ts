// Sound cards: which streams run. A stream that only is open (a paused player) does not.

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readText, whyNotRead } from './text-file.js';

const CARDS_MAX = 32;
const STREAMS_MAX = 256;
const NO_CARDS = 'no sound card is known to the kernel, or a container hides them';
/** Streams are made with the card; looking for cards in every round is of no use. */
const LIST_AGAIN_MS = 10_000;

export type StreamUse =
  | { readonly kind: 'known'; readonly running: boolean }
  | { readonly kind: 'unknown'; readonly why: string };

export interface SoundCards {
  /** Whether any stream of this direction runs. */
  use(direction: 'playback' | 'capture', atMs: number): StreamUse;
}

export function soundCards(procRoot: string): SoundCards {
  const path = join(procRoot, 'asound');
  let files: readonly string[] = [];
  let why: string | undefined;
  let listedAtMs = -Infinity;

  function list(atMs: number): void {
    if (atMs - listedAtMs < LIST_AGAIN_MS) return;
    listedAtMs = atMs;
    try {
      files = statusFiles(path);
      why = undefined;
    } catch (error) {
      why = whyNotRead(path, error, NO_CARDS);
    }
  }

  return {
    use: (direction, atMs) => {
      list(atMs);
      if (why !== undefined) return { kind: 'unknown', why };
      const end = direction === 'playback' ? 'p' : 'c';
      const running = files
        .filter((file) => new RegExp(`/pcm\\d+${end}/sub\\d+/status$`).test(file))
        .some((file) => isRunning(file));
      return { kind: 'known', running };
    },
  };
}

/** @throws where the kernel's cards cannot be seen. */
function statusFiles(path: string): string[] {
  // It is there with no card as well; container engines lay an empty directory over the real one.
  statSync(join(path, 'cards'));
  const files: string[] = [];
  const inside = (directory: string, pattern: RegExp): string[] =>
    readdirSync(directory)
      .filter((name) => pattern.test(name))
      .map((name) => join(directory, name));
  for (const card of inside(path, /^card\d+$/).slice(0, CARDS_MAX)) {
    for (const stream of inside(card, /^pcm\d+[pc]$/)) {
      for (const sub of inside(stream, /^sub\d+$/)) files.push(join(sub, 'status'));
    }
  }
  return files.slice(0, STREAMS_MAX);
}

/** A closed stream says "closed"; one that vanished with its card is not running either. */
function isRunning(file: string): boolean {
  const read = readText(file, '');
  return read.kind === 'text' && /^state: RUNNING\n/m.test(read.text);
}
