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
