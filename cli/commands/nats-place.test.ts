// How NATS is told of in the environment: nothing that was set is dropped in silence.

import { describe, expect, test } from '@jest/globals';
import { natsFiles } from './nats-place.js';

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

test('credentials on the command line go before those of the environment', () => {
  expect(natsFiles({ natsCreds: 'a' }, { LULL_NATS_CREDS: 'b' })).toEqual({ credsFile: 'a' });
});
