// What an orchestrator of a fleet remembers of a journal says nothing of the one that is kept.

import { expect } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { createLog } from '../../runtime/log.js';
import { connectNats } from '../../runtime/nats.js';
import { fleetTest } from '../support/confinement.js';
import { stageForEach } from './on-stage.js';

const MS_MAX = 120_000;
const stage = stageForEach();

fleetTest(
  "the fleet's journal is verified where it is kept: when it is gone, nobody vouches for it",
  async () => {
    const lull = await stage().orchestrator('one');
    await stage().accept(lull);
    expect(await lull.command(['audit', 'verify'])).toContain('the chain is whole');
    expect(await lull.command(['audit', 'checkpoint'])).toMatch(
      /^lull\.journal\.v1\/[0-9a-f]{64}\n/,
    );
    const log = createLog('test', 'silent');
    const nats = await connectNats({ url: stage().server.url, name: 'somebody', log });
    await (await jetstreamManager(nats.connection)).streams.delete('LULL_JOURNAL');
    await nats.close();
    await expect(lull.command(['audit', 'verify'])).rejects.toMatchObject({
      code: 3,
      stderr: expect.stringContaining('JOURNAL_LOST') as unknown,
    });
  },
  MS_MAX,
);
