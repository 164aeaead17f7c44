// The order of the test files: what takes minutes first, then the other situations, then the rest, larger
// files before smaller.
//
// Jest by itself begins with what took longest the last time, and on a clean checkout with the largest
// files. The files that take minutes are among the smallest: they came last, and one processor had
// nothing to do meanwhile.

export default class Sequencer {
  sort(tests) {
    const weights = new Map(tests.map((test) => [test, weightOf(test)]));
    return [...tests].sort((a, b) => weights.get(b) - weights.get(a) || compare(a.path, b.path));
  }

  /** For `--onlyFailures`, which would need what nobody keeps. */
  allFailedTests() {
    throw new Error('which files failed before is not known: name them');
  }

  /** The order is the same each time. */
  cacheResults() {}
}

/** Takes minutes: every step, every write, a thousand of them. */
const LONG = /power-is-cut|at-every-step|at-any-moment|\/storms-|network-of|a-thousand|\/cluster-/;
const SITUATION = /\/dist\/test\/(?:system|fleet|simulation)\//;

function weightOf({ path, context }) {
  const rank = SITUATION.test(path) ? (LONG.test(path) ? 2 : 1) : 0;
  return rank * 1e9 + (context.hasteFS.getSize(path) ?? 0);
}

function compare(a, b) {
  return a < b ? -1 : 1;
}
