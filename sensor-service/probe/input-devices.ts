import { closeSync, constants, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { parseInputDevices } from '../reading/input.js';
import type { Instant } from '../reading/measurement.js';
import type { SeatVerdict } from '../reading/seat.js';
import type { OpenProbe } from './probe.js';
import { readText, whyNotRead } from './text-file.js';

/** Keyboards are plugged in by hand. */
const LIST_AGAIN_MS = 10_000;
/** The kernel keeps at least 64 events of 24 bytes for each reader. */
const EVENTS_BYTES = 64 * 24;
const NONE = 'the kernel knows no keyboard, pointer or touch screen';

interface InputDeps {
  /** The directory in which dev/ lies. */
  readonly root: string;
  readonly procRoot: string;
  /** Watched for less than this, and not touched since, they vouch for nothing. */
  readonly awayAfterMs: number;
  /** Not touched for so long: it is told, with the instant of the last touch. */
  readonly stillAfterMs: number;
  readonly heard: (input: SeatVerdict) => void;
}

/**
 * Whether somebody touches a keyboard, a pointer or a screen, by the devices themselves. What was
 * typed is dropped unread: only that there was something counts. The kernel keeps events between two
 * rounds, so that looking costs a wake-up of nobody.
 */
export function inputProbe(deps: InputDeps): OpenProbe {
  const list = join(deps.procRoot, 'bus', 'input', 'devices');
  const provider = join(deps.root, 'dev', 'input');
  const opened = new Map<string, number>();
  const events = Buffer.alloc(EVENTS_BYTES);
  let why: string | undefined = NONE;
  let listedAtMs = -Infinity;
  let watchedSince: Instant | undefined;
  let last: Instant | undefined;

  /** @returns whether it was looked for devices anew. */
  function openAll(at: Instant): boolean {
    if (at.monotonicMs - listedAtMs < LIST_AGAIN_MS) return false;
    listedAtMs = at.monotonicMs;
    const file = readText(list, 'no input device is known to the kernel');
    const names = file.kind === 'text' ? parseInputDevices(file.text) : [];
    why = file.kind === 'missing' ? file.why : names.length === 0 ? NONE : undefined;
    for (const name of opened.keys()) if (!names.includes(name)) drop(name);
    for (const name of names) {
      if (opened.has(name)) continue;
      const path = join(provider, name);
      try {
        opened.set(name, openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
      } catch (error) {
        why = whyNotRead(path, error, "show the machine's input devices to Lull");
      }
    }
    if (why === undefined) watchedSince ??= at;
    else watchedSince = undefined;
    return true;
  }

  function drop(name: string): void {
    const fd = opened.get(name);
    opened.delete(name);
    if (fd !== undefined) closeSync(fd);
  }

  /** Takes everything that lies ready. */
  function anyEvent(): boolean {
    let any = false;
    for (const [name, fd] of opened) {
      try {
        if (readSync(fd, events, 0, EVENTS_BYTES, null) > 0) any = true;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EAGAIN') continue;
        drop(name); // Unplugged: whoever did that was there.
        any = true;
        listedAtMs = -Infinity;
      }
    }
    return any;
  }

  function verdictAt(at: Instant): SeatVerdict {
    if (last !== undefined && at.monotonicMs - last.monotonicMs < deps.stillAfterMs) {
      return { kind: 'engaged' };
    }
    if (why !== undefined) return { kind: 'unknown', why };
    const since = last ?? watchedSince ?? at;
    if (last === undefined && at.monotonicMs - since.monotonicMs < deps.awayAfterMs) {
      return { kind: 'unknown', why: `${provider} is watched only since a moment ago` };
    }
    return { kind: 'away', sinceMs: since.monotonicMs };
  }

  return {
    name: provider,
    subjects: [],
    everyMs: 0,
    measure: (at) => {
      const isListed = openAll(at);
      if (anyEvent()) last = at;
      // With nothing to look at nothing is new.
      if (opened.size === 0 && last === undefined && !isListed) return [];
      deps.heard(verdictAt(at));
      return [];
    },
    close: () => {
      for (const name of [...opened.keys()]) drop(name);
    },
  };
}
