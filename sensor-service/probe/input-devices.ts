import { closeSync, constants, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { hasTouchedKey, type InputDevice } from '../reading/input.js';
import type { Instant } from '../reading/measurement.js';
import type { SeatVerdict } from '../reading/seat.js';
import { EVENT_BYTES, listInput } from './input-list.js';
import type { OpenProbe } from './probe.js';
import { whyNotRead } from './text-file.js';

/** Keyboards are plugged in by hand. */
const LIST_AGAIN_MS = 10_000;
/** The kernel keeps at least 64 events for each reader. */
const EVENTS_BYTES = 64 * EVENT_BYTES;
/** It may keep more; what comes faster than it is taken is taken in the next round. */
const READS_MAX = 16;
const NONE = 'the kernel knows no keyboard, pointer, touch screen or gamepad';

interface Opened {
  readonly fd: number;
  readonly keysOnly: boolean;
}

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
 * Whether somebody touches a keyboard, a pointer, a screen or a gamepad, by the devices themselves. What
 * was typed is dropped unread: only that there was something counts. The kernel keeps events between two
 * rounds, so that looking costs a wake-up of nobody.
 */
export function inputProbe(deps: InputDeps): OpenProbe {
  const provider = join(deps.root, 'dev', 'input');
  const opened = new Map<string, Opened>();
  const events = Buffer.alloc(EVENTS_BYTES);
  let why: string | undefined = NONE;
  let listedAtMs = -Infinity;
  let watchedSince: Instant | undefined;
  let last: Instant | undefined;

  /** @returns whether it was looked for devices anew. */
  function openAll(at: Instant): boolean {
    if (at.monotonicMs - listedAtMs < LIST_AGAIN_MS) return false;
    listedAtMs = at.monotonicMs;
    const list = listInput(deps.procRoot);
    const devices = list.kind === 'listed' ? list.devices : [];
    if (list.kind === 'missing') why = list.why;
    else why = devices.some(({ desk }) => desk) ? undefined : NONE;
    const names = new Set(devices.map(({ event }) => event));
    for (const name of opened.keys()) if (!names.has(name)) drop(name);
    for (const device of devices) why = open(device) ?? why;
    if (why === undefined) watchedSince ??= at;
    else watchedSince = undefined;
    return true;
  }

  /** @returns why it cannot be opened. */
  function open({ event, keysOnly }: InputDevice): string | undefined {
    if (opened.has(event)) return undefined;
    const path = join(provider, event);
    try {
      const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      opened.set(event, { fd, keysOnly });
      return undefined;
    } catch (error) {
      return whyNotRead(path, error, "show the machine's input devices to Lull");
    }
  }

  function drop(name: string): void {
    const device = opened.get(name);
    opened.delete(name);
    if (device !== undefined) closeSync(device.fd);
  }

  /** Takes everything that lies ready. */
  function anyEvent(): boolean {
    let any = false;
    for (const [name, { fd, keysOnly }] of opened) {
      try {
        for (let reads = 0, bytes = EVENTS_BYTES; bytes === EVENTS_BYTES && reads < READS_MAX;) {
          bytes = readSync(fd, events, 0, EVENTS_BYTES, null);
          reads += 1;
          const ready = events.subarray(0, bytes);
          if (keysOnly ? hasTouchedKey(ready, EVENT_BYTES) : bytes > 0) any = true;
        }
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
