import { expect, test } from '@jest/globals';
import { changesRoots, type GrantedWork } from './grant.js';

const perform = (action: Extract<GrantedWork, { kind: 'perform' }>['action']): GrantedWork => ({
  kind: 'perform',
  action,
  update: new Uint8Array(),
});

test.each<[string, GrantedWork, boolean]>([
  ['a scan', { kind: 'scan' }, false],
  ['a download', perform('download'), false],
  ['a verify', perform('verify'), false],
  ['the start of a program', perform('restart_app'), false],
  ['what follows a restart', perform('reboot'), false],
  ['an install', perform('install'), true],
  ['a rollback', perform('rollback'), true],
  ['an uninstall', perform('uninstall'), true],
])('whether %s may change a root', (_what, work, may) => {
  expect(changesRoots(work)).toBe(may);
});
