// The ids of updaters: one that was given stays whose it is, and is never given to another one.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openPlaces, type Places } from '../../../plugin-host/runs/places.fs.js';
import type { Subject } from '../subject.js';

const uids = { first: 61_000, last: 61_010 };
const COUNT = 4;
const nameOf = (index: number): string => `dev.lull.updater${String(index)}`;
/** What each was given before the cut, told or not. */
const given = new Map<string, number>();

const placesOn = (directory: string): Places =>
  openPlaces({ stateDir: join(directory, 'plugin-host'), uids });

async function homesOn(directory: string): Promise<number[]> {
  const names = await readdir(join(directory, 'plugin-host/updaters')).catch(() => []);
  return names.map(Number);
}

export const uidsOfUpdaters: Subject = {
  prepare: () => Promise.resolve(),
  write: async (directory, promised) => {
    const places = placesOn(directory);
    for (let index = 1; index <= COUNT; index += 1) {
      const { uid } = await places.of(nameOf(index));
      given.set(nameOf(index), uid);
      promised(index);
    }
  },
  problems: async (directory, promised) => {
    // It starts, or this throws.
    const places = placesOn(directory);
    const inhabited = new Set<number>();
    for (const name of places.inhabited()) inhabited.add((await places.of(name)).uid);
    // What lies under an id that nobody has would be the next one's.
    const strays = (await homesOn(directory)).filter((uid) => !inhabited.has(uid));
    const problems = strays.map((uid) => `something lies under ${String(uid)}, which nobody has`);
    const told = Array.from({ length: promised }, (_, at) => nameOf(at + 1));
    const newcomers = ['dev.lull.newcomer1', 'dev.lull.newcomer2'];
    const now = new Map<string, number>();
    // Whoever is new asks first: an id that was forgotten would be theirs.
    for (const name of [...newcomers, ...told]) now.set(name, (await places.of(name)).uid);
    for (const name of told) {
      const [was, is] = [given.get(name), now.get(name)];
      if (was !== is) problems.push(`${name} had ${String(was)} and has ${String(is)}`);
    }
    if (new Set(now.values()).size < now.size) problems.push('two of them have the same id');
    return problems;
  },
};
