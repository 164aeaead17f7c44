// Hashing what is stored is the host's time, which no limit of the updater covers: how often it can be
// brought about by ordering what is there (T23).

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestRun } from '../channel/hosted-run.testing.js';
import { openRig, type Rig } from './rig.http.testing.js';
import { hexOf, orderFor, serveContent } from './upstream.http.testing.js';

/** Read in twenty pieces, before each of which the run is asked for. */
const content = randomBytes(5 * 1024 * 1024);
const PIECES = 20;
let rig: Rig;
let url: string;

beforeEach(async () => {
  rig = await openRig();
  url = await rig.upstreamThat((request, response) => {
    if (request.url === '/tool.tgz') serveContent(request, response, content);
    else response.writeHead(404).end();
  });
  await rig.fetch(orderFor(url, content));
});

afterEach(() => rig.close());

/** How often a run is asked whether it may go on. */
function counting(run: TestRun) {
  let count = 0;
  const thawed = (): Promise<void> => {
    count += 1;
    return run.thawed();
  };
  return { run: { ...run, thawed }, count: () => count };
}

test('content that a run orders again is not hashed again, by whichever digest', async () => {
  const { run, count } = counting(await rig.newRun('run-2', [rig.url]));
  await rig.fetch(orderFor(url, content), run);
  const once = count();
  expect(once).toBeGreaterThanOrEqual(PIECES);
  const bySha256 = [{ algorithm: 'sha256', hex: hexOf('sha256', content) }] as const;
  for (let at = 0; at < 5; at += 1) {
    await rig.fetch(orderFor(url, content), run);
    await rig.fetch(orderFor(url, content, { digests: bySha256 }), run);
  }
  expect(count()).toBe(once);
  expect(rig.seen).toHaveLength(1);
});

test('what is no more in the store is downloaded again in the same run', async () => {
  const run = await rig.newRun('run-2', [rig.url]);
  await rig.fetch(orderFor(url, content), run);
  for (const name of ['sha256', 'sha512'])
    await rm(join(rig.dir, 'store', name), { recursive: true });
  await rig.fetch(orderFor(url, content), run);
  expect(rig.seen).toHaveLength(2);
});

test.each(['sha256', 'sha512'] as const)(
  'another updater’s content is not hashed for whoever names its %s',
  async (algorithm) => {
    const { run, count } = counting(await rig.newRun('run-2', [rig.url], 61_001));
    const digests = [{ algorithm, hex: hexOf(algorithm, content) }];
    const elsewhere = orderFor(`${rig.url}elsewhere`, content, { digests });
    await expect(rig.fetch(elsewhere, run)).rejects.toMatchObject({ code: 'UPSTREAM_DOWN' });
    expect(count()).toBeLessThan(PIECES / 2);
  },
);
