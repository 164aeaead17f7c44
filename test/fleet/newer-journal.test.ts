// A newer version wrote something into the fleet's journal that this one does not know: it decides nothing by the
// rest, says what is to be done, and does not start again as if nothing were.

import { expect } from '@jest/globals';
import { chainEntry } from '../../orchestrator/journal/chain.js';
import type { Fact } from '../../orchestrator/journal/fact.js';
import { openJournalOn } from '../../orchestrator/journal/open.jetstream.js';
import { FLEET_PARTITION } from '../../proto/subjects.js';
import { createLog } from '../../runtime/log.js';
import { connectNats } from '../../runtime/nats.js';
import { fleetTest } from '../support/confinement.js';
import { hasLedAll, ledBy } from './led.js';
import { stageForEach } from './on-stage.js';

const MS_MAX = 120_000;
const NOBODY_KNOWS_IT = {
  kind: 'quarantine.placed',
  subject: 'dev.lull.fixture',
} as unknown as Fact;
const TOLD = 'is of a kind that this version does not know ("quarantine.placed")';
const log = createLog('test', 'silent');

const stage = stageForEach();

/** As the newer version does that leads it now. */
async function writeNewer(): Promise<void> {
  const nats = await connectNats({ url: stage().server.url, name: 'newer', log });
  const how = { partition: FLEET_PARTITION, log, replicaCount: 1, allowLossy: false };
  const journal = await openJournalOn(nats.connection, { ...how, mayCreate: false });
  const entry = chainEntry(await journal.head(), Date.now(), NOBODY_KNOWS_IT);
  const { sequence, atMs, body, hash } = entry;
  await journal.append([{ sequence, atMs, body, hash }]);
  await journal.close();
  await nats.close();
}

fleetTest(
  'it gives up what it leads, grants nothing, is not well, and says which version is to be started',
  async () => {
    const lull = await stage().orchestrator('orchestrator-1');
    await stage().until('it leads everything', () => hasLedAll(lull));
    const host = await stage().machine({ hostId: 'machine-0' });
    host.see('engaged');
    await stage().accept(lull);
    await writeNewer();
    await stage().until('it is not well, and says why', () =>
      lull.command(['health']).then(
        () => false,
        (error: unknown) => (error as { stdout: string }).stdout.includes(TOLD),
      ),
    );
    const [led, granted] = [ledBy(lull).length, host.granted.length];
    host.see('away');
    await expect(stage().orchestrator('orchestrator-2')).rejects.toThrow(TOLD);
    expect(host.granted.length).toBe(granted);
    expect(ledBy(lull).length).toBe(led);
    await lull.stop();
    await expect(stage().orchestrator('orchestrator-1')).rejects.toThrow(TOLD);
  },
  MS_MAX,
);
