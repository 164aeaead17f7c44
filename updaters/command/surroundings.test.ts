import { expect, test } from '@jest/globals';
import { environmentOf, pathInSandbox } from './surroundings.js';

test.each([
  ['/usr/bin/tool', '/usr/bin/tool'],
  ['/srv/db/bin/tool', '/lull/roots/root/bin/tool'],
  ['/srv/db2/tool', '/srv/db2/tool'],
  ['/srv/db', '/srv/db'],
])('a tool at %s is found at %s', (tool, shown) => {
  expect(pathInSandbox(tool, '/srv/db', '/lull/roots/root')).toBe(shown);
});

test('a tool is given this, and nothing of the updater', () => {
  const given = {
    ...{ searchPath: '/usr/bin', rootDir: '/r', workDir: '/w', runId: 'run', proxyUrl: undefined },
    settings: new Map([['channel', 'beta']]),
  };
  const always = {
    ...{ PATH: '/usr/bin', LANG: 'C.UTF-8', HOME: '/w', LULL_ROOT: '/r', LULL_WORK: '/w' },
    ...{ LULL_RUN: 'run', LULL_SETTING_CHANNEL: 'beta' },
  };
  expect(environmentOf(given)).toEqual(always);
  const attempt = { attempt: 2, checkpointDir: '/c', fromVersion: undefined };
  const proxyUrl = 'http://127.0.0.1:1';
  expect(environmentOf({ ...given, proxyUrl }, attempt)).toEqual({
    ...always,
    ...{ http_proxy: proxyUrl, https_proxy: proxyUrl, HTTP_PROXY: proxyUrl, HTTPS_PROXY: proxyUrl },
    ...{ LULL_ATTEMPT: '2', LULL_CHECKPOINT: '/c', LULL_FROM_VERSION: '' },
  });
});
