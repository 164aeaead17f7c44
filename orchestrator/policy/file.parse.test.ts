// The policy file: what it may say, and everything that is wrong with it at once.

import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parsePolicy } from './file.parse.js';
import { defaultPolicy, type Policy } from './policy.js';

const key = generateKeyPairSync('ed25519')
  .publicKey.export({ type: 'spki', format: 'der' })
  .toString('base64');

function policyOf(text: string): Policy {
  const parsed = parsePolicy(text, 'UTC');
  if (parsed.kind === 'ok') return parsed.policy;
  throw new Error(parsed.problems.join('\n'));
}

function problemsOf(text: string): readonly string[] {
  const parsed = parsePolicy(text, 'UTC');
  return parsed.kind === 'ok' ? [] : parsed.problems;
}

describe('what it leaves out is the default', () => {
  test.each([['', '# only words\n', 'waiting: {}', '{}']].flat())('%j', (text) => {
    expect(policyOf(text)).toEqual(defaultPolicy);
  });
});

test('what it says replaces that alone', () => {
  const policy = policyOf(`
publishers:
  - name: acme
    keys: [${key}]
    ids: [com.acme.*]
    auto: true
waiting: { away: 90s, away_for_install: 1.5h }
load: { cpu.busy: 50, disk.busy: off }
battery: { start: 30 }
disk: { free_min_mb: 200 }
retry: { first: 500ms, give_up: 2d }
`);
  expect(policy.publishers).toMatchObject([{ name: 'acme', threshold: 1, auto: true }]);
  expect(policy.publishers[0]?.keys[0]?.asymmetricKeyType).toBe('ed25519');
  expect(policy.waiting).toEqual({
    ...defaultPolicy.waiting,
    awayMs: 90_000,
    awayForInstallMs: 5_400_000,
  });
  expect(policy.load['cpu.busy']).toBe(50);
  expect(policy.load).not.toHaveProperty(['disk.busy']);
  expect(policy.load['memory.used']).toBe(defaultPolicy.load['memory.used']);
  expect(policy.battery).toEqual({ startPercent: 30, continuePercent: 10 });
  expect(policy.disk.freeBytesMin).toBe(200_000_000);
  expect(policy.retry).toMatchObject({ firstMs: 500, installMs: 1_800_000, giveUpMs: 172_800_000 });
});

test('every problem is named at once, with where it is', () => {
  const problems = problemsOf(`
publishers: [{ name: ACME, keys: [nonsense], ids: [] }]
waiting: { away: soon, invented: 1s }
load: { cpu.busy: 101 }
colour: blue
`);
  const text = problems.join('\n');
  for (const where of ['publishers.0.name', 'publishers.0.ids', 'waiting.away', 'load.cpu.busy']) {
    expect(text).toContain(where);
  }
  expect(text).toContain('invented');
  expect(text).toContain('colour');
  expect(problems.length).toBeGreaterThanOrEqual(6);
});

describe('durations', () => {
  test.each([
    ['0s', 0],
    ['250ms', 250],
    ['1.5m', 90_000],
    ['366d', 366 * 86_400_000],
  ])('%s is %d ms', (text, ms) => {
    expect(policyOf(`waiting: { away: ${text} }`).waiting.awayMs).toBe(ms);
  });

  test.each(['5', '"5"', '-1s', '1e3s', '4 m', '1w', '.5s', '367d', '""', '1h30m', 'null', '[1s]'])(
    '%s is refused',
    (text) => {
      expect(problemsOf(`waiting: { away: ${text} }`).join()).toContain('waiting.away');
    },
  );
});

describe('publishers', () => {
  const publisher = (members: string): string =>
    `publishers: [{ name: a, ids: [a.b], ${members} }]`;

  test.each([
    ['a threshold above its keys', publisher(`keys: [${key}], threshold: 2`), 'fewer keys'],
    ['a threshold of nothing', publisher(`keys: [${key}], threshold: 0`), 'threshold'],
    ['no key', publisher('keys: []'), 'keys'],
    ['a key of another kind', publisher('keys: [AAAA]'), 'not Ed25519'],
    [
      'an id with a star inside',
      `publishers: [{ name: a, keys: [${key}], ids: ["a.*.b"] }]`,
      'ids',
    ],
    ['a star for everybody', `publishers: [{ name: a, keys: [${key}], ids: ["*"] }]`, 'ids'],
    [
      'the same key twice for a threshold of two',
      publisher(`keys: [${key}, ${key}], threshold: 2`),
      'fewer',
    ],
  ])('%s', (_what, text, said) => {
    expect(problemsOf(text).join('\n')).toContain(said);
  });
});

describe('hostile YAML', () => {
  const bomb = ['a: &a [x,x,x,x,x,x,x,x,x,x]'];
  for (let level = 1; level < 9; level += 1) {
    const names = Array(10).fill(`*${'abcdefghi'[level - 1] ?? ''}`);
    bomb.push(`${'abcdefghi'[level] ?? ''}: &${'abcdefghi'[level] ?? ''} [${names.join(',')}]`);
  }
  test.each([
    ['a bomb of aliases', bomb.join('\n')],
    ['no mapping', 'just words'],
    ['a list', '- 1'],
    ['not YAML', 'waiting: {away: 1s'],
    ['a key twice', 'waiting: {}\nwaiting: {}'],
    ['a prototype', '__proto__: { publishers: [] }'],
    ['longer than any policy', `# ${'x'.repeat(300_000)}`],
    ['two documents', 'waiting: {}\n---\nwaiting: {}'],
  ])('%s is refused in words', (_what, text) => {
    const problems = problemsOf(text);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.join('').length).toBeLessThan(10_000);
  });

  test('no text makes it throw', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(['ok', 'invalid']).toContain(parsePolicy(text, 'UTC').kind);
        expect(['ok', 'invalid']).toContain(parsePolicy(`waiting: ${text}`, 'UTC').kind);
      }),
    );
  });
});
