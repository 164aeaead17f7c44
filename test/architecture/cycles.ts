// Files that import each other in a ring: none of them can be understood, or loaded, first.

import type { Rule } from './rules.js';
import type { Source } from './source.js';

/** Each ring once, at the file where it was entered. Imports of types alone make no ring. */
export const noCycles: Rule = (sources) => {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const done = new Set<string>();
  const rings: string[][] = [];
  const follow = (source: Source, trail: readonly string[]): void => {
    const begun = trail.indexOf(source.path);
    if (begun !== -1) rings.push([...trail.slice(begun), source.path]);
    if (begun !== -1 || done.has(source.path)) return;
    for (const { target, typesOnly } of source.imports) {
      const next = typesOnly ? undefined : byPath.get(target);
      if (next !== undefined) follow(next, [...trail, source.path]);
    }
    done.add(source.path);
  };
  for (const source of sources) follow(source, []);
  return rings.map((ring) => ({
    path: ring[0] ?? '',
    problem: `imports itself by ${ring.slice(1).join(', ')}: move what both sides need to a file of its own`,
  }));
};
