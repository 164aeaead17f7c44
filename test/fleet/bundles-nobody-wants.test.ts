// Bundles of versions that were replaced, in the store of a fleet.

import { expect } from '@jest/globals';
import { jetstream } from '@nats-io/jetstream';
import { Objm } from '@nats-io/obj';
import { BUNDLES_BUCKET } from '../../proto/subjects.js';
import { createLog } from '../../runtime/log.js';
import { connectNats } from '../../runtime/nats.js';
import { fleetTest } from '../support/confinement.js';
import { stageForEach } from './on-stage.js';

const MS_MAX = 120_000;
const DAY_MS = 86_400_000;
const stage = stageForEach();

fleetTest(
  'whoever begins to lead the fleet lets go of them, but not of what was only just put there',
  async () => {
    const lull = await stage().orchestrator('one');
    await stage().accept(lull);
    await lull.stop();
    const log = createLog('test', 'silent');
    const nats = await connectNats({ url: stage().server.url, name: 'somebody', log });
    try {
      const js = jetstream(nats.connection);
      const store = await new Objm(js).open(BUNDLES_BUCKET);
      const namesOf = async () => (await store.list()).map(({ name }) => name).sort();
      const [wanted = ''] = await namesOf();
      await store.putBlob({ name: 'new' }, Buffer.from('in the middle of a submission'));
      await store.putBlob({ name: 'old' }, Buffer.from('of a version that was replaced'));
      // As it is two days later, for the one that is accepted too.
      for (const name of ['old', wanted]) {
        const { bucket, nuid, size, chunks, digest } = (await store.info(name)) ?? {};
        const mtime = new Date(Date.now() - 2 * DAY_MS).toISOString();
        const about = JSON.stringify({ name, bucket, nuid, size, chunks, digest, mtime });
        const key = Buffer.from(name).toString('base64').replaceAll('/', '_').replaceAll('+', '-');
        await js.publish(`$O.${BUNDLES_BUCKET}.M.${key}`, about);
      }
      expect(await namesOf()).toEqual(['new', 'old', wanted].sort());
      await stage().orchestrator('two');
      await stage().until('the old one is gone', async () => !(await namesOf()).includes('old'));
      expect(await namesOf()).toEqual(['new', wanted].sort());
    } finally {
      await nats.close();
    }
  },
  MS_MAX,
);
