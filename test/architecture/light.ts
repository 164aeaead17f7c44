// What every command loads before it knows which one it is: little. Half of the time that a short command
// takes is the loading of code, and on a small machine that is most of a second.

import type { Rule } from './rules.js';
import { lightPackages, lightStart } from './tables.js';

/** Each package that is loaded too soon, at the file that imports it. */
export const lightlyStarted: Rule = (sources) => {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const reached = new Set([lightStart]);
  const violations: ReturnType<Rule> = [];
  for (const path of reached) {
    for (const { target, inside, typesOnly, later } of byPath.get(path)?.imports ?? []) {
      if (typesOnly || later) continue;
      if (inside) reached.add(target);
      else if (!target.startsWith('node:') && !lightPackages.has(target)) {
        const problem = `makes every command load ${target}: load it where it is used, with await import()`;
        violations.push({ path, problem });
      }
    }
  }
  return violations;
};
