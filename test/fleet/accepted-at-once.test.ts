// Operators accept updaters at one instant, with two orchestrators: each decision is made on what the others
// have decided, and nobody is sent back because somebody else was first.

import { expect } from '@jest/globals';
import { fleetTest } from '../support/confinement.js';
import { refusal } from './ask.grpc.js';
import { stageForEach } from './on-stage.js';

const MS_MAX = 240_000;

const stage = stageForEach();

const settings = [{ name: 'apps', kind: 'path', why: 'where it is' }];
const install_roots = [{ name: 'apps', path: '{apps}' }];

fleetTest(
  'all that have directories of their own are accepted, and of two for one directory the second is refused',
  async () => {
    const [first, second] = await Promise.all([
      stage().orchestrator('orchestrator-1'),
      stage().orchestrator('orchestrator-2'),
    ]);
    const places = ['/srv/one', '/srv/two', '/srv/three', '/srv/four', '/srv/same', '/srv/same'];
    const adds = await Promise.all(
      places.map(async (place, at) => {
        const id = `dev.lull.at${String(at)}`;
        const file = await stage().bundle({ id, manifest: { settings, install_roots } });
        return ['updaters', 'add', file, '--enable', '--set', `apps=${place}`];
      }),
    );
    const told = await Promise.all(
      adds.map((add, at) => refusal(at % 2 === 0 ? first : second, add)),
    );
    const refused = told.filter((words) => words !== 'nothing was refused');
    expect(refused).toEqual([expect.stringContaining('(SETTING_MISSING)')]);
    expect(told.slice(0, 4)).toEqual(Array(4).fill('nothing was refused'));
  },
  MS_MAX,
);
