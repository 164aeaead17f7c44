// Where an updater lives on this host: a uid of its own, a directory that it may write, and one in
// which it is shown what was fetched for it.
//
// Invariants:
//   D1. A uid belongs to one updater id for good: files of one are never another's (T15).
//   D2. An updater's id is never part of a path (T7): directories are named by the uid.

import { existsSync, mkdirSync, readFileSync, realpathSync } from 'node:fs';
import { chmod, chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDurably } from '../../runtime/durable.fs.js';
import { mountPoints } from '../sandbox/device.fs.js';
import { removeTree } from '../sandbox/remove-tree.spawn.js';

/** Between the last ordinary user of Debian (59999) and systemd's dynamic users (61184). */
export const defaultUids: UidRange = { first: 61_000, last: 61_183 };

export interface UidRange {
  readonly first: number;
  /** Of the self-test; no updater gets it. */
  readonly last: number;
}

export interface Place {
  readonly uid: number;
  readonly workDir: string;
  readonly artifactsDir: string;
}

export interface Places {
  /** @throws when the range of uids is used up. */
  of(updaterId: string): Promise<Place>;
  /** Where each updater that there ever was is shown what was fetched. */
  artifactsDirs: () => readonly string[];
  /** Of those that there ever were, who has something here. */
  inhabited: () => readonly string[];
  /**
   * Removes all that an updater has here; its uid stays its own (D1). Whoever wants a place meanwhile
   * gets it afterwards, empty.
   * @param ready awaited first: unmounts the work directory, and says whether nobody is at home.
   */
  clear(updaterId: string, ready: (place: Place) => Promise<boolean>): Promise<boolean>;
}

export function openPlaces(deps: { readonly stateDir: string; readonly uids: UidRange }): Places {
  const { stateDir, uids } = deps;
  const file = join(stateDir, 'uids.json');
  mkdirSync(stateDir, { recursive: true, mode: 0o711 });
  const known = new Map<string, number>(
    existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as [string, number][]) : [],
  );

  let last: Promise<unknown> = Promise.resolve();

  /** One after the other: a uid is used only when it is durable that it is taken (D1). */
  async function uidOf(updaterId: string): Promise<number> {
    const before = known.get(updaterId);
    if (before !== undefined) return before;
    // D1, also where the range was another one before.
    const taken = new Set(known.values());
    let uid = uids.first;
    while (taken.has(uid)) uid += 1;
    if (uid >= uids.last) {
      throw new Error(`all ${String(known.size)} uids from ${String(uids.first)} on are in use`);
    }
    const next = [...known, [updaterId, uid]];
    await writeDurably(file, Buffer.from(JSON.stringify(next)));
    known.set(updaterId, uid);
    return uid;
  }

  const homeOf = (uid: number): string => join(stateDir, 'updaters', String(uid)); // D2
  const placeOf = (uid: number): Place => {
    const home = homeOf(uid);
    return { uid, workDir: join(home, 'work'), artifactsDir: join(home, 'artifacts') };
  };

  async function clearNow(
    updaterId: string,
    ready: (place: Place) => Promise<boolean>,
  ): Promise<boolean> {
    const uid = known.get(updaterId);
    if (uid === undefined || !(await ready(placeOf(uid)))) return false;
    const home = homeOf(uid);
    // Removing through a mount would remove what is mounted: an operator's, or one that could not be let go.
    const mounted = mountPoints().filter((path) => path.startsWith(`${realpathSync(home)}/`));
    if (mounted.length > 0) throw new Error(`still mounted: ${mounted.join(', ')}`);
    await removeTree(home);
    return true;
  }

  return {
    inhabited: () => [...known].flatMap(([id, uid]) => (existsSync(homeOf(uid)) ? [id] : [])),
    clear: (updaterId, ready) => {
      const mine = last.then(() => clearNow(updaterId, ready));
      last = mine.catch(() => undefined);
      return mine;
    },
    artifactsDirs: () => [...known.values()].map((uid) => placeOf(uid).artifactsDir),
    of: (updaterId) => {
      const mine = last.then(async () => {
        const uid = await uidOf(updaterId);
        const place = placeOf(uid);
        await mkdir(place.workDir, { recursive: true });
        await mkdir(place.artifactsDir, { recursive: true });
        await chown(place.workDir, uid, uid);
        await chmod(place.workDir, 0o700);
        await chmod(place.artifactsDir, 0o755);
        return place;
      });
      last = mine.catch(() => undefined);
      return mine;
    },
  };
}
