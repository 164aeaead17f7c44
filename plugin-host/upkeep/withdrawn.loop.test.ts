// What an updater has left is cleared away when it is registered no more, and not before.

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createLog } from '../../runtime/log.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import { openPlaces, type Place, type Places } from '../runs/places.fs.js';
import { clearWithdrawn, type Withdrawn } from './withdrawn.loop.js';
import { until } from '../../runtime/until.testing.js';

const root = process.getuid?.() === 0;
const asRoot = root ? describe : describe.skip;
const MINUTE = 60_000;
const DAY = 86_400_000;
const log = createLog('test', 'silent');

let stateDir: string;
let clock: VirtualClock;
let places: Places;
let busy: Set<string>;
let released: string[];
let open: Withdrawn[];

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'lull-w-'));
  clock = new VirtualClock();
  places = openPlaces({ stateDir, uids: { first: 61_000, last: 61_010 } });
  [busy, released, open] = [new Set(), [], []];
});

afterEach(async () => {
  for (const each of open) await each.close();
  rmSync(stateDir, { recursive: true });
});

function start(): Withdrawn {
  const withdrawn = clearWithdrawn({
    file: join(stateDir, 'withdrawn.json'),
    ...{ places, clock, log },
    isBusy: (id) => busy.has(id),
    release: (workDir) => {
      released.push(workDir);
      return Promise.resolve();
    },
  });
  open.push(withdrawn);
  return withdrawn;
}

/** An updater that has kept something, and was shown something. */
async function settle(id: string): Promise<Place> {
  const place = await places.of(id);
  writeFileSync(join(place.workDir, 'kept'), 'kept');
  writeFileSync(`${place.workDir}.img`, 'its disk');
  writeFileSync(join(place.artifactsDir, 'shown'), 'shown');
  return place;
}

const isThere = ({ workDir }: Place): boolean => existsSync(dirname(workDir));

asRoot(`an updater that was withdrawn${root ? '' : ' (skipped: needs root)'}`, () => {
  test('leaves nothing after a while, and its user id to nobody', async () => {
    const [gone, stays] = [await settle('a.gone'), await settle('a.stays')];
    const withdrawn = start();
    await withdrawn.heard(['a.stays'], 5 * MINUTE);
    clock.advance(5 * MINUTE - 1);
    await withdrawn.heard(['a.stays'], 5 * MINUTE);
    expect(isThere(gone)).toBe(true);
    clock.advance(1);
    await until('it is gone', () => !isThere(gone));
    expect([isThere(gone), isThere(stays)]).toEqual([false, true]);
    expect(released).toEqual([gone.workDir]);
    expect((await places.of('a.new')).uid).not.toBe(gone.uid);
    expect(await places.of('a.gone')).toEqual(gone);
    expect(existsSync(join(gone.workDir, 'kept'))).toBe(false);
  });

  test('and left what cannot be removed keeps nobody else from being cleared away', async () => {
    const [stuck, gone] = [await settle('a.stuck'), await settle('b.gone')];
    const all = places;
    places = {
      ...all,
      clear: (id, ready) =>
        id === 'a.stuck' ? Promise.reject(new Error('ENAMETOOLONG')) : all.clear(id, ready),
    };
    const withdrawn = start();
    await withdrawn.heard([], 5 * MINUTE);
    clock.advance(5 * MINUTE);
    await until('it is gone', () => !isThere(gone));
    expect(isThere(stuck)).toBe(true);
  });

  test('and is back in time keeps what it had', async () => {
    const place = await settle('a.b');
    const withdrawn = start();
    await withdrawn.heard([], DAY);
    clock.advance(DAY - 1);
    await withdrawn.heard(['a.b'], DAY);
    clock.advance(2 * DAY);
    await withdrawn.heard([], DAY);
    await withdrawn.close();
    expect(isThere(place)).toBe(true);
  });

  test('is not forgotten over a restart, and nothing goes while no orchestrator speaks (V1, V2)', async () => {
    const place = await settle('a.b');
    const first = start();
    await first.heard([], DAY);
    await first.close();
    const second = start();
    clock.advance(2 * DAY);
    expect(isThere(place)).toBe(true);
    await second.heard([], DAY);
    expect(isThere(place)).toBe(false);
  });

  test('is left alone while a run of it is on (V3)', async () => {
    const place = await settle('a.b');
    busy.add('a.b');
    const withdrawn = start();
    await withdrawn.heard([], 0);
    clock.advance(20_000);
    await withdrawn.heard([], 0);
    expect(isThere(place)).toBe(true);
    busy.clear();
    clock.advance(600_000);
    await until('it is gone', () => !isThere(place));
    expect(released).toEqual([place.workDir]);
  });
});
