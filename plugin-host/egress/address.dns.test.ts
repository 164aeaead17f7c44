import { describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type LookupFunction } from 'node:net';
import { lookupBy, mayDial } from './address.dns.js';

describe('a granted name that resolves to this machine or its network segment (T13)', () => {
  test.each([
    '127.0.0.1',
    '127.8.8.8',
    '0.0.0.0',
    '169.254.169.254',
    '224.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    'fe80::1',
    'ff02::1',
    'fd00:ec2::254',
    '::ffff:127.0.0.1',
    '::ffff:a9fe:a9fe',
    'not-an-address',
  ])('%s is not dialled', (address) => {
    expect(mayDial('updates.example', address)).toBe(false);
  });
});

test.each(['93.184.216.34', '203.0.113.80', '10.1.2.3', '192.168.1.5', '2001:db8::1', 'fd12::1'])(
  'a granted name may have the address %s',
  (address) => {
    expect(mayDial('updates.example', address)).toBe(true);
  },
);

test.each([
  ['127.0.0.1', '127.0.0.1'],
  ['[::1]', '::1'],
  ['localhost', '127.0.0.1'],
  ['x.localhost', '::1'],
])('%s was granted literally', (host, address) => {
  expect(mayDial(host, address)).toBe(true);
});

describe('a name whose answers change from one question to the next (T13)', () => {
  const PUBLIC = '203.0.113.80';

  /** Answers the first question well, and every other one with this machine. */
  function rebinding(): LookupFunction {
    let asked = 0;
    return lookupBy((_host, _options, answer) => {
      asked += 1;
      answer(null, [{ address: asked === 1 ? PUBLIC : '127.0.0.1', family: 4 }]);
    });
  }

  const addressOf = (lookup: LookupFunction): Promise<unknown> =>
    new Promise((resolve, reject) => {
      lookup('granted.example', {}, (error, address) => {
        if (error === null) resolve(address);
        else reject(error);
      });
    });

  test('is asked once for a connection, and dialled where that was checked', async () => {
    const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    let asked = 0;
    const lookup = lookupBy((_host, _options, answer) => {
      asked += 1;
      answer(null, [{ address: asked === 1 ? '127.0.0.1' : '127.0.0.2', family: 4 }]);
    });
    // A name that means this machine, so that the test stays on it.
    const socket = connect({ host: 'granted.localhost', port, lookup });
    await once(socket, 'connect');
    expect({ asked, dialled: socket.remoteAddress }).toEqual({ asked: 1, dialled: '127.0.0.1' });
    socket.destroy();
    server.close();
  });

  test('is refused for the next connection', async () => {
    const lookup = rebinding();
    expect(await addressOf(lookup)).toBe(PUBLIC);
    await expect(addressOf(lookup)).rejects.toMatchObject({ code: 'ADDRESS_REFUSED' });
  });

  test('with good and bad answers at once, only the good are dialled', async () => {
    const mixed = ['127.0.0.1', '::1', '169.254.169.254', PUBLIC];
    const lookup = lookupBy((_host, _options, answer) => {
      answer(
        null,
        mixed.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
    });
    expect(await addressOf(lookup)).toBe(PUBLIC);
  });
});
