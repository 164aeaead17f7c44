// Reading a tar, one entry after the other.

import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract, type Header } from 'tar-stream';

export interface TarEntry {
  readonly header: Header;
  /** To be read, or skipped, before the next entry comes. */
  readonly content: AsyncIterable<Uint8Array>;
  readonly skip: () => void;
}

/**
 * @param steps the bytes, and what they go through until they are a tar.
 * @throws what `visit` throws, what breaks the bytes, and an Error for what is no tar.
 */
export async function readTar(
  steps: readonly [Readable, ...NodeJS.ReadWriteStream[]],
  signal: AbortSignal,
  visit: (entry: TarEntry) => Promise<void>,
): Promise<void> {
  const entries = extract();
  const fed = pipeline([...steps, entries], { signal });
  // What breaks the feeding ends the entries with its error, so that visiting tells of both.
  fed.catch(() => undefined);
  for await (const entry of entries) {
    await visit({
      header: entry.header,
      content: entry as AsyncIterable<Uint8Array>,
      skip: () => {
        entry.resume();
      },
    });
  }
  await fed;
}
