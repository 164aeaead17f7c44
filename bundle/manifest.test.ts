import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MANIFEST_BYTES_MAX, parseManifest } from './manifest.js';
import { leastManifest as good, sha256 } from './manifest.testing.js';

function problemsOf(json: unknown): readonly string[] {
  const parsed = parseManifest(Buffer.from(JSON.stringify(json)));
  return parsed.kind === 'ok' ? [] : parsed.problems;
}

function withFiles(...paths: string[]) {
  return {
    ...good,
    bundle: { ...good.bundle, files: paths.map((path) => ({ path, size: 1, sha256 })) },
  };
}

test('the least that a manifest says is enough, the rest has defaults', () => {
  const parsed = parseManifest(Buffer.from(JSON.stringify(good)));
  expect(parsed).toMatchObject({
    kind: 'ok',
    manifest: {
      ...good,
      settings: [],
      egress: [],
      fetch: [],
      critical_max_s: 0,
      limits: { run_s: 1_800 },
      scan: { sla_h: 22, floor_h: 1 },
    },
  });
});

test.each([
  [{ sla_h: 6 }, { sla_h: 6, floor_h: 1 }],
  [{ floor_h: 4 }, { sla_h: 22, floor_h: 4 }],
  [{}, { sla_h: 22, floor_h: 1 }],
])('of its scans it may say one number and leave the other: %j', (scan, whole) => {
  const parsed = parseManifest(Buffer.from(JSON.stringify({ ...good, scan })));
  expect(parsed).toMatchObject({ kind: 'ok', manifest: { scan: whole } });
});

describe('what it does not know it refuses', () => {
  test.each<[string, object]>([
    ['on top', { ...good, sandbox: 'off' }],
    ['in the bundle', { ...good, bundle: { ...good.bundle, mirror: 'x' } }],
    ['in the limits', { ...good, limits: { ...good.limits, cpu: 4 } }],
    ['in a setting', { ...good, settings: [{ name: 'a', kind: 'text', why: 'x', secret: true }] }],
    [
      'in a file',
      {
        ...good,
        bundle: { ...good.bundle, files: [{ path: 'a', size: 1, sha256, mode: 0o4755 }] },
      },
    ],
  ])('an unknown field %s', (_where, json) => {
    expect(problemsOf(json)).toEqual([expect.stringMatching(/: there is no such field$/)]);
  });

  test.each<[string, object]>([
    ['another contract', { ...good, contract: 'lull.updater.v2' }],
    ['another platform', { ...good, platforms: ['linux', 'windows'] }],
    ['another action', { ...good, actions: ['format'] }],
    ['another scope', { ...good, scope: 'root' }],
    ['another runtime', { ...good, runtime: 'docker' }],
  ])('%s', (_what, json) => {
    expect(problemsOf(json)).toHaveLength(1);
  });
});

test('what is wrong is said in words of a manifest: what is wanted, and what stands there', () => {
  const { limits, ...without } = good;
  const wrong = { ...without, runtime: 'python', entrypoint: 'main.py', critical_max_s: 9_999 };
  expect(limits).toBeDefined();
  expect(problemsOf({ ...wrong, settings: [{ name: 'a', kind: 'path' }] })).toEqual([
    'entrypoint: wants a list, not "main.py"',
    'runtime: wants host or node, not "python"',
    'settings.0.why: is missing',
    'critical_max_s: wants at most 600',
    'limits: is missing',
  ]);
});

describe('ids that could be something else (T7)', () => {
  test.each([
    ...['tool', 'Dev.Example', 'dev..example', '.dev.example', 'dev.example.', '-x.example'],
    ...[
      'dev/example',
      '../../etc',
      'dev.example\n',
      'dev.example\0',
      'dev․example',
      'dëv.example',
      '',
    ],
    `${'a'.repeat(60)}.abc`,
  ])('"%s"', (id) => {
    expect(problemsOf({ ...good, id })).not.toEqual([]);
  });

  test.each(['dev.lull.npm', 'a.b', '0.1', 'com.example-corp.tool-2', `${'a'.repeat(59)}.abc`])(
    '"%s" is an id',
    (id) => {
      expect(problemsOf({ ...good, id })).toEqual([]);
    },
  );

  test.each(['1', '1.2', 'v1.2.3', '1.2.3/..', '1.2.3\n', ' 1.2.3', '1.2.3-'])(
    'version "%s"',
    (version) => {
      expect(problemsOf({ ...good, version })).not.toEqual([]);
    },
  );
});

describe('paths of files (T8)', () => {
  test.each([
    ...['/etc/passwd', '../x', 'a/../b', 'a/./b', './a', 'a//b', 'a/', '', '.', '..', 'a\\b'],
    ...['a\0b', 'a\nb', 'a b', 'ä', 'a:b', 'x'.repeat(513)],
  ])('"%s" is refused', (path) => {
    expect(problemsOf(withFiles(path))).not.toEqual([]);
  });

  test.each(['a', 'bin/main', '.hidden', 'a..b', '@scope/x+y_z-1.0'])('"%s" is fine', (path) => {
    expect(problemsOf(withFiles(path))).toEqual([]);
  });

  test('two files with one name, or with names that some file systems take for one', () => {
    expect(problemsOf(withFiles('a', 'a'))).toEqual(['file "a" twice']);
    expect(problemsOf(withFiles('README', 'readme'))).toEqual(['file "readme" twice']);
  });
});

describe('settings', () => {
  const prefix = { name: 'prefix', kind: 'path', why: 'Where the programs are.' };

  test('may stand for what a vendor cannot know', () => {
    const json = {
      ...good,
      settings: [prefix, { name: 'registry', kind: 'url', why: 'Where they come from.' }],
      install_roots: [{ name: 'prefix', path: '{prefix}' }],
      egress: ['{registry}', 'a.example:8443'],
      fetch: ['{registry}', 'https://a.example/x/'],
    };
    expect(problemsOf(json)).toEqual([]);
  });

  test('that are used must be declared', () => {
    const json = { ...good, egress: ['{registry}'], fetch: ['{other}'] };
    expect(problemsOf(json)).toEqual([
      '{registry} names no declared setting',
      '{other} names no declared setting',
    ]);
  });

  test('and install roots are not declared twice', () => {
    const root = { name: 'r', path: '/opt/x' };
    expect(problemsOf({ ...good, settings: [prefix, prefix] })).toEqual(['setting "prefix" twice']);
    expect(problemsOf({ ...good, install_roots: [root, root] })).toEqual(['root "r" twice']);
    expect(problemsOf({ ...good, install_roots: [root], roots: [root] })).toEqual([
      'root "r" twice',
    ]);
  });

  test.each<[string, object]>([
    ['a reference inside a longer path', { install_roots: [{ name: 'r', path: '{prefix}/x' }] }],
    ['a relative install root', { install_roots: [{ name: 'r', path: 'opt' }] }],
    ['plain http for everybody', { fetch: ['http://a.example/'] }],
    ['a host with user info (T14)', { egress: ['a@b.example'] }],
    ['a host in capitals', { egress: ['A.example'] }],
    ['a host with a trailing dot', { egress: ['a.example.'] }],
    ['every host', { egress: ['*'] }],
  ])('%s', (_what, change) => {
    expect(problemsOf({ ...good, settings: [prefix], ...change })).not.toEqual([]);
  });
});

describe('limits have limits', () => {
  test.each<[string, object]>([
    ['no memory', { memory_mb: 0 }],
    ['a quarter of a process', { processes: 0.25 }],
    ['a disk of 2 TiB', { disk_mb: 2_097_152 }],
    ['a run of two days', { run_s: 172_800 }],
  ])('%s', (_what, change) => {
    expect(problemsOf({ ...good, limits: { ...good.limits, ...change } })).toHaveLength(1);
  });
});

describe('bytes that are no manifest', () => {
  test('are refused with the problem', () => {
    expect(parseManifest(Buffer.alloc(MANIFEST_BYTES_MAX + 1, 0x20))).toMatchObject({
      problems: [expect.stringContaining('larger than')],
    });
    expect(parseManifest(Buffer.from('{'))).toMatchObject({
      problems: [expect.stringContaining('not JSON')],
    });
    expect(parseManifest(Buffer.from([0x22, 0xff, 0x22]))).toMatchObject({ kind: 'invalid' });
  });

  test('every problem is named at once', () => {
    expect(problemsOf({ ...good, id: 'X', version: '1' })).toHaveLength(2);
  });

  test('whatever they are, reading them does not throw', () => {
    fc.assert(
      fc.property(fc.json({ noUnicodeString: false }), (text) => {
        expect(parseManifest(Buffer.from(text)).kind).toBe('invalid');
      }),
    );
  });
});

describe('what a vendor reads', () => {
  test.each([
    [{ version: '1.0' }, 'version: wants a semantic version, such as 1.0.0'],
    [{ id: 'Tool' }, 'id: wants reverse DNS in lower case, such as com.example.tool'],
    [{ limits: undefined }, 'limits: is missing'],
    [
      { install_roots: [{ name: 'a', path: 'opt' }] },
      'install_roots.0.path: wants an absolute path, or a setting such as "{directory}"',
    ],
    [
      { egress: ['https://example.com/'] },
      'egress.0: wants "host" or "host:port" in lower case, without a scheme, or a setting',
    ],
    [
      { fetch: ['http://example.com/'] },
      'fetch.0: wants the beginning of an https:// URL, or a setting',
    ],
  ])('%j', (change, words) => {
    const parsed = parseManifest(Buffer.from(JSON.stringify({ ...good, ...change })));
    expect(parsed).toEqual({ kind: 'invalid', problems: [words] });
  });

  test('a file whose name nobody can use is named', () => {
    const files = [{ path: 'a b', size: 1, sha256: 'a'.repeat(64) }];
    const bundle = { ...good.bundle, files };
    const parsed = parseManifest(Buffer.from(JSON.stringify({ ...good, bundle })));
    expect(parsed).toHaveProperty('problems', [expect.stringContaining('"a b" wants letters')]);
  });
});
