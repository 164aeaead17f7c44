// Who has roots while some of what was accepted is on its way into the journal.

import { expect, test } from '@jest/globals';
import type { Fact } from '../journal/fact.js';
import { at, enabled, submitted, UPDATER, worldOf } from '../world/history.testing.js';
import { rootHolders } from './root-holders.js';

const other = 'com.acme.other';
const bound = (prefix: string): Fact => ({
  ...(enabled() as Extract<Fact, { kind: 'updater.enabled' }>),
  settings: [['prefix', prefix]],
});

test.each<[string, Fact[], Fact[], [string, string | undefined][]]>([
  ['what is accepted', [submitted(), bound('/opt/x')], [], [[UPDATER, '/opt/x']]],
  ['what was accepted a moment ago', [], [submitted(), bound('/opt/x')], [[UPDATER, '/opt/x']]],
  [
    'one that is being bound to other roots, with both',
    [submitted(), bound('/opt/x')],
    [bound('/opt/y')],
    [
      [UPDATER, '/opt/x'],
      [UPDATER, '/opt/y'],
    ],
  ],
  [
    'of two that come one after the other both',
    [submitted(other), submitted()],
    [enabled(other), bound('/opt/x')],
    [
      [other, undefined],
      [UPDATER, undefined],
      [other, undefined],
      [UPDATER, '/opt/x'],
    ],
  ],
  ['not what is submitted alone', [], [submitted()], []],
  ['not what nobody submitted', [], [enabled()], []],
])('roots are held by %s', (_who, durable, underWay, held) => {
  const world = worldOf(at(1, ...durable));
  const before = [...world.updaters];
  const holders = rootHolders(world, underWay);
  expect(holders.map(({ id, accepted }) => [id, accepted?.settings.get('prefix')])).toEqual(held);
  expect([...world.updaters]).toEqual(before);
});
