import { withReadings, type Reading, type Readings } from '../../conditions/reading.js';

/** The latest readings of the machine, and who wants to hear of new ones. */
export interface Latest {
  readonly readings: () => Readings;
  /** Lays `changes` over the readings and tells every listener before it returns. */
  readonly put: (changes: readonly Reading[]) => void;
  /** @returns a function that ends it. */
  readonly listen: (listener: () => void) => () => void;
}

export function createLatest(): Latest {
  let readings: Readings = new Map();
  const listeners = new Set<() => void>();
  return {
    readings: () => readings,
    put: (changes) => {
      readings = withReadings(readings, changes);
      tellAll(listeners);
    },
    listen: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** A listener that throws is a bug, and still must not keep the others from hearing of an edge. */
function tellAll(listeners: ReadonlySet<() => void>): void {
  const errors: unknown[] = [];
  for (const listener of [...listeners]) {
    try {
      listener();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw new AggregateError(errors, 'a listener of the readings failed');
}
