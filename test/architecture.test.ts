// The rules of docs/ARCHITECTURE.md, held against every source file, and each rule held against a
// source that breaks it: a check that cannot fail is no check.

import { describe, expect, test } from '@jest/globals';
import { noCycles } from './architecture/cycles.js';
import { lightlyStarted, lightlyStaying } from './architecture/light.js';
import * as rules from './architecture/rules.js';
import { parseSource, type Source } from './architecture/source.js';
import { readSources, repositoryRoot } from './architecture/tree.fs.js';

const house = readSources(repositoryRoot());

const all: Record<string, rules.Rule> = {
  'folders import in one direction': rules.direction,
  'nothing in the orchestrator runs back up': rules.floors,
  'pure files are pure': rules.purity,
  'wire types stop at the wire': rules.wireTypes,
  'packages are known in few places': rules.dependencies,
  'no file imports itself by others': noCycles,
  'a command loads what it needs': lightlyStarted,
  'a machine by itself keeps little loaded': lightlyStaying,
  'names name a concept': rules.names,
  'runtime knows no word of the domain': rules.domainless,
  'nothing happens on import': rules.quietImports,
  'nothing is re-exported': rules.noReexports,
  'files are short': rules.sizes,
  'no file is dead': rules.deadFiles,
  'the tables allow no more than is used': rules.staleAllowances,
};

describe('the house', () => {
  test('is found', () => {
    expect(house.length).toBeGreaterThan(30);
    expect(house.map((source) => source.path)).toContain('conditions/gate.ts');
  });

  test.each(Object.entries(all))('%s', (_name, rule) => {
    expect(rule(house).map(({ path, problem }) => `${path} ${problem}`)).toEqual([]);
  });
});

/** What a rule says of one bad file; the tables' own lines are not the point here. */
function problems(rule: rules.Rule, path: string, text: string, others: Source[] = []): string[] {
  return rule([parseSource(path, text), ...others])
    .filter((violation) => violation.path === path)
    .map((violation) => violation.problem);
}

describe('each rule notices', () => {
  test.each([
    [
      'a service that imports a service',
      rules.direction,
      'plugin-host/main.ts',
      "import '../orchestrator/main.js';",
      'may not know orchestrator/',
    ],
    [
      'a low folder that imports a high one',
      rules.direction,
      'conditions/gate.ts',
      "import type { X } from '../runtime/clock.js';",
      'may not know runtime/',
    ],
    [
      'a dynamic import of a service',
      rules.direction,
      'sdk/serve.ts',
      "await import('../plugin-host/main.js');",
      'may not know plugin-host/',
    ],
    [
      'a folder nobody knows',
      rules.direction,
      'attic/old.ts',
      "import '../runtime/log.js';",
      'not in the table',
    ],
    [
      'a policy that asks the scheduler',
      rules.floors,
      'orchestrator/policy/policy.ts',
      "import '../scheduler/decide.js';",
      'lies higher up',
    ],
    [
      'a folder without a floor',
      rules.floors,
      'orchestrator/attic/old.ts',
      "import '../world/world.js';",
      'no known folder',
    ],
    [
      'a pure file that reads a file',
      rules.purity,
      'conditions/gate.ts',
      "import { readFileSync } from 'node:fs';",
      'imports node:fs',
    ],
    [
      'a pure file that imports shell',
      rules.purity,
      'orchestrator/world/fold.ts',
      "import '../journal/sqlite.js';",
      'shell file orchestrator/journal/sqlite.ts',
    ],
    [
      'a pure file that takes a type of the shell',
      rules.purity,
      'orchestrator/world/fold.ts',
      "import type { Log } from '../../runtime/log.js';",
      'shell file runtime/log.ts',
    ],
    [
      'a pure file that hashes without leave',
      rules.purity,
      'conditions/gate.ts',
      "import { createHash } from 'node:crypto';",
      'imports node:crypto',
    ],
    [
      'a pure file with leave to hash that rolls dice',
      rules.purity,
      'bundle/envelope.ts',
      "import { randomBytes } from 'node:crypto';",
      'imports randomBytes',
    ],
    [
      'a pure file with a package that acts',
      rules.purity,
      'plugin-host/runs/run.ts',
      "import { createClient } from 'x11';",
      'imports x11',
    ],
    ['the clock', rules.purity, 'conditions/gate.ts', 'const now = Date.now();', 'uses Date.now'],
    [
      'the clock, in another dress',
      rules.purity,
      'conditions/gate.ts',
      'const now = new Date();',
      'uses new Date()',
    ],
    ['chance', rules.purity, 'conditions/gate.ts', 'const x = Math.random();', 'uses Math.random'],
    [
      'the environment',
      rules.purity,
      'conditions/gate.ts',
      "const x = process.env['HOME'];",
      'uses process.env',
    ],
    [
      'a timer',
      rules.purity,
      'conditions/gate.ts',
      'setTimeout(() => undefined, 5);',
      'uses setTimeout',
    ],
    [
      'the environment, by another way to it',
      rules.purity,
      'conditions/gate.ts',
      'const { env } = process;',
      'uses process',
    ],
    [
      'chance, of what every file has',
      rules.purity,
      'conditions/gate.ts',
      'const x = crypto.randomUUID();',
      'uses crypto.randomUUID',
    ],
    [
      'chance, of a whole module with leave to hash',
      rules.purity,
      'bundle/envelope.ts',
      "import crypto from 'node:crypto'; const x = crypto.randomBytes(8);",
      'uses crypto.randomBytes',
    ],
    [
      'a timer of a signal',
      rules.purity,
      'conditions/gate.ts',
      'const x = AbortSignal.timeout(5);',
      'uses AbortSignal.timeout',
    ],
    [
      'the zone of the machine',
      rules.purity,
      'conditions/gate.ts',
      'const x = new Date(5).getHours();',
      'uses new Date(5).getHours',
    ],
    [
      'all that there is',
      rules.purity,
      'conditions/gate.ts',
      'const x = globalThis;',
      'uses globalThis',
    ],
    ['printing', rules.purity, 'conditions/gate.ts', "console.log('x');", 'uses console.log'],
    [
      'generated types in the core',
      rules.wireTypes,
      'orchestrator/scheduler/decide.ts',
      "import type { Grant } from '../../proto/gen/lull/link/v1/link.js';",
      'imports generated code',
    ],
    [
      'a package nobody allowed',
      rules.dependencies,
      'cli/main.ts',
      "import pad from 'left-pad';",
      'in no allow-list',
    ],
    [
      'a package in the wrong place',
      rules.dependencies,
      'orchestrator/main.ts',
      "import { pino } from 'pino';",
      'which only runtime/log.ts may',
    ],
    [
      'a word of the domain below it',
      rules.domainless,
      'runtime/clock.ts',
      'export const untilVetoEnds = 5;',
      'speaks of "veto"',
    ],
    [
      'a word of the domain below it, as text',
      rules.domainless,
      'runtime/log.ts',
      "const name = 'plugin-host';",
      'speaks of "plugin"',
    ],
    [
      'a file called utils',
      rules.names,
      'plugin-host/runs/utils.ts',
      '',
      '"utils" names no concept',
    ],
    [
      'an empty name before a technology',
      rules.names,
      'plugin-host/runs/helpers.fs.ts',
      '',
      '"helpers" names no concept',
    ],
    [
      'an interface with an I',
      rules.names,
      'cli/main.ts',
      'interface IUpdater { x: 1 }',
      'drop the I',
    ],
    [
      'a barrel',
      rules.noReexports,
      'cli/main.ts',
      "export * from './status.js';",
      'exports from ./status.js',
    ],
    ['a long file', rules.sizes, 'cli/main.ts', 'x;\n'.repeat(251), 'has 251 lines'],
    ['a long test', rules.sizes, 'cli/main.test.ts', 'x;\n'.repeat(401), 'the limit is 400'],
    [
      'a file that nothing imports',
      rules.deadFiles,
      'conditions/gate.ts',
      '',
      'imported by nothing',
    ],
  ])('%s', (_what, rule, path, text, said) => {
    expect(problems(rule, path, text)).toEqual([expect.stringContaining(said)]);
  });

  test('a file that only its test imports', () => {
    const tested = parseSource('conditions/gate.test.ts', "import './gate.js';");
    expect(problems(rules.deadFiles, 'conditions/gate.ts', '', [tested])).toHaveLength(1);
    const used = parseSource('conditions/load.ts', "import './gate.js';");
    expect(problems(rules.deadFiles, 'conditions/gate.ts', '', [used])).toEqual([]);
  });

  test('files that import each other, though not their types', () => {
    const back = parseSource('conditions/load.ts', "import { a } from './gate.js';");
    const [ring, ...more] = problems(noCycles, 'conditions/gate.ts', "import './load.js';", [back]);
    expect(ring).toContain('by conditions/load.ts, conditions/gate.ts');
    expect(more).toEqual([]);
    const types = "import type { Load } from './load.js';";
    expect(problems(noCycles, 'conditions/gate.ts', types, [back])).toEqual([]);
  });

  test('a package that commands would load which do not need it', () => {
    const tar = parseSource('bundle/tar.ts', "import { extract } from 'tar-stream';");
    const early = "import '../bundle/tar.js';";
    const [found, ...more] = lightlyStarted([parseSource('cli/program.ts', early), tar]);
    expect(found?.path).toBe('bundle/tar.ts');
    expect(found?.problem).toContain('load tar-stream');
    expect(more).toEqual([]);
    for (const text of ["await import('../bundle/tar.js');", "import type { X } from 'zod';"]) {
      expect(lightlyStarted([parseSource('cli/program.ts', text), tar])).toEqual([]);
    }
    const asking = "import { Run } from '../../proto/gen/lull/operator/v1/operator.js';";
    expect(lightlyStarted([parseSource('cli/verbs/ask.ts', asking)])).toEqual([]);
    const [grpc] = lightlyStarted([parseSource('cli/verbs/keys.ts', asking)]);
    expect(grpc?.problem).toContain('load @grpc/grpc-js');
  });

  test('a package that every Lull would keep loaded, though few machines need it', () => {
    const nats = parseSource(
      'runtime/nats.ts',
      "import { connect } from '@nats-io/transport-node';",
    );
    const early = "import '../runtime/nats.js';";
    const [found, ...more] = lightlyStaying([parseSource('plugin-host/main.ts', early), nats]);
    expect(found?.path).toBe('runtime/nats.ts');
    expect(found?.problem).toContain('keep @nats-io/transport-node in memory');
    expect(more).toEqual([]);
    const late = parseSource('plugin-host/main.ts', "await import('../runtime/nats.js');");
    expect(lightlyStaying([late, nats])).toEqual([]);
  });

  test('an allowance that nothing uses', () => {
    const begun = [parseSource('updaters/npm/main.ts', ''), parseSource('runtime/log.ts', '')];
    const stale = rules.staleAllowances(begun).map(({ problem }) => problem);
    expect(stale).toContain('allows "updaters/ → sdk/", which nothing uses: remove it');
    expect(stale).toContain('allows "runtime/log.ts → pino", which nothing uses: remove it');
    expect(stale.join()).not.toContain('"cli/');
  });
});

describe('what is allowed stays allowed', () => {
  test.each([
    [
      'a test speaks the protocol to what it tests',
      rules.direction,
      'updaters/npm/main.test.ts',
      "import '../../proto/gen/lull/host/v1/host.js';",
    ],
    [
      'a worker named by URL keeps its file alive',
      rules.deadFiles,
      'orchestrator/journal/sqlite.worker.ts',
      '',
    ],
    [
      'a conversion of an instant is pure',
      rules.purity,
      'conditions/gate.ts',
      'const text = new Date(5).toISOString();',
    ],
    [
      'words in comments and strings do nothing',
      rules.purity,
      'conditions/gate.ts',
      "// Date.now()\nconst x = 'process.env';",
    ],
    [
      'a shell file may do it all',
      rules.purity,
      'orchestrator/journal/sqlite.ts',
      "import 'node:fs'; process.exit(Date.now());",
    ],
    [
      'a probe is shell by its folder',
      rules.purity,
      'sensor-service/probe/cpu.ts',
      "import 'node:fs';",
    ],
    [
      'names of its own that others have too',
      rules.purity,
      'conditions/gate.ts',
      'const x = (process: { env: string }) => ({ fetch: process.env });',
    ],
    ['an interface that begins with I', rules.names, 'cli/main.ts', 'interface Inventory { x: 1 }'],
  ])('%s', (_what, rule, path, text) => {
    const worker = "new Worker(new URL('./sqlite.worker.js', import.meta.url));";
    const opener = parseSource('orchestrator/journal/sqlite.ts', worker);
    expect(problems(rule, path, text, [opener])).toEqual([]);
  });
});
