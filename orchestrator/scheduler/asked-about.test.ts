// What the sensors are asked to look at, because of the updaters that there are.

import { expect, test } from '@jest/globals';
import type { Fact } from '../journal/fact.js';
import type { Update } from '../runs/update.js';
import {
  at,
  enabled,
  NOW_MS,
  submitted,
  updateOf,
  UPDATER,
  worldOf,
  type Dated,
} from '../world/history.testing.js';
import { appsAskedAbout, disksAskedAbout } from './asked-about.js';
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
    ...['/state', '/home/apps', '/a', '/opt/tools'],
  ]);
});

test('an updater that names thousands of programs pushes out none of what another one named', () => {
  const many = Array.from({ length: 2_000 }, (_, i) =>
    updateOf(`u${String(i)}`, { closedApps: [`/a/${String(i)}`] }),
  );
  const editor = updateOf('editor', { closedApps: ['/usr/bin/editor'] });
  const world = worldOf([
    ...at(NOW_MS, submitted(), enabled(), submitted(OTHER), enabled(OTHER)),
    ...found(UPDATER, many),
    ...found(OTHER, [editor]),
  ]);
  const asked = appsAskedAbout(world);
  expect(asked).toHaveLength(2_001);
  expect(asked.slice(0, 2)).toEqual(['/a/0', '/usr/bin/editor']);
});

function found(updaterId: string, updates: readonly Update[]): Dated[] {
  return at(NOW_MS, { kind: 'scan.found', runId: 'r', updaterId, updates });
}
