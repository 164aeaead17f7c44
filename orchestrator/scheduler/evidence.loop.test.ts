// What was changed in a root is in the journal, whatever became of the run and of its updater meanwhile.

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createLog } from '../../runtime/log.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import type { Fact } from '../journal/fact.js';
import type { HostConnection } from '../link/host-session.loop.js';
import {
  admitted,
  enabled,
  failure,
  finished,
  found,
  installed,
  interrupted,
  perform,
  submitted,
  updateOf,
  UPDATER,
} from '../world/history.testing.js';
import { openLedgerUnderTest, type LedgerUnderTest } from '../world/ledger.testing.js';
import { updateKey } from '../world/world.js';
import { hostEdges, type HostPresence } from './edges.loop.js';

let rig: LedgerUnderTest;
let edges: HostPresence;
const update = updateOf('a', { nextAction: 'install' });

beforeEach(async () => {
  rig = await openLedgerUnderTest();
  edges = hostEdges({
    ledger: rig.ledger,
    clock: new VirtualClock(),
    log: createLog('test', 'silent'),
    wake: () => undefined,
    onProgress: () => undefined,
  });
  await rig.ledger.append([submitted(), enabled(), found([update])]);
  await rig.ledger.append([admitted('r', perform(update), { epoch: 2 })]);
});

afterEach(() => rig.close());

const host: HostConnection = {
  ...{ hostId: 'host-1', instanceId: 'i', bootId: undefined, confinement: undefined },
  ...{ held: new Map(), diskPath: '', send: () => undefined },
};

const changed: Fact = {
  ...{ kind: 'root.changed', runId: 'r', root: 'apps', path: '/opt/apps', fileCount: 1 },
  ...{ treeBeforeSha256: 'a', treeAfterSha256: 'b', sizeBytes: 1, changes: [] },
  truncated: false,
};

const cut = interrupted('r');
const withdrawn: Fact = { kind: 'updater.withdrawn', id: UPDATER, actor: 'operator' };

test.each<[string, Fact[], number]>([
  ['is on', [], 2],
  ['was admitted anew since', [], 1],
  ['was cut', [cut], 2],
  ['was cut, and whose updater was withdrawn before it was repeated', [cut, withdrawn], 2],
  ['has failed', [finished('r', failure('APPLY_FAILED'))], 2],
])('of a run that %s it is recorded, once (E4, E5)', async (_what, since, epoch) => {
  await rig.ledger.append(since);
  const before = (await rig.facts()).length;
  for (const [at, fact] of [installed('r'), changed].entries()) {
    const event = { sequence: at + 1, runId: 'r', epoch, body: { kind: 'fact', fact } } as const;
    await edges.event(host, event);
    await edges.event(host, event);
  }
  const kinds = (await rig.facts()).slice(before).map(({ kind }) => kind);
  expect(kinds).toEqual(['content.installed', 'root.changed']);
});

test('of a run that was cut it is known to be installed, and makes it look no more alive', async () => {
  await rig.ledger.append([cut]);
  const body = { kind: 'fact', fact: installed('r') } as const;
  await edges.event(host, { sequence: 1, runId: 'r', epoch: 2, body });
  expect(rig.ledger.world.runs.get('r')?.phase.kind).toBe('interrupted');
  expect(rig.ledger.world.updates.get(updateKey(UPDATER, 'a'))?.committed).toHaveLength(1);
});
