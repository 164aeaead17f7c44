import { expect, test } from '@jest/globals';
import { proxyFor, readProxyRule } from './upstream-proxy.js';

const { rule, problems } = readProxyRule({
  https_proxy: 'http://user:word@proxy.example:3128',
  HTTP_PROXY: 'http://plain.example:8080/',
  NO_PROXY: 'localhost, .corp.example,*.lab.example 10.0.0.1:8443',
});

test.each([
  [true, 'registry.example', 443, 'proxy.example:3128'],
  [false, 'registry.example', 80, 'plain.example:8080'],
  [true, 'localhost', 443, undefined],
  [true, 'corp.example', 443, undefined],
  [true, 'a.corp.example', 443, undefined],
  [true, 'evilcorp.example', 443, 'proxy.example:3128'],
  [true, 'x.lab.example', 443, undefined],
  [true, '10.0.0.1', 8443, undefined],
  [true, '10.0.0.1', 443, 'proxy.example:3128'],
])('secure %s, to %s:%i by %s', (secure, host, port, proxy) => {
  expect(problems).toEqual([]);
  expect(proxyFor(rule, { secure, host, port })?.host).toBe(proxy);
});

test('no proxy by a star, and a proxy that is none', () => {
  const all = readProxyRule({ https_proxy: 'http://p.example', no_proxy: '*' }).rule;
  expect(proxyFor(all, { secure: true, host: 'a.example', port: 443 })).toBeUndefined();
  const wrong = readProxyRule({ HTTPS_PROXY: 'proxy.example:3128', HTTP_PROXY: '' });
  expect(wrong.problems).toEqual([expect.stringContaining('https_proxy')]);
});

test('a proxy for all, and one of its own for https', () => {
  const { rule: both } = readProxyRule({
    ALL_PROXY: 'https://all.example',
    https_proxy: 'http://secure.example:3128',
  });
  expect([both.http?.href, both.https?.href]).toEqual([
    'https://all.example/',
    'http://secure.example:3128/',
  ]);
  expect(readProxyRule({ all_proxy: 'socks5://p.example:1080' }).problems).toEqual([
    'all_proxy is not an http:// or https:// URL and is not used',
  ]);
});

test.each([
  ['::1', '[::1]', 443, true],
  ['[::1]', '[::1]', 443, true],
  ['[::1]:8443', '[::1]', 443, false],
  ['[::1]:8443', '[::1]', 8443, true],
  ['0:0:0:0:0:0:0:1', '[::1]', 443, true],
  ['::1', '[::2]', 443, false],
  ['10.0.0.0/8', '10.200.3.4', 443, true],
  ['10.0.0.0/8', '11.0.0.1', 443, false],
  ['192.168.4.0/22', '192.168.7.255', 80, true],
  ['192.168.4.0/22', '192.168.8.0', 80, false],
  ['fd00::/8', '[fd12::9]', 443, true],
  ['fd00::/8', '[fe12::9]', 443, false],
  ['0.0.0.0/0', 'a.example', 443, false],
  ['10.0.0.1', 'x10.0.0.1', 443, false],
])('NO_PROXY=%s, to %s:%i: left out %s', (noProxy, host, port, leftOut) => {
  const { rule: each } = readProxyRule({ ALL_PROXY: 'http://p.example', NO_PROXY: noProxy });
  expect(proxyFor(each, { secure: true, host, port }) === undefined).toBe(leftOut);
});
