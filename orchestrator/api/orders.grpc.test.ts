// Holds, vetoes, the trip switch and run-now, over the operator's socket.

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { status } from '@grpc/grpc-js';
import { unary } from '../../runtime/grpc.js';
import { reasonOf } from '../../runtime/reason.js';
import type { Fact } from '../journal/fact.js';
import {
  enabled,
  engaged,
  found,
  NOW_MS,
  quietReadings,
  submitted,
  updateOf,
  UPDATER,
} from '../world/history.testing.js';
import { openOperator, type OperatorUnderTest } from './operator.testing.js';

const options = { deadlineMs: 30_000 };
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const OTHER = 'com.acme.other';
let operator: OperatorUnderTest;

beforeEach(async () => {
  operator = await openOperator();
  await operator.append(
    ...[submitted(), enabled(), submitted(OTHER), enabled(OTHER)],
    found([updateOf('a'), updateOf('both')]),
    found([updateOf('both'), updateOf('c')], OTHER),
  );
});

afterEach(() => operator.close());

function hold(subject: string, why = 'not this one', forMs = HOUR_MS) {
  const { client } = operator;
  return unary(client.placeHold.bind(client), { subject, why, forMs: BigInt(forMs) }, options);
}

function unhold(subject: string) {
  const { client } = operator;
  return unary(client.liftHold.bind(client), { subject }, options);
}

function veto(owner: string, why = 'the shop is open', forMs = HOUR_MS) {
  const { client } = operator;
  return unary(client.placeVeto.bind(client), { owner, why, forMs: BigInt(forMs) }, options);
}

function unveto(vetoId: string) {
  const { client } = operator;
  return unary(client.liftVeto.bind(client), { vetoId }, options);
}

function trip(why = 'storm', forMs = HOUR_MS) {
  const { client } = operator;
  return unary(client.tripSwitch.bind(client), { why, forMs: BigInt(forMs) }, options);
}

function release() {
  const { client } = operator;
  return unary(client.releaseSwitch.bind(client), {}, options);
}

function runNow(subject: string) {
  const { client } = operator;
  return unary(client.runNow.bind(client), { subject }, options);
}

async function orders(): Promise<string[]> {
  const { client } = operator;
  const listed = await unary(client.listOrders.bind(client), {}, options);
  return listed.orders.map(({ kind, subject, owner, why }) =>
    [kind, subject, owner, why].filter((part) => part !== '').join(' | '),
  );
}

async function codesOf(updateId: string, updaterId = UPDATER): Promise<string[]> {
  const { client } = operator;
  const { subjects } = await unary(client.explain.bind(client), { subject: updateId }, options);
  const mine = subjects.find((each) => each.updaterId === updaterId);
  return (mine?.reasons ?? []).map(({ code }) => code);
}

async function refusalOf(promise: Promise<unknown>): Promise<unknown[]> {
  try {
    await promise;
    return ['none'];
  } catch (error) {
    const { code, details } = error as { code: number; details: string };
    return [status[code], reasonOf(error), details];
  }
}

async function factCount(): Promise<number> {
  return (await operator.rig.facts()).length;
}

describe('a hold', () => {
  test('holds an update back until it is lifted, is listed, and wakes the turn', async () => {
    const { untilUnixMs } = await hold('a');
    expect(Number(untilUnixMs)).toBe(NOW_MS + HOUR_MS);
    expect(operator.wakeCount()).toBe(1);
    expect(await codesOf('a')).toContain('HELD');
    expect(await codesOf('c', OTHER)).not.toContain('HELD');
    expect(await orders()).toEqual([`hold | ${UPDATER} a | not this one`]);
    await unhold('a');
    expect(await orders()).toEqual([]);
    expect(await codesOf('a')).not.toContain('HELD');
  });

  test('on an updater holds all that is its own', async () => {
    await hold(OTHER);
    expect(await codesOf('c', OTHER)).toContain('HELD');
    expect(await codesOf('both', OTHER)).toContain('HELD');
    expect(await codesOf('both', UPDATER)).not.toContain('HELD');
  });

  test('ends by itself', async () => {
    await hold('a');
    operator.clock.advance(HOUR_MS);
    expect(await orders()).toEqual([]);
    expect(await codesOf('a')).not.toContain('HELD');
  });

  test('of a name that two updaters use is refused, with both; the whole name is taken', async () => {
    const names = `"both" is "${UPDATER} both" and "${OTHER} both": name one of them`;
    const refusal = ['INVALID_ARGUMENT', 'AMBIGUOUS_SUBJECT', names];
    expect(await refusalOf(hold('both'))).toEqual(refusal);
    expect(await refusalOf(runNow('both'))).toEqual(refusal);
    expect(await orders()).toEqual([]);
    await hold(`${OTHER} both`);
    expect(await orders()).toEqual([`hold | ${OTHER} both | not this one`]);
  });

  test('is not lifted by a name under which two stand', async () => {
    await hold(`${UPDATER} both`);
    await hold(`${OTHER} both`);
    expect((await refusalOf(unhold('both')))[1]).toBe('AMBIGUOUS_SUBJECT');
    await unhold(`${UPDATER} both`);
    await unhold('both');
    expect(await orders()).toEqual([]);
  });

  test('is lifted also when what it held has gone, and lifting none is no failure', async () => {
    await hold('a');
    await operator.append(found([]));
    await unhold('a');
    expect(await orders()).toEqual([]);
    const before = await factCount();
    await unhold('a');
    expect(await factCount()).toBe(before);
  });

  test.each<[string, () => Promise<unknown>, string, RegExp]>([
    ['nothing', () => hold('zzz'), 'UNKNOWN_SUBJECT', /lull status/],
    ['a slip', () => hold('com.acme.tol'), 'UNKNOWN_SUBJECT', /Did you mean "com\.acme\.tool"\?/],
    ['no reason', () => hold('a', '  '), 'FIELD_INVALID', /--why/],
    ['a reason that shows nothing', () => hold('a', '\u200b\u0007'), 'FIELD_INVALID', /--why/],
    ['a long reason', () => hold('a', 'x'.repeat(257)), 'FIELD_INVALID', /256/],
    ['no time', () => hold('a', 'x', 0), 'FIELD_INVALID', /--for/],
    [
      'more than 95 days',
      () => hold('a', 'x', 95 * DAY_MS + 1),
      'FIELD_INVALID',
      /95 d, says orders\.hold/,
    ],
  ])('of %s is refused, and writes nothing', async (_what, call, reason, words) => {
    const before = await factCount();
    const [, code, message] = await refusalOf(call());
    expect(code).toBe(reason);
    expect(message).toMatch(words);
    expect(await factCount()).toBe(before);
  });

  test('lasts 95 days, has a reason of 256 characters, and shows no control characters', async () => {
    await hold('a', `\u001b[2J${'x'.repeat(252)}`, 95 * DAY_MS);
    const [order = ''] = await orders();
    expect(order).toMatch(/x$/);
    expect(order).not.toContain('\u001b');
  });
});

describe('a veto', () => {
  test('objects to everything, with a name and a reason, until it is removed', async () => {
    const { vetoId, untilUnixMs } = await veto('till 3');
    expect(Number(untilUnixMs)).toBe(NOW_MS + HOUR_MS);
    expect(await codesOf('a')).toContain('VETOED');
    expect(await codesOf('c', OTHER)).toContain('VETOED');
    expect(await orders()).toEqual([`veto | ${vetoId} | till 3 | the shop is open`]);
    await unveto(vetoId);
    expect(await orders()).toEqual([]);
    expect(operator.wakeCount()).toBe(2);
  });

  test('of one owner stands beside that of another', async () => {
    const first = await veto('till 3');
    await veto('till 4');
    await unveto(first.vetoId);
    expect((await orders()).join()).toContain('till 4');
    expect(await codesOf('a')).toContain('VETOED');
  });

  test('that is not there is removed without failure, and nothing is written', async () => {
    const before = await factCount();
    await unveto('veto-none');
    expect(await factCount()).toBe(before);
  });

  test.each<[string, () => Promise<unknown>, RegExp]>([
    ['nobody', () => veto(''), /--owner/],
    ['somebody who shows no name', () => veto(' \u202e '), /--owner/],
    ['a long name', () => veto('ü'.repeat(33)), /64 bytes/],
    ['no reason', () => veto('till 3', ''), /--why/],
    ['more than 14 days', () => veto('till 3', 'x', 14 * DAY_MS + 1), /14 d, says orders\.veto/],
  ])('of %s is refused', async (_what, call, words) => {
    const [grpc, code, message] = await refusalOf(call());
    expect([grpc, code]).toEqual(['INVALID_ARGUMENT', 'FIELD_INVALID']);
    expect(message).toMatch(words);
    expect(await orders()).toEqual([]);
  });

  test('beyond a thousand is refused, and the oldest stands; one that ended makes room', async () => {
    const untilMs = NOW_MS + HOUR_MS;
    const placed = (n: number, until = untilMs): Fact => ({
      ...{ kind: 'veto.placed', vetoId: `v${String(n)}`, owner: 'o', why: 'w', untilMs: until },
    });
    await operator.append(
      ...Array.from({ length: 998 }, (_, n) => placed(n)),
      placed(998, NOW_MS + 1_000),
    );
    // Two at once, and room for one of them.
    const both = await Promise.all([refusalOf(veto('till 3')), refusalOf(veto('till 4'))]);
    expect(both.map(([code]) => code).sort()).toEqual(['RESOURCE_EXHAUSTED', 'none']);
    expect((await refusalOf(veto('till 5'))).slice(0, 2)).toEqual([
      'RESOURCE_EXHAUSTED',
      'ORDERS_FULL',
    ]);
    expect((await orders()).some((order) => order.startsWith('veto | v0 |'))).toBe(true);
    operator.clock.advance(1_000);
    await veto('till 5');
    const listed = await orders();
    expect(listed).toHaveLength(1_000);
    expect(listed.some((order) => order.includes('till 5'))).toBe(true);
    expect(listed.some((order) => order.startsWith('veto | v0 |'))).toBe(true);
  });
});

describe('a thousand holds', () => {
  test('refuse another one, but not a new reason for one of them', async () => {
    const many = Array.from({ length: 1_000 }, (_, n): Fact => ({
      ...{ kind: 'hold.placed', updaterId: UPDATER, updateId: n === 0 ? 'a' : `u${String(n)}` },
      ...{ why: 'w', untilMs: NOW_MS + HOUR_MS, actor: 'operator' },
    }));
    await operator.append(...many);
    expect((await refusalOf(hold('c')))[1]).toBe('ORDERS_FULL');
    await hold('a', 'for another reason');
    const listed = await orders();
    expect(listed).toHaveLength(1_000);
    expect(listed).toContain(`hold | ${UPDATER} a | for another reason`);
  });
});

describe('the trip switch', () => {
  test('is listed, stands in everything’s way, and is released', async () => {
    await trip();
    expect(await orders()).toEqual(['switch | storm']);
    expect(await codesOf('a')).toContain('TRIPPED');
    await release();
    expect(await orders()).toEqual([]);
    const before = await factCount();
    await release();
    expect(await factCount()).toBe(before);
  });

  test.each<[string, () => Promise<unknown>]>([
    ['no reason', () => trip('')],
    ['more than 14 days', () => trip('storm', 14 * DAY_MS + 1)],
  ])('with %s is refused', async (_what, call) => {
    expect((await refusalOf(call()))[1]).toBe('FIELD_INVALID');
  });
});

describe('run-now', () => {
  test('says that nothing stands in the way, and what does', async () => {
    operator.machine.readings = quietReadings({ presence: engaged });
    expect(await codesOf('a')).toContain('PERSON_PRESENT');
    expect((await runNow('a')).subject).toMatchObject({ updateId: 'a', reasons: [] });
    await hold('c');
    const { subject } = await runNow('c');
    expect(subject?.reasons.map(({ code }) => code)).toContain('HELD');
    expect((await runNow(UPDATER)).subject).toMatchObject({ updaterId: UPDATER, updateId: '' });
  });

  test('of nothing that is known is refused', async () => {
    expect((await refusalOf(runNow('zzz')))[1]).toBe('UNKNOWN_SUBJECT');
  });
});
