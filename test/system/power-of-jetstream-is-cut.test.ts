// The power of a nats-server is cut at every step: what it acknowledged is there.

import { expect } from '@jest/globals';
import { natsDiskTest } from '../support/confinement.js';
import { cut, CUT_MS_MAX, syncs } from '../support/power-cut.spawn.js';

for (const [sync, words] of syncs) {
  natsDiskTest(
    `acknowledged and lost: nothing, when ${words}`,
    async () => {
      const { images, problems } = await cut('jetstream', sync);
      expect(problems).toEqual([]);
      expect(images).toBeGreaterThan(12);
    },
    CUT_MS_MAX,
  );
}

natsDiskTest('a server that syncs now and then is caught', async () => {
  expect((await cut('careless-jetstream', 'names')).problems).not.toEqual([]);
});
