// What is loaded before it is known to be wanted: little. Half of the time that a short command takes is
// the loading of code, and what `lull up` has loaded it keeps all day.

import type { Rule } from './rules.js';
import type { Source } from './source.js';
import { GRPC, lightStarts, stayingPackages, stayingStarts } from './tables.js';

/** Not among the sources that are looked at. */
const GENERATED = 'proto/gen/';

/** Each package that a command would load too soon, at the file that imports it. */
export const lightlyStarted: Rule = (sources) =>
  lightStarts
    .flatMap(({ starts, packages }) => loadedBy(sources, starts, packages))
    .map(({ path, target }) => ({
      path,
      problem: `makes commands load ${target} that do not use it: load it where it is used, with await import()`,
    }));

/** Each package that a machine by itself would keep loaded, at the file that imports it. */
export const lightlyStaying: Rule = (sources) =>
  loadedBy(sources, stayingStarts, stayingPackages).map(({ path, target }) => ({
    path,
    problem: `makes every Lull keep ${target} in memory: do without it, load it where it is chosen, or add it to stayingPackages in tables.ts and say why in docs/decisions/`,
  }));

function loadedBy(
  sources: readonly Source[],
  starts: readonly string[],
  allowed: ReadonlySet<string>,
): { path: string; target: string }[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const reached = new Set(starts);
  const found: { path: string; target: string }[] = [];
  for (const path of reached) {
    for (const { target, inside, typesOnly, later } of byPath.get(path)?.imports ?? []) {
      if (typesOnly || later) continue;
      if (inside) reached.add(target);
      const loaded = target.startsWith(GENERATED) ? GRPC : target;
      const isPackage = loaded === GRPC || (!inside && !target.startsWith('node:'));
      if (isPackage && !allowed.has(loaded)) found.push({ path, target: loaded });
    }
  }
  return found;
}
