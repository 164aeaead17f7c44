// The rules of the house. Each looks at all sources and says what is wrong and what to do about it.

import { posix } from 'node:path';
import type { Source } from './source.js';
import * as house from './tables.js';

export interface Violation {
  readonly path: string;
  readonly problem: string;
}

export type Rule = (sources: readonly Source[]) => Violation[];

/** Folders import in one direction; services never import each other. */
export const direction: Rule = (sources) =>
  eachImport(sources, (source, target) => {
    const from = topOf(source.path);
    const to = topOf(target);
    const allowed = house.folders.get(from);
    if (allowed === undefined) {
      return `${from}/ is not in the table of folders: add it to tables.ts with what it may import`;
    }
    if (from === to || allowed.includes(to)) return undefined;
    if (isTest(source.path) && house.foldersForTests.includes(to)) return undefined;
    return `imports ${target}, but ${from}/ may not know ${to}/: move what both need to a lower folder, or pass it in from main.ts`;
  });

/** Nothing in the orchestrator runs back up. */
export const floors: Rule = (sources) =>
  eachImport(sources, (source, target) => {
    if (topOf(source.path) !== 'orchestrator' || topOf(target) !== 'orchestrator') return undefined;
    const [from, to] = [floorOf(source.path), floorOf(target)];
    if (from === -1)
      return 'lies in no known folder of the orchestrator: add it to orchestratorFloors';
    if (to <= from) return undefined;
    return `imports ${target}, which lies higher up: hand it over as an argument, or move the lower part down`;
  });

/** Pure files import pure files, and touch neither clock, chance, process nor network. */
export const purity: Rule = (sources) =>
  sources.filter((source) => isPure(source.path)).flatMap((source) => impureParts(source));

function impureParts(source: Source): Violation[] {
  const exceptions = house.pureExceptions.get(source.path) ?? [];
  const remedy = `pass in its result, or name the file after what it touches (${posix.basename(source.path, '.ts')}.fs.ts, .grpc.ts …)`;
  const problems = source.imports.flatMap(({ target, inside, names }) => {
    if (inside)
      return isPure(target) ? [] : [`is pure but imports the shell file ${target}: ${remedy}`];
    if (!target.startsWith('node:')) {
      const computes = house.purePackages.has(packageOf(target));
      return computes ? [] : [`is pure but imports ${target}: ${remedy}`];
    }
    if (!exceptions.includes(target)) {
      return [`is pure but imports ${target}: ${remedy}, or add it to pureExceptions with care`];
    }
    const chance = names.filter((name) =>
      /^(?:random|getRandom|pseudoRandom|prng|rng|generate|webcrypto|\*)/.test(name),
    );
    return chance.map((name) => `is pure but imports ${name} of ${target}: pass in its result`);
  });
  const touched = source.impurities.map((what) => `is pure but uses ${what}: ${remedy}`);
  return [...problems, ...touched].map((problem) => ({ path: source.path, problem }));
}

/** Wire types stop at the wire. */
export const wireTypes: Rule = (sources) =>
  eachImport(sources, (source, target) =>
    target.startsWith('proto/gen/') && isPure(source.path)
      ? `imports generated code: translate it at the edge, in proto/wire/ or a .grpc.ts file`
      : undefined,
  );

/** A package is known in few places, so that it can be replaced there. */
export const dependencies: Rule = (sources) =>
  sources.filter(isSource).flatMap((source) =>
    source.imports.flatMap(({ target, inside }) => {
      if (inside || target.startsWith('node:')) return [];
      const name = packageOf(target);
      const where = house.packages.get(name);
      if (where?.some((prefix) => source.path.startsWith(prefix)) === true) return [];
      const problem =
        where === undefined
          ? `imports ${name}, which is in no allow-list: do without it, or add it to tables.ts and say why in docs/decisions/`
          : `imports ${name}, which only ${where.join(', ')} may: use what is exported there`;
      return [{ path: source.path, problem }];
    }),
  );

export const names: Rule = (sources) =>
  sources.flatMap(({ path, interfaces, declared }) => {
    const empty = path.split(/[/.]/).filter((part) => house.emptyNames.has(part));
    const prefixed = interfaces.filter((name) => /^I[A-Z][a-z]/.test(name));
    const foreign = house.othersWords.get(path) ?? [];
    const vague = declared.flatMap(({ name, isClass }) =>
      wordsIn(name)
        .filter((word) => house.vagueWords.has(word) || (isClass && word === 'service'))
        .filter((word) => !foreign.includes(word))
        .map((word) => `"${word}" in ${name} says nothing: name what it is, or what it does`),
    );
    return [
      ...empty.map(
        (part) => `"${part}" names no concept: call the file after the one thing it holds`,
      ),
      ...prefixed.map(
        (name) => `interface ${name}: drop the I, and the interface if one thing implements it`,
      ),
      ...vague,
    ].map((problem) => ({ path, problem }));
  });

function wordsIn(name: string): string[] {
  return [...name.matchAll(/[A-Z]?[a-z]+|[A-Z]+(?![a-z])/g)].map(([word]) => word.toLowerCase());
}

/** What is the same in every program says nothing of this one. */
export const domainless: Rule = (sources) =>
  sources
    .filter(({ path }) => topOf(path) === 'runtime' && !isTest(path))
    .flatMap(({ path, words }) =>
      [...house.domainWords]
        .filter((word) => words.has(word) || words.has(`${word}s`))
        .map((word) => ({
          path,
          problem: `speaks of "${word}", and runtime/ knows no word of the domain: pass it in, or move this to the folder whose word it is`,
        })),
    );

/** Whoever imports a file gets names; what it does begins when one of them is called. */
export const quietImports: Rule = (sources) =>
  sources
    .filter(isSource)
    .filter(({ path }) => !house.programs.some((each) => each.test(path)))
    .flatMap(({ path, works }) =>
      works.map((words) => ({
        path,
        problem: `does something as soon as it is imported ("${words}"): put it into a function, or into a main.ts`,
      })),
    );

export const noReexports: Rule = (sources) =>
  sources.flatMap(({ path, reexports }) =>
    reexports.map((target) => ({
      path,
      problem: `exports from ${target}: import it from there where it is used`,
    })),
  );

export const sizes: Rule = (sources) =>
  sources.flatMap(({ path, lineCount }) => {
    const max = isTest(path) ? house.TEST_LINES_MAX : house.LINES_MAX;
    if (lineCount <= max) return [];
    const problem = `has ${String(lineCount)} lines, the limit is ${String(max)}: split it by concept`;
    return [{ path, problem }];
  });

/** A file that only its tests import is dead. */
export const deadFiles: Rule = (sources) => {
  const alive = new Set(sources.filter(isSource).flatMap((s) => s.imports.map((i) => i.target)));
  return sources
    .filter(({ path }) => !isTest(path) && !alive.has(path))
    .filter(({ path }) => !house.entryPoints.some((pattern) => pattern.test(path)))
    .map(({ path }) => ({
      path,
      problem: 'is imported by nothing but tests: use it or delete it',
    }));
};

/** What the tables allow and nobody does any more. Folders without a source may be about to. */
export const staleAllowances: Rule = (sources) => {
  const used = new Set(sources.flatMap(usedAllowances));
  const begun = new Set(sources.map(({ path }) => topOf(path)));
  const tables = [
    ...[...house.folders].flatMap(([from, to]) => to.map((each) => `${from}/ → ${each}/`)),
    ...[...house.packages].flatMap(([name, where]) => where.map((each) => `${each} → ${name}`)),
  ];
  return tables
    .filter((line) => begun.has(topOf(line)) && !used.has(line))
    .map((line) => ({
      path: 'test/architecture/tables.ts',
      problem: `allows "${line}", which nothing uses: remove it`,
    }));
};

function usedAllowances(source: Source): string[] {
  return source.imports.flatMap(({ target, inside }) => {
    if (inside) return [`${topOf(source.path)}/ → ${topOf(target)}/`];
    if (!isSource(source)) return [];
    const name = packageOf(target);
    const prefixes = house.packages.get(name) ?? [];
    return prefixes
      .filter((prefix) => source.path.startsWith(prefix))
      .map((prefix) => `${prefix} → ${name}`);
  });
}

export function isPure(path: string): boolean {
  if (house.shellFolders.includes(topOf(path)) || path.includes('/probe/') || isTest(path)) {
    return false;
  }
  return !posix
    .basename(path, '.ts')
    .split('.')
    .some((part) => house.shellWords.has(part));
}

export function isTest(path: string): boolean {
  const parts = posix.basename(path).split('.');
  if (parts.some((part) => ['test', 'testing', 'fixture'].includes(part))) return true;
  return path.startsWith('test/') || path.includes('/testing/');
}

function isSource(source: Source): boolean {
  const { path } = source;
  return !path.endsWith('.test.ts') && (!isTest(path) || path.startsWith('test/'));
}

function topOf(path: string): string {
  return path.split('/')[0] ?? path;
}

function floorOf(path: string): number {
  const part = path.split('/')[1] ?? '';
  return house.orchestratorFloors.findIndex((floor) => floor.includes(part));
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function eachImport(
  sources: readonly Source[],
  problemOf: (source: Source, target: string) => string | undefined,
): Violation[] {
  return sources.flatMap((source) =>
    source.imports.flatMap(({ target, inside }) => {
      const problem = inside ? problemOf(source, target) : undefined;
      return problem === undefined ? [] : [{ path: source.path, problem }];
    }),
  );
}
