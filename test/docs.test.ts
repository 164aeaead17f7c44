// What the documentation lists is what the code has: keys of the policy and of the manifest, their
// defaults, and environment variables.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse as parseYaml } from 'yaml';
import * as z from 'zod';
import { manifestSchema } from '../bundle/manifest.js';
import { contradictions } from '../orchestrator/policy/contradictions.js';
import { parsePolicy } from '../orchestrator/policy/file.parse.js';
import { policyFileSchema } from '../orchestrator/policy/file.schema.js';
import { defaultPolicy } from '../orchestrator/policy/policy.js';
import { privileges } from '../plugin-host/sandbox/privileges.js';
import { readSources, repositoryRoot } from './architecture/tree.fs.js';

const root = repositoryRoot();
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** Cells of every table row whose first cell is one word of code; the words without their marks. */
function codeRows(markdown: string): string[][] {
  return markdown.split('\n').flatMap((line) => {
    const cells = line.split('|').map((cell) => cell.trim());
    const word = /^`([^`]+)`$/.exec(cells[1] ?? '')?.[1];
    return line.startsWith('|') && word !== undefined ? [[word, ...cells.slice(2, -1)]] : [];
  });
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
}

/** Every leaf of a schema, as "a.b" and "list[].c". */
function leaves(schema: JsonSchema, path = ''): string[] {
  if (schema.properties !== undefined) {
    return Object.entries(schema.properties).flatMap(([name, each]) =>
      leaves(each, path === '' ? name : `${path}.${name}`),
    );
  }
  return schema.items?.properties === undefined ? [path] : leaves(schema.items, `${path}[]`);
}

const schemaOf = (schema: z.ZodType): JsonSchema =>
  z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;

describe('docs/policy.md', () => {
  const rows = codeRows(read('docs/policy.md'));

  test('has every key of the file and no other', () => {
    expect(rows.map(([key]) => key).sort()).toEqual(leaves(schemaOf(policyFileSchema)).sort());
  });

  test('names the defaults: a file that spells them all out changes nothing', () => {
    const file: Record<string, unknown> = {};
    // What is the machine's own, or a list's, has no default that a file could spell out.
    const spelt = rows.filter(
      ([key, value]) => key?.includes('[]') !== true && (value ?? '').startsWith('`'),
    );
    for (const [key = '', value = ''] of spelt) {
      // Signals are written with their dots; everything else is a path.
      const path = key.startsWith('load.') ? ['load', key.slice(5)] : key.split('.');
      const last = path.pop() ?? '';
      let at = file;
      for (const step of path) at = (at[step] ??= {}) as Record<string, unknown>;
      at[last] = parseYaml(value.replaceAll('`', ''));
    }
    expect(parsePolicy(JSON.stringify(file), 'UTC')).toEqual({ kind: 'ok', policy: defaultPolicy });
  });

  test('has every contradiction and no other', () => {
    const section = read('docs/policy.md').split('\n## What contradicts itself\n')[1] ?? '';
    const listed = [...(section.split('\n## ')[0] ?? '').matchAll(/^- (.*)$/gm)];
    expect(listed.map(([, problem]) => problem)).toEqual(
      contradictions.map(({ problem }) => problem),
    );
  });

  test('has an example that is a policy, and not merely the default', () => {
    const parsed = parsePolicy(read('docs/examples/policy.yaml'), 'UTC');
    expect(parsed).toMatchObject({ kind: 'ok', policy: { publishers: [{ name: 'example' }] } });
    if (parsed.kind === 'ok') expect(parsed.policy.waiting).not.toEqual(defaultPolicy.waiting);
  });

  test('and the one that docker-compose.yml takes is one, and the default', () => {
    const parsed = parsePolicy(read('deploy/policy.yaml'), 'UTC');
    expect(parsed).toEqual({ kind: 'ok', policy: defaultPolicy });
  });
});

test('docs/operators.md has every capability that confining needs, and what for', () => {
  const documented = codeRows(read('docs/operators.md')).filter(([name]) =>
    name?.startsWith('CAP_'),
  );
  expect(documented).toEqual(privileges.map(({ name, why }) => [name, why]));
});

describe('figures', () => {
  const source = read('orchestrator/world/figures.ts');
  const counted = [...new Set([...source.matchAll(/'(lull\.[a-z.]+)'/g)].map(([, name]) => name))];

  test('docs/operators.md has every one and no other', () => {
    const documented = codeRows(read('docs/operators.md')).map(([name = '']) => name);
    expect(documented.filter((name) => /^lull\.(?!.*service$)/.test(name)).sort()).toEqual(
      counted.sort(),
    );
  });

  test('the dashboard shows every one and no other', () => {
    const dashboard = read('deploy/grafana/dashboards/lull.json');
    // As they are called in Prometheus: with the unit, and with what kind of figure it is.
    const shown = [
      ...dashboard.matchAll(/\b(lull_[a-z_]+?)(?:_seconds|_bytes)?_(?:total|bucket)\b/g),
    ];
    const names = shown.map(([, name = '']) => name.replaceAll('_', '.'));
    expect([...new Set(names)].sort()).toEqual(counted.sort());
  });
});

describe('docs/vendors.md', () => {
  test('has every field of the manifest and no other', () => {
    const about = read('docs/vendors.md').split('\n## ');
    const section = about.find((each) => each.startsWith('The manifest')) ?? '';
    const { properties } = schemaOf(manifestSchema);
    const documented = codeRows(section).map(([field]) => field);
    expect(documented.sort()).toEqual(Object.keys(properties ?? {}).sort());
  });

  test('shows a manifest that is valid once it is packed', () => {
    const file = { path: 'main.mjs', size: 1, sha256: '0'.repeat(64) };
    const bundle = { sha256: '0'.repeat(64), size: 1, files: [file] };
    const manifest = JSON.parse(read('updaters/example/manifest.json')) as object;
    expect(manifestSchema.safeParse({ ...manifest, bundle }).error).toBeUndefined();
  });
});

/** Names of variables that a source reads: by member, by a known reader, or as a LULL_ or OTEL_ word. */
function variablesIn(text: string): string[] {
  const code = text.replace(/^\s*(?:\/\/|\*).*$/gm, '');
  const patterns = [
    /\benv\[['"]([A-Za-z_]+)['"]\]/g,
    /process\.env\.([A-Za-z_]+)/g,
    /(?:proxyIn\(|value\(env, )'([a-z_]+)'/g,
    // Streams of NATS are in capitals too.
    /(?<!STREAM = )'((?:LULL|OTEL)_[A-Z_]+)'/g,
  ];
  return patterns
    .flatMap((pattern) => [...code.matchAll(pattern)].map(([, name = '']) => name))
    .map((name) => (name.endsWith('_proxy') ? name.toUpperCase() : name));
}

describe('docs/environment.md', () => {
  const sources = readSources(root).filter(({ path }) => !/^test\/|testing|\.test\.ts$/.test(path));
  const scripts = readdirSync(join(root, 'scripts')).map((name) => read(`scripts/${name}`));

  test('has every variable that the code reads and no other', () => {
    const texts = [...sources.map(({ path }) => read(path)), ...scripts];
    const documented = codeRows(read('docs/environment.md')).map(([name]) => name);
    expect(documented.sort()).toEqual([...new Set(texts.flatMap(variablesIn))].sort());
  });

  test('would be noticed when it lacks one', () => {
    const text = `env['A'] process.env.B proxyIn('c_proxy') ['LULL_D']\n// env['NOT_THIS']`;
    expect(variablesIn(text)).toEqual(['A', 'B', 'C_PROXY', 'LULL_D']);
  });
});

test('every link between the pages leads somewhere', () => {
  const pages = ['README.md', 'CONTRIBUTING.md', 'updaters/example/README.md'].concat(
    readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => `docs/${name}`),
  );
  const dead = pages.flatMap((page) =>
    [...read(page).matchAll(/(?:\]\(|(?:src|srcset)=")([^)"#:]+)[)"#]/g)].flatMap(([, to = '']) => {
      const target = join(page, '..', to);
      const listed = readdirSync(join(root, target, '..'));
      return listed.includes(target.split('/').at(-1) ?? '') || to.endsWith('/')
        ? []
        : [`${page} → ${to}`];
    }),
  );
  expect(dead).toEqual([]);
});

test('every threat is tried where the page says, by a test that names it', () => {
  const rows = codeRows(read('docs/threats.md'));
  const untried = rows.flatMap(([threat = '', ...cells]) =>
    [...cells.join(' ').matchAll(/\]\(\.\.\/([^)]+)\)/g)].flatMap(([, file = '']) =>
      new RegExp(`\\b${threat}\\b`).test(read(file)) ? [] : [`${threat}: ${file}`],
    ),
  );
  expect(rows.length).toBeGreaterThan(20);
  expect(untried).toEqual([]);
});
