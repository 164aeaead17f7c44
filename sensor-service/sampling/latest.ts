import { readingKey, type Reading, type Readings } from '../../conditions/reading.js';
import { steadied, type Held } from '../../conditions/steady.js';

/** The latest readings of the machine, and who wants to hear of new ones. */
export interface Latest {
  /** As they are now and go on to be: whoever keeps them copies them. */
  readonly readings: Readings;
  /** Lays `changes`, steadied, over the readings and tells every listener before it returns. */
  readonly put: (changes: readonly Reading[]) => void;
  /** Tells every listener `lastWords` of what nobody asks about any more, and keeps none of it. */
  readonly forget: (lastWords: readonly Reading[]) => void;
  /**
   * @param everyMs how often the listener is to hear anything at all: whoever asks for the most is
   *   told first, because that is the one whom a late edge costs most.
   * @returns a function that ends it.
   */
  readonly listen: (listener: Hear, everyMs?: number) => () => void;
}

type Failed = (error: unknown) => void;

type Hear = (changes: readonly Reading[]) => void;

interface Listener {
  readonly tell: Hear;
  readonly everyMs: number;
}

/** @param failed told of what a listener threw. */
export function createLatest(failed: Failed): Latest {
  const readings = new Map<string, Reading>();
  let listeners: readonly Listener[] = [];
  const held = new Map<string, Held>();
  return {
    readings,
    put: (changes) => {
      const steady = changes.map((change) => {
        const key = readingKey(change.signal, change.instance);
        const { reading, held: next } = steadied(held.get(key), change);
        if (next === undefined) held.delete(key);
        else held.set(key, next);
        readings.set(key, reading);
        return reading;
      });
      tellAll(listeners, steady, failed);
    },
    forget: (lastWords) => {
      for (const { signal, instance } of lastWords) {
        const key = readingKey(signal, instance);
        held.delete(key);
        readings.delete(key);
      }
      tellAll(listeners, lastWords, failed);
    },
    listen: (tell, everyMs = Number.POSITIVE_INFINITY) => {
      const mine: Listener = { tell, everyMs };
      const later = listeners.findIndex((each) => each.everyMs > everyMs);
      listeners = listeners.toSpliced(later === -1 ? listeners.length : later, 0, mine);
      return () => {
        listeners = listeners.filter((each) => each !== mine);
      };
    },
  };
}

/**
 * A listener that throws is a bug, and still must neither keep the others from hearing of an edge, nor
 * end the process: whoever tells may be a timer, which has nobody to throw to.
 */
function tellAll(
  listeners: readonly Listener[],
  changes: readonly Reading[],
  failed: Failed,
): void {
  for (const { tell } of listeners) {
    try {
      tell(changes);
    } catch (error) {
      failed(error);
    }
  }
}
