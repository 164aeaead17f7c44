// What ships starts by itself, and opens few files: V8 says which it ran.

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { repositoryRoot } from '../architecture/tree.fs.js';
import { spawnLull } from '../support/lull-process.spawn.js';

const STORY_MS_MAX = 90_000;
/** Some eighty, and ten; what is bundled no more is a hundred files, and a new feature a few. */
const OF_A_MACHINE_MAX = 120;
const OF_A_COMMAND_MAX = 30;

let directory = '';
let tree = '';

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'lull-ships-'));
  tree = join(directory, 'lull');
  execFileSync(process.execPath, [join(repositoryRoot(), 'scripts/image-tree.mjs'), tree]);
}, STORY_MS_MAX);

afterAll(() => {
  rmSync(directory, { recursive: true });
});

/** What `lull WORDS` ran of files, relative to what was copied; stopped once it is up. */
async function ranBy(program: string, words: readonly string[]): Promise<string[]> {
  const coverage = mkdtempSync(join(directory, 'ran-'));
  const lull = spawnLull([...words], {
    program: join(tree, program),
    env: { PATH: process.env['PATH'], NODE_V8_COVERAGE: coverage },
  });
  if (await lull.said(' is up: ')) lull.kill('SIGTERM');
  const { code, stderr } = await lull.ended;
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  const urls = readdirSync(coverage).flatMap((file) => {
    const text = readFileSync(join(coverage, file), 'utf8');
    return (JSON.parse(text) as { result: { url: string }[] }).result.map(({ url }) => url);
  });
  const paths = urls.filter((url) => url.startsWith('file:')).map((url) => fileURLToPath(url));
  return [...new Set(paths)].map((path) => relative(tree, path));
}

test.each(['dist/lull/main.js', 'dist/cli/main.js'])(
  '%s starts on what was copied alone, and opens few files',
  async (program) => {
    const places = ['--state', join(directory, 'state'), '--run', join(directory, 'run')];
    const ran = await ranBy(program, [...places, 'up', '--only', 'sensor-service', 'orchestrator']);
    expect(ran.filter((path) => !/^(dist\/lull|node_modules)\//.test(path))).toEqual([]);
    const packages = ran.flatMap((path) => /node_modules\/(.*?)\/[^/]*\.js/.exec(path)?.[1] ?? []);
    expect(new Set(packages)).toEqual(new Set(['@neon-rs/load/dist', 'detect-libc/lib', 'libsql']));
    expect(ran.length).toBeLessThan(OF_A_MACHINE_MAX);
    // What is imported as a whole, import * as z from 'zod', is bundled without what nobody uses of it.
    const text = ran.map((path) => readFileSync(join(tree, path), 'utf8')).join('\n');
    expect(text.match(/node_modules\/zod\/v4\/locales\/\w+\.js/g)).toEqual([
      'node_modules/zod/v4/locales/en.js',
    ]);
  },
  STORY_MS_MAX,
);

test(
  'a command that asks no Lull opens no file of those that do',
  async () => {
    const ran = await ranBy('dist/lull/main.js', ['bundle', '--help']);
    expect(ran.length).toBeLessThan(OF_A_COMMAND_MAX);
    const text = ran.map((path) => readFileSync(join(tree, path), 'utf8')).join('\n');
    expect(text).toContain('node_modules/commander/');
    expect(text).not.toContain('node_modules/@grpc/grpc-js/');
  },
  STORY_MS_MAX,
);

test('what tests start was made of what is built now', () => {
  const root = repositoryRoot();
  const text = readFileSync(join(root, 'dist/lull/made-of.json'), 'utf8');
  const madeOf = Object.entries(JSON.parse(text) as Record<string, string>);
  expect(madeOf.length).toBeGreaterThan(500);
  const changed = madeOf.filter(([path, look]) => {
    const { size, mtimeMs } = statSync(join(root, path));
    return look !== `${String(size)} ${String(mtimeMs)}`;
  });
  expect(changed).toEqual([]);
});

test('what is in it of others has its licences beside it', () => {
  const licenses = readFileSync(join(tree, 'dist/lull/licenses.txt'), 'utf8');
  const bundled = readdirSync(join(tree, 'dist/lull'))
    .filter((file) => file.endsWith('.js'))
    .flatMap((file) => {
      const text = readFileSync(join(tree, 'dist/lull', file), 'utf8');
      return [...text.matchAll(/^\s*\/\/ node_modules\/((?:@[^/]+\/)?[^/]+)\//gm)].map(
        ([, name]) => name,
      );
    });
  const names = [...new Set(bundled)];
  expect(names.length).toBeGreaterThan(10);
  for (const name of names) expect(licenses).toContain(`=== ${String(name)} `);
  for (const each of ['libsql', 'detect-libc', '@neon-rs/load']) {
    expect(existsSync(join(tree, 'node_modules', each, 'package.json'))).toBe(true);
  }
});
