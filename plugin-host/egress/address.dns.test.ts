import { describe, expect, test } from '@jest/globals';
import { mayDial } from './address.dns.js';

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
