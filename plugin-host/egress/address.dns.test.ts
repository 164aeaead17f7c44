import { describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type LookupFunction } from 'node:net';
import { leadsInside, lookupBy, mayDial, refuseLiteral } from './address.dns.js';

/** This machine's, and addresses of the world by their looks. */
const here = ['198.51.100.7', '2001:db8:7::1'];

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
    'fd20:ce::254',
    '168.63.129.16',
    '100.100.100.200',
    '192.0.0.192',
    '::ffff:168.63.129.16',
    '::ffff:127.0.0.1',
    '::ffff:a9fe:a9fe',
    '64:ff9b::7f00:1',
    '64:ff9b::169.254.169.254',
    '2002:7f00:1::1',
    '2001::7f00:0:0:80ff:fffe',
    '::7f00:1',
    'fe80::1%eth0',
    'not-an-address',
  ])('%s is not dialled', (address) => {
    expect(mayDial('updates.example', address, true, here)).toBe(false);
    expect(mayDial('updates.example', address, false, here)).toBe(false);
  });
});

const inner = [
  ...['10.1.2.3', '172.31.0.1', '192.168.1.5', '100.64.0.1', 'fd12::1', '::ffff:10.0.0.1'],
  ...['64:ff9b::a00:1', '64:ff9b:1::5', '2002:c0a8:101::1', 'fec0::1'],
];
/** The same address, and what carries it. */
const ofThisMachine = [...here, '::ffff:198.51.100.7', '64:ff9b::c633:6407', '2001:db8:7:0::1'];
const world = ['93.184.216.34', '203.0.113.80', '172.32.0.1', '2001:db8::1', '64:ff9b::cb00:7150'];

describe('a name that resolves to an inner network (T13)', () => {
  test.each([...inner, ...ofThisMachine])(
    'at %s is dialled for the operator, who has one, and for no vendor',
    (address) => {
      expect(mayDial('registry.corp.example', address, true, here)).toBe(true);
      expect(mayDial('registry.corp.example', address, false, here)).toBe(false);
    },
  );

  test.each(world)('and one of the world, at %s, for both', (address) => {
    expect(mayDial('updates.example', address, true, here)).toBe(true);
    expect(mayDial('updates.example', address, false, here)).toBe(true);
  });
});

describe('an address that was granted literally (T14)', () => {
  test.each([
    '127.0.0.1',
    '[::1]',
    'localhost',
    'x.localhost',
    '169.254.169.254',
    ...inner,
    ...here,
  ])('%s means itself when the operator named it, and is refused to a vendor', (host) => {
    const literal = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
    expect(() => {
      refuseLiteral(literal, true, here);
    }).not.toThrow();
    expect(() => {
      refuseLiteral(literal, false, here);
    }).toThrow(`${literal} is`);
  });

  test('of the world, or a name, is not judged before it is resolved', () => {
    for (const host of [
      ...world.map((each) => (each.includes(':') ? `[${each}]` : each)),
      'a.example',
    ]) {
      refuseLiteral(host, false);
    }
  });
});

describe('a name whose answers change from one question to the next (T13)', () => {
  const PUBLIC = '203.0.113.80';

  /** Answers the first question well, and every other one with this machine. */
  function rebinding(): LookupFunction {
    let asked = 0;
    return lookupBy(
      (_host, _options, answer) => {
        asked += 1;
        answer(null, [{ address: asked === 1 ? PUBLIC : '127.0.0.1', family: 4 }]);
      },
      false,
      here,
    );
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
    const lookup = lookupBy(
      (_host, _options, answer) => {
        asked += 1;
        answer(null, [{ address: asked === 1 ? '127.0.0.1' : '127.0.0.2', family: 4 }]);
      },
      true,
      here,
    );
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

  test('at an address of this machine is refused like any inner one, and the words say which', async () => {
    const lookup = lookupBy(
      (_host, _options, answer) => {
        answer(null, [{ address: '198.51.100.7', family: 4 }]);
      },
      false,
      here,
    );
    await expect(addressOf(lookup)).rejects.toThrow(
      'granted.example resolves to 198.51.100.7, which is this machine',
    );
  });

  // Of the others nobody who asks for a login says that a server is there.
  test.each([
    ['10.0.0.1', true],
    ['127.0.0.1', false],
    ['169.254.169.254', false],
    ['198.51.100.7', false],
  ])('at %s leads into an inner network: %p', async (address, inside) => {
    const lookup = lookupBy(
      (_host, _options, answer) => {
        answer(null, [{ address, family: 4 }]);
      },
      false,
      here,
    );
    const refused = await addressOf(lookup).catch((error: unknown) => error);
    expect(leadsInside(refused)).toBe(inside);
  });

  test('with good and bad answers at once, only the good are dialled', async () => {
    const mixed = ['127.0.0.1', '10.0.0.1', '::1', '169.254.169.254', PUBLIC];
    const lookup = lookupBy(
      (_host, _options, answer) => {
        answer(
          null,
          mixed.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
        );
      },
      false,
      here,
    );
    expect(await addressOf(lookup)).toBe(PUBLIC);
  });
});
