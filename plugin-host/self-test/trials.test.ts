import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import type { TrialResult } from '../../conditions/confinement.js';
import { readAnswer } from './answer.js';
import { levelOf, listTrials, trialNames, trials, type TrialName } from './trials.js';

const allDenied = new Map<TrialName, TrialResult>(trialNames().map((name) => [name, 'denied']));

test('docs/trust.md has every trial, what it holds and what is tried, in the order of the table', () => {
  const page = fileURLToPath(new URL('../../../docs/trust.md', import.meta.url));
  const rows = readFileSync(page, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, name, holds, tries] =
        /^\| `([a-z-]+)`\s*\| (boundary|limit|seal)\s*\| (.*?)\s*\|$/.exec(line) ?? [];
      return name === undefined ? [] : [{ name, holds, tries }];
    });
  expect(rows).toEqual(trialNames().map((name) => ({ name, ...trials[name] })));
});

const weakest = { boundary: 'none', limit: 'loose', seal: 'confined' } as const;

describe('the level', () => {
  test('is sealed where nothing succeeded', () => {
    expect(levelOf(allDenied)).toBe('sealed');
  });

  test.each(trialNames())('is as weak as "%s" allows, also where it is not known (T1)', (name) => {
    const level = weakest[trials[name].holds];
    expect(levelOf(new Map(allDenied).set(name, 'allowed'))).toBe(level);
    expect(levelOf(new Map(allDenied).set(name, 'unknown'))).toBe(level);
    const without = new Map(allDenied);
    without.delete(name);
    expect(levelOf(without)).toBe(level);
    expect(listTrials(without).find((trial) => trial.name === name)?.result).toBe('unknown');
  });

  test('is the weakest of many', () => {
    const mixed = new Map(allDenied).set('disk', 'allowed').set('memory', 'allowed');
    expect(levelOf(mixed)).toBe('loose');
    expect(levelOf(mixed.set('shadow', 'allowed'))).toBe('none');
  });
});

test('a canary outside of a sandbox tries nothing: it would come true', () => {
  const program = fileURLToPath(new URL('./canary/main.js', import.meta.url));
  // As a user who could not do much harm; only once it is Node.js, which may lie in a closed folder.
  const asNobody =
    'if (process.getuid() === 0) { process.setgroups([]); process.setgid(65534); process.setuid(65534); }';
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module'], {
    input: `${asNobody}\n${readFileSync(program, 'utf8')}`,
    encoding: 'utf8',
    cwd: '/',
  });
  expect(status).toBe(1);
  expect(stderr).toContain('the canary is for a sandbox');
  expect(readAnswer(stderr)).toBeUndefined();
});

describe('the answer of a canary', () => {
  test('is its last line, after whatever Node.js had to say', () => {
    const answer = readAnswer('(node:1) Warning: x\n{"shadow":"denied","disk":"allowed"}\n');
    expect(answer).toEqual(
      new Map([
        ['shadow', 'denied'],
        ['disk', 'allowed'],
      ]),
    );
  });

  test('counts only where it is in form', () => {
    const said = '{"shadow":"fine","__proto__":"denied","disk":"denied","other":"denied"}';
    expect([...(readAnswer(said) ?? [])]).toEqual([['disk', 'denied']]);
  });

  test.each(['', 'Error: no', '7', 'null', '{"shadow":'])('is none: %s', (said) => {
    expect(readAnswer(said)).toBeUndefined();
  });
});
