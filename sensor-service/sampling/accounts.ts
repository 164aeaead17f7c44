import { readingKey, type Reading } from '../../conditions/reading.js';
import { foldAccounts } from '../reading/accounts.js';

/** What each source said last, and what all of it comes to. */
export interface Accounts {
  /**
   * Adds a source; one that is added earlier is believed first.
   * @returns what it says its readings to: everybody is told before that returns.
   */
  readonly source: () => (readings: readonly Reading[]) => void;
}

/** @param publish told of every reading that a source has said something new of, folded. */
export function createAccounts(publish: (readings: Reading[]) => void): Accounts {
  const sources: Map<string, Reading>[] = [];

  function folded(reading: Reading): Reading {
    const key = readingKey(reading.signal, reading.instance);
    const [first, ...others] = sources.flatMap((said) => said.get(key) ?? []);
    return first === undefined ? reading : foldAccounts([first, ...others]);
  }

  return {
    source: () => {
      const said = new Map<string, Reading>();
      sources.push(said);
      return (readings) => {
        for (const reading of readings) {
          said.set(readingKey(reading.signal, reading.instance), reading);
        }
        publish(readings.map(folded));
      };
    },
  };
}
