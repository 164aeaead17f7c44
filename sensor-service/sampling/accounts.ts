import { readingKey, type Reading } from '../../conditions/reading.js';
import { foldAccounts } from '../reading/accounts.js';

/** What each source said last, and what all of it comes to. */
export interface Accounts {
  /**
   * Adds a source; one that is added earlier is believed first.
   * @returns what it says its readings to: everybody is told before that returns.
   */
  readonly source: () => (readings: readonly Reading[]) => void;
  /** Forgets what every source said of these, and tells everybody these last words. */
  readonly forget: (lastWords: readonly Reading[]) => void;
}

/** What one source said last of one signal. */
interface Account {
  /** Of the source: the lowest is believed first. */
  readonly rank: number;
  reading: Reading;
}

type Publish = (readings: readonly Reading[]) => void;

/**
 * @param publish told of every reading that a source has said something new of, folded.
 * @param lastPublish told of those of which nobody says anything any more.
 */
export function createAccounts(publish: Publish, lastPublish = publish): Accounts {
  const accounts = new Map<string, Account[]>();
  let sourceCount = 0;

  function folded(rank: number, reading: Reading): Reading {
    const key = readingKey(reading.signal, reading.instance);
    const known = accounts.get(key);
    if (known === undefined) {
      accounts.set(key, [{ rank, reading }]);
      return reading;
    }
    const mine = known.find((each) => each.rank === rank);
    if (mine !== undefined) mine.reading = reading;
    else known.splice(known.filter((each) => each.rank < rank).length, 0, { rank, reading });
    // Most are spoken of by one source, many times a second.
    if (known.length === 1) return reading;
    const [first, ...others] = known.map((each) => each.reading);
    return first === undefined ? reading : foldAccounts([first, ...others]);
  }

  return {
    source: () => {
      sourceCount += 1;
      const rank = sourceCount;
      return (readings) => {
        publish(readings.map((reading) => folded(rank, reading)));
      };
    },
    forget: (lastWords) => {
      for (const { signal, instance } of lastWords) accounts.delete(readingKey(signal, instance));
      lastPublish(lastWords);
    },
  };
}
