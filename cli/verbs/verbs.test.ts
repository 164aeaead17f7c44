// What an operator types, against the operator's API over a real ledger.

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  admitted,
  enabled,
  engaged,
  found,
  interrupted,
  perform,
  quietReadings,
  started,
  submitted,
  updateOf,
  UPDATER,
} from '../../orchestrator/world/history.testing.js';
import { openOperator, type OperatorUnderTest } from '../../orchestrator/api/operator.testing.js';
import { typed } from './typed.testing.js';

let operator: OperatorUnderTest;

beforeEach(async () => {
  operator = await openOperator();
  await operator.rig.ledger.append([submitted(), enabled(), found([updateOf('a')])]);
  operator.machine.readings = quietReadings({ presence: engaged });
});

afterEach(() => operator.close());

function lull(line: string, json = false, host?: string): Promise<string> {
  return typed(operator, line, { json, host });
}

test('lull host: how strongly updaters are confined, and what was tried', async () => {
  expect((await lull('host')).split('\n')).toEqual([
    'host-1: confinement confined, runc version 1, control groups v2',
    '  write /etc  denied',
    '',
  ]);
  operator.machine.attached = false;
  expect(await lull('host')).toContain('host-1: not attached');
});

describe('lull explain', () => {
  test('has value, limit and next chance, within the width of the terminal', async () => {
    const shown = await lull('explain a');
    expect(shown).toMatch(/PERSON_PRESENT {2}engaged {2}away/);
    expect(shown).toContain('next chance: ');
    expect(Math.max(...shown.split('\n').map((each) => each.length))).toBeLessThanOrEqual(80);
  });

  test('in JSON has them as fields', async () => {
    expect(JSON.parse(await lull('explain a', true))).toMatchObject([
      { reasons: [{ code: 'PERSON_PRESENT', measured: 'engaged', limit: 'away', unit: '' }] },
    ]);
  });
});

test('lull forecast says what it assumes, and what follows what', async () => {
  const shown = await lull('forecast --hours 1');
  expect(shown.replace(/\s+/g, ' ')).toMatch(
    /^What runs, on the clock of .*, if nobody uses .* each run succeeds .*: .*download a .*install a .*verify a/,
  );
});

describe('lull history', () => {
  beforeEach(async () => {
    const { ledger } = operator.rig;
    await ledger.append([admitted('run-7', perform(updateOf('a'))), started('run-7')]);
    operator.clock.advance(90_000);
    await ledger.append([interrupted('run-7')]);
  });

  test('says what ran, for how long, and why it was interrupted', async () => {
    const shown = await lull('history');
    expect(shown).toMatch(/run-7 {2}download {2}interrupted {2}90 s/);
    expect(shown).toContain(
      `\n    a 1.0.0 → 2.0.0, by ${UPDATER} 1.0.0\n    HOST_LOST: it went away`,
    );
  });

  test('of a run shows it whole, by its number too', async () => {
    const shown = await lull('history 7');
    expect(shown).toBe(await lull('history run-7'));
    expect(shown).toMatch(
      /run\.admitted .*\n.*run\.started .*\n.*run\.interrupted {2}HOST_LOST: it/,
    );
    expect(JSON.parse(await lull('history run-7', true))).toMatchObject({
      run: { id: 'run-7', reason: 'HOST_LOST', ranMs: 90_000 },
      entries: [{ kind: 'run.admitted' }, { kind: 'run.started' }, { kind: 'run.interrupted' }],
    });
  });
});

test('lull hold, veto and unhold: placed, listed, lifted', async () => {
  expect(await lull('hold a --why no --for 1h')).toMatch(/^a is held until /);
  const [, id = ''] =
    /^(veto-[0-9a-f]+) until /.exec(await lull('veto add --owner o --why w')) ?? [];
  const listed = await lull('veto list');
  expect(listed).toContain(id);
  expect(listed).toContain('by o');
  expect(listed).toContain(`${UPDATER} a`);
  const mistyped = await lull('veto remove veto-00000000');
  expect(mistyped).toMatch(/^veto-00000000 is not in force; still in force:\n {2}veto /);
  expect(mistyped).toContain(id);
  expect(await lull(`veto remove ${id}`)).toMatch(/is not in force; still in force:\n {2}hold /);
  expect(await lull('unhold a')).toBe('no order holds a\n');
  expect(await lull('veto')).toBe('none\n');
});

/** The operator's API here is that of host-1, a machine by itself, which refuses what is meant for others. */
test.each(['updaters suspend ID --why no', 'updaters enable ID', 'hold ID --why no', 'explain ID'])(
  'lull --host till-7 %s reaches no other machine',
  async (line) => {
    const before = operator.rig.ledger.head.sequence;
    const words = line.replace('ID', UPDATER);
    await expect(lull(words, false, 'till-7')).rejects.toMatchObject({
      details: expect.stringContaining('knows no till-7') as unknown,
    });
    expect(operator.rig.ledger.head.sequence).toBe(before);
    await lull(words, false, 'host-1');
  },
);

test('lull pause-all and resume-all', async () => {
  expect(await lull('pause-all --for 4h')).toMatch(/^nothing runs until /);
  expect(await lull('veto list')).toMatch(/^switch {2}until /);
  await lull('resume-all');
  expect(await lull('veto list')).toBe('none\n');
});
