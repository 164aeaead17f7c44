// What one updater may fill of the store (T20).

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { RECENT_MS } from './keeping.js';
import { openRig, type Rig } from './rig.http.testing.js';
import { hexOf, orderFor, serveContent } from './upstream.http.testing.js';

const contents = Array.from({ length: 4 }, () => randomBytes(300_000));
/** Two of the largest, and no three of these. */
const limits = {
  diskBytesMax: 400_000,
  criticalSMax: 0,
  previousVersions: 1,
  callsPerMinuteMax: 250,
};
let rig: Rig;

beforeEach(async () => {
  rig = await openRig();
  await rig.upstreamThat((request, response) => {
    serveContent(request, response, contents[Number(request.url?.slice(1))] ?? Buffer.alloc(0));
  });
});

afterEach(() => rig.close());

function fetchIt(which: number, run = rig.run) {
  const content = contents[which] ?? Buffer.alloc(0);
  return rig.fetch(orderFor(`${rig.url}${String(which)}`, content), { ...run, limits });
}

const tooMuch = {
  code: 'NO_SPACE',
  message: expect.stringContaining('above the 800 kB that are kept for one updater') as unknown,
};

test('beyond its share an updater is given nothing more, and others are', async () => {
  await fetchIt(0);
  await fetchIt(1);
  await expect(fetchIt(2)).rejects.toMatchObject(tooMuch);
  expect(await rig.partials()).toEqual([]);
  await fetchIt(0); // It has that.
  await fetchIt(2, await rig.newRun('other', [rig.url], 61_001));
});

test('what is begun at once counts together', async () => {
  const all = await Promise.allSettled([0, 1, 2, 3].map((which) => fetchIt(which)));
  expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
  expect(await readdir(rig.run.artifactsDir)).toHaveLength(2);
});

test('what is a day old counts no more, and what another process kept does', async () => {
  await fetchIt(0);
  await fetchIt(1);
  rig.openStore(join(rig.dir, 'store'));
  await expect(fetchIt(2)).rejects.toMatchObject(tooMuch);
  const before = new Date(Date.now() - RECENT_MS - 60_000);
  const first = hexOf('sha256', contents[0] ?? Buffer.alloc(0));
  await utimes(join(rig.dir, 'store', 'sha256', first), before, before);
  await fetchIt(2);
});
