// What is left of downloads that were cut: whom it may cost something (T20), and whom not.

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openRig, type Rig } from './rig.http.testing.js';
import { hexOf, orderFor, serveContent, serveStart } from './upstream.http.testing.js';

const ALL = 300_000;
const CUT = 250_000;
const asRoot = process.getuid?.() === 0 ? test : test.skip;
let rig: Rig;

beforeEach(async () => {
  rig = await openRig();
});

afterEach(() => rig.close());

/** Serves most of each of these, by number, and then nothing of it any more. */
async function serveMostOf(contents: readonly Buffer[]): Promise<void> {
  const asked = new Set<string>();
  await rig.upstreamThat((request, response) => {
    const { url = '' } = request;
    const content = contents[Number(url.slice(1))];
    if (content === undefined || asked.has(url)) {
      response.writeHead(404).end();
      return;
    }
    asked.add(url);
    response.writeHead(200, { etag: '"v1"', 'content-length': content.byteLength });
    // Hung up in order: what was sent arrives.
    response.write(content.subarray(0, CUT), () => response.socket?.end());
  });
}

test('a download that stands still outlives what another updater, and its own, leave behind', async () => {
  const content = randomBytes(ALL);
  const others = Array.from({ length: 18 }, () => randomBytes(1_000));
  await rig.upstreamThat((request, response, count) => {
    if (request.url !== '/tool') {
      response.writeHead(200, { etag: '"v1"', 'content-length': 1_000 });
      response.write(Buffer.alloc(500), () => response.socket?.destroy());
    } else if (count > 1) serveContent(request, response, content);
    else {
      serveStart(response, content, CUT);
      rig.onceReceived = () => {
        rig.run.freeze();
        response.write(content.subarray(CUT, CUT + 1_000));
      };
    }
  });
  const standing = rig.run;
  const fetched = rig.fetch(orderFor(`${rig.url}tool`, content), standing);
  while ((await rig.partials()).length === 0 || rig.onceReceived !== undefined) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (const uid of [61_001, 61_000]) {
    const run = await rig.newRun(`run-${String(uid)}`, [rig.url], uid);
    for (const [at, other] of others.entries()) {
      const order = orderFor(`${rig.url}${String(at)}`, other);
      await expect(rig.fetch(order, run)).rejects.toMatchObject({ code: 'UPSTREAM_DOWN' });
    }
  }
  standing.thaw();
  const { sha256 } = await fetched;
  expect(await readFile(join(standing.artifactsDir, sha256))).toEqual(content);
});

describe('what was cut', () => {
  const limits = {
    diskBytesMax: 400_000,
    criticalSMax: 0,
    previousVersions: 1,
    callsPerMinuteMax: 250,
  };

  test('counts for the share of its updater, and makes room for what it begins next', async () => {
    const contents = Array.from({ length: 5 }, () => randomBytes(ALL));
    await serveMostOf(contents);
    for (const [at, content] of contents.entries()) {
      const order = orderFor(`${rig.url}${String(at)}`, content);
      const fetched = rig.fetch(order, { ...rig.run, limits });
      await expect(fetched).rejects.toMatchObject({ code: 'UPSTREAM_DOWN' });
    }
    const left = (await rig.partials()).filter((name) => !name.endsWith('.json'));
    // With all that was ordered of the last one they were its share; the newest go on where they stopped.
    const newest = contents.slice(2).map((each) => `sha512-${hexOf('sha512', each)}-61000`);
    expect(left.sort()).toEqual(newest.sort());
  });

  asRoot('gives way to another updater where the disk is full', async () => {
    const small = join(rig.dir, 'small');
    await mkdir(small);
    await promisify(execFile)('mount', ['-t', 'tmpfs', '-o', 'size=500k', 'tmpfs', small]);
    try {
      const [mine, theirs] = [randomBytes(ALL), randomBytes(ALL)];
      await serveMostOf([mine]);
      rig.openStore(join(small, 'store'));
      const cut = rig.fetch(orderFor(`${rig.url}0`, mine));
      await expect(cut).rejects.toMatchObject({ code: 'UPSTREAM_DOWN' });
      expect(await readdir(join(small, 'store', 'partial'))).not.toEqual([]);
      const url = await rig.upstreamThat((request, response) => {
        serveContent(request, response, theirs);
      });
      const other = await rig.newRun('run-2', [rig.url], 61_001);
      await rig.fetch(orderFor(url, theirs), other);
      expect(await readdir(join(small, 'store', 'partial'))).toEqual([]);
    } finally {
      await promisify(execFile)('umount', [small]);
    }
  });
});
