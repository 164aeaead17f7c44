// How NATS is told of in the environment: nothing that was set is dropped in silence.

import { describe, expect, test } from '@jest/globals';
import { natsFiles, natsServers } from './nats-place.js';

describe('files of TLS', () => {
  test.each([
    [{}, {}],
    [{ LULL_NATS_CA: 'ca' }, { tls: { caFile: 'ca' } }],
    [
      { LULL_NATS_CERT: 'cert', LULL_NATS_KEY: 'key' },
      { tls: { certFile: 'cert', keyFile: 'key' } },
    ],
    [
      { LULL_NATS_CA: 'ca', LULL_NATS_CERT: 'cert', LULL_NATS_KEY: 'key' },
      { tls: { caFile: 'ca', certFile: 'cert', keyFile: 'key' } },
    ],
  ])('%j', (env, files) => {
    expect(natsFiles({}, env)).toEqual(files);
  });

  test('a certificate without its key is refused, and a key without its certificate', () => {
    expect(() => natsFiles({}, { LULL_NATS_CA: 'ca', LULL_NATS_CERT: 'c' })).toThrow(
      'LULL_NATS_CERT wants LULL_NATS_KEY as well',
    );
    expect(() => natsFiles({}, { LULL_NATS_KEY: 'k' })).toThrow(
      'LULL_NATS_KEY wants LULL_NATS_CERT as well',
    );
  });
});

describe('servers', () => {
  const at = (text: string): unknown => {
    const { url, alsoAt } = natsServers(text);
    return [url.href, alsoAt];
  };

  test('are one, or several of a cluster', () => {
    expect(at('tls://a:4222')).toEqual(['tls://a:4222', undefined]);
    expect(at('nats://u:p@a:4222,nats://b:4222,nats://[::1]:4223')).toEqual([
      'nats://u:p@a:4222',
      ['b:4222', '[::1]:4223'],
    ]);
  });

  test.each([
    ['', 'is no NATS server'],
    ['nats://a:4222,', '"" is no NATS server'],
    ['nats://a:4222,http://b', '"http://b" is no NATS server'],
    ['tls://a:4222,nats://b:4222', 'it is tls://host:port as that one'],
    ['nats://a:4222,nats://u:p@b:4222', 'without a user of its own'],
  ])('that are none, or not alike, are refused: %s', (text, why) => {
    expect(() => natsServers(text)).toThrow(why);
  });
});

test('credentials on the command line go before those of the environment', () => {
  expect(natsFiles({ natsCreds: 'a' }, { LULL_NATS_CREDS: 'b' })).toEqual({ credsFile: 'a' });
});
