// Where updaters live: a uid for good, and directories that no id is part of.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openPlaces, type Places } from './places.fs.js';

const root = process.getuid?.() === 0;
// Only root may give a directory away; anybody else is given the one uid that is there.
const own = process.getuid?.() ?? 0;
const uids = root ? { first: 61_000, last: 61_004 } : { first: own, last: own + 1 };
const asRoot = root ? describe : describe.skip;

let stateDir: string;

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'lull-pl-'));
});

afterEach(() => {
  rmSync(stateDir, { recursive: true });
});

function open(): Places {
  return openPlaces({ stateDir, uids });
}

test('a place has a directory for its updater alone, and one that it is only shown', async () => {
  const place = await open().of('com.acme.tool');
  expect(place.uid).toBe(uids.first);
  const work = statSync(place.workDir);
  expect({ uid: work.uid, mode: work.mode & 0o777 }).toEqual({ uid: uids.first, mode: 0o700 });
  const shown = statSync(place.artifactsDir);
  expect({ uid: shown.uid, mode: shown.mode & 0o777 }).toEqual({ uid: own, mode: 0o755 });
});

test('an id is never part of a path (D2)', async () => {
  await open().of('../../../tmp/evil');
  expect(readdirSync(join(stateDir, 'updaters'))).toEqual([String(uids.first)]);
  expect(readdirSync(stateDir).sort()).toEqual(['uids.json', 'updaters']);
});

test('what is deeper than any path is long is cleared away too', async () => {
  const places = open();
  const { workDir } = await places.of('com.acme.tool');
  const dig = `for (let deep = 0; deep < 30; deep += 1) {
    require('fs').mkdirSync('d'.repeat(250)); process.chdir('d'.repeat(250)); }`;
  execFileSync(process.execPath, ['-e', dig], { cwd: workDir });
  expect(await places.clear('com.acme.tool', () => Promise.resolve(true))).toBe(true);
  expect(readdirSync(join(stateDir, 'updaters'))).toEqual([]);
});

asRoot(`several updaters${root ? '' : ' (skipped: needs root, to give directories away)'}`, () => {
  test('keep their uid for good, over restarts, and share none (D1)', async () => {
    const places = open();
    const first = await places.of('a.one');
    const second = await places.of('a.two');
    expect(second.uid).toBe(first.uid + 1);
    expect(await places.of('a.one')).toEqual(first);
    const again = open();
    expect(await again.of('a.two')).toEqual(second);
    expect((await again.of('a.three')).uid).toBe(second.uid + 1);
  });

  test('at the same time get different ones, and all are remembered', async () => {
    const places = open();
    const all = await Promise.all(['a', 'b', 'c', 'a'].map((id) => places.of(`x.${id}`)));
    expect(new Set(all.map(({ uid }) => uid)).size).toBe(3);
    const again = open();
    for (const [at, id] of ['a', 'b', 'c'].entries()) {
      expect((await again.of(`x.${id}`)).uid).toBe(all[at]?.uid);
    }
  });

  test('beyond the range are refused in words, and those before keep theirs', async () => {
    const places = open();
    for (const id of ['a', 'b', 'c', 'd']) await places.of(`x.${id}`);
    await expect(places.of('x.e')).rejects.toThrow('all 4 uids from 61000 on are in use');
    expect((await places.of('x.d')).uid).toBe(61_003);
  });

  test('a range that was moved gives nobody an id that somebody has (D1)', async () => {
    const before = await open().of('x.a');
    const moved = openPlaces({ stateDir, uids: { first: uids.first - 1, last: uids.last } });
    expect((await moved.of('x.a')).uid).toBe(before.uid);
    const others = [await moved.of('x.b'), await moved.of('x.c')].map(({ uid }) => uid);
    expect(others).toEqual([uids.first - 1, uids.first + 1]);
  });
});

test('__proto__ is an id like any other (T24)', async () => {
  const places = open();
  expect((await places.of('__proto__')).uid).toBe(uids.first);
  expect((await open().of('__proto__')).uid).toBe(uids.first);
});
