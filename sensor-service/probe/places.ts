import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Place } from '../reading/presence.js';
import { listInput } from './input-list.js';
import type { Probe } from './probe.js';

/** `auto` looks; the others say. */
export const profiles = ['auto', 'desktop', 'headless'] as const;
export type Profile = (typeof profiles)[number];

const EVERY_MS = 30_000;
const USERS_MAX = 256;

interface PlacesDeps {
  /** The directory in which run/ and tmp/ lie. */
  readonly root: string;
  readonly procRoot: string;
  readonly sysRoot: string;
  readonly profile: Profile;
  readonly onPlaces: (places: readonly Place[]) => void;
}

/** At which places a person can be: a machine without input devices and screens has no seat. */
export function placesProbe(deps: PlacesDeps): Probe {
  return {
    name: 'places',
    subjects: [],
    everyMs: EVERY_MS,
    measure: () => {
      deps.onPlaces(hasSeat(deps) ? ['seat', 'terminals'] : ['terminals']);
      return [];
    },
  };
}

/** In doubt there is one. */
function hasSeat({ root, procRoot, sysRoot, profile }: PlacesDeps): boolean {
  if (profile !== 'auto') return profile === 'desktop';
  const list = listInput(procRoot);
  if (list.kind === 'listed') {
    if (list.devices.some(({ desk }) => desk)) return true;
  } else if (!existsSync(join(sysRoot, 'class')) || existsSync(join(sysRoot, 'class', 'input'))) {
    return true; // The kernel may know devices that cannot be seen from here.
  }
  if (namesIn(join(root, 'tmp', '.X11-unix')).length > 0) return true;
  return namesIn(join(root, 'run', 'user'))
    .slice(0, USERS_MAX)
    .some((user) => namesIn(join(root, 'run', 'user', user)).some(isWayland));
}

function isWayland(name: string): boolean {
  return /^wayland-\d+$/.test(name);
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
