// A fleet began on one server, and its journals are copied to a cluster of three, as docs/operators.md says: it goes
// on there with everything that it knew, in three copies.

import { expect } from '@jest/globals';
import { lull as runLull } from '../../harness/lull.spawn.js';
import { STREAM } from '../../orchestrator/journal/stream.jetstream.js';
import { fleetTest } from '../support/confinement.js';
import { entriesOf, hostsOf, isWhole } from './ask.grpc.js';
import { openClusterStage } from './cluster-stage.js';
import { timesDone } from './fleet-host.nats.js';
import { allPartitions, hasLedAll } from './led.js';
import { stageForEach } from './on-stage.js';

const MS_MAX = 240_000;
const HOST_ID = 'machine-0';

const stage = stageForEach();
const three = stageForEach(openClusterStage);

fleetTest(
  'nothing that was recorded is lost, nothing is done twice, and a server may go',
  async () => {
    const before = await stage().orchestrator('orchestrator-1');
    await stage().until('it leads everything', () => hasLedAll(before));
    const host = await stage().machine({ hostId: HOST_ID });
    await stage().accept(before);
    await stage().until(
      'it is installed, and recorded',
      async () => (await entriesOf(before, HOST_ID)).filter(isOver).length === 2,
    );
    expect(timesDone(host)['install update']).toBe(1);
    const recorded = (await entriesOf(before, HOST_ID)).map(({ hashSha256 }) => hashSha256);
    await Promise.all([before.stop(), host.close()]);

    const { url } = three().server(0);
    for (const partition of allPartitions) {
      const places = [stage().server.url, url].map(({ href }) => `${href}/${partition}`);
      await runLull(['journal', 'copy', ...places, '--journal-copies', '3']);
    }
    const place = {
      url,
      alsoAt: three()
        .servers.slice(1)
        .map((each) => each.url.host),
    };
    const after = await stage().orchestrator('orchestrator-1', place);
    const again = await stage().machine({ hostId: HOST_ID }, place);
    await stage().addAgain(after);
    const isAttached = async (): Promise<boolean> =>
      (await hostsOf(after)).some(({ id, attached }) => id === HOST_ID && attached);
    await stage().until('the machine is there', isAttached);
    const kept = (await entriesOf(after, HOST_ID)).map(({ hashSha256 }) => hashSha256);
    expect(kept.slice(0, recorded.length)).toEqual(recorded);
    expect(await isWhole(after, HOST_ID)).toBe(true);
    await stage().until('there are three copies', async () => {
      const lack = await three().lackOf(STREAM).catch(String);
      return lack === undefined;
    });
    expect(await after.command(['updaters'])).toContain('enabled');

    await (await three().leaderOf(STREAM)).kill();
    await stage().until('it goes on', () => isAttached().catch(() => false));
    expect(timesDone(again)).toEqual({});
  },
  MS_MAX,
);

function isOver({ kind }: { readonly kind: string }): boolean {
  return kind === 'run.finished';
}
