// What the sensors are asked to look at, because of the updaters that there are.

import { expect, test } from '@jest/globals';
import type { Fact } from '../journal/fact.js';
import { at, enabled, NOW_MS, submitted, UPDATER, worldOf } from '../world/history.testing.js';
import { disksAskedAbout } from './asked-about.js';
import { OTHER } from './offering.testing.js';

const settings = [{ name: 'apps', kind: 'path', why: 'where it is' }];
const roots = (...paths: string[]) => paths.map((path, i) => ({ name: `r${String(i)}`, path }));

test('the file systems that updates are written to, each once, as operators have bound them', () => {
  const submission = submitted(UPDATER, {
    install_roots: roots('{apps}', '/opt/tools', '/state'),
    settings,
  });
  const other = submitted(OTHER, { install_roots: roots('/opt/tools', '/a') });
  const acceptance = { ...enabled(), settings: [['apps', '/home/apps']] } as Fact;
  const asked = (...facts: Fact[]) => disksAskedAbout(worldOf(at(NOW_MS, ...facts)), '/state');
  expect(asked()).toEqual(['/state']);
  expect(asked(submission, other)).toEqual(['/state']);
  expect(asked(submission, other, acceptance)).toEqual(['/state', '/home/apps', '/opt/tools']);
  expect(asked(submission, other, acceptance, enabled(OTHER))).toEqual([
    ...['/state', '/a', '/home/apps', '/opt/tools'],
  ]);
});
