// Where a journal is: a file, or a partition of a stream.

export interface FilePlace {
  readonly kind: 'file';
  readonly path: string;
}

export interface StreamPlace {
  readonly kind: 'stream';
  /** Of the server, without the partition. */
  readonly url: URL;
  readonly partition: string;
}

export type JournalPlace = FilePlace | StreamPlace;

/** A place that cannot be one; the message says why. */
export class PlaceError extends Error {}

/**
 * @param text a path, or `nats://host:port/PARTITION`; `tls://` where the connection has to be encrypted.
 * @throws PlaceError
 */
export function journalPlace(text: string): JournalPlace {
  if (!/^[a-z]+:\/\//.test(text)) return { kind: 'file', path: text };
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.hostname === '') throw new PlaceError('that is no URL');
  if (url.protocol !== 'nats:' && url.protocol !== 'tls:') {
    throw new PlaceError(`a journal is a file, or at nats:// or tls://, not at ${url.protocol}//`);
  }
  const partition = decodeURIComponent(url.pathname.slice(1));
  if (partition === '') {
    throw new PlaceError(
      'the URL has to end with the name of the partition, as in nats://host:4222/fleet-0',
    );
  }
  url.pathname = '';
  return { kind: 'stream', url, partition };
}

/** For people: without the password. */
export function placeText(place: JournalPlace): string {
  if (place.kind === 'file') return place.path;
  return `${place.url.protocol}//${place.url.host}/${place.partition}`;
}
