// What hosts tell, from the wire: bounded, safe to show, and never thrown out of the loop by what this
// version does not know.

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RunEvent } from '../../proto/gen/lull/link/v1/link.js';
import { Action, Update } from '../../proto/gen/lull/updater/v1/updater.js';
import type { Update as CoreUpdate } from '../runs/update.js';
import { factProblem } from '../journal/fact-size.js';
import { eventFromWire, type LinkEvent } from './event.wire.js';
import { updateFromWire, updateToWire } from './update.wire.js';

function updateOf(id: string, changes: Partial<CoreUpdate> = {}): CoreUpdate {
  const least = { title: 'Program', toVersion: '2', nextAction: Action.DOWNLOAD };
  const received = updateFromWire(Update.fromPartial({ ...least, id }));
  if (received.kind === 'invalid') throw new Error(received.why);
  return { ...received.update, ...changes };
}

/** As it comes in: encoded, and decoded by the generated code. */
function received(kind: NonNullable<RunEvent['kind']>): LinkEvent['body'] {
  const event = RunEvent.fromPartial({ sequence: 7n, runId: 'r', epoch: 3n, kind });
  const { sequence, runId, epoch, body } = eventFromWire(
    RunEvent.decode(RunEvent.encode(event).finish()),
  );
  expect({ sequence, runId, epoch }).toEqual({ sequence: 7, runId: 'r', epoch: 3 });
  return body;
}

describe('what fills a message is cut to what an entry holds', () => {
  const [long, words] = ['"'.repeat(1_000_000), Array<string>(2_000).fill('\\'.repeat(500))];
  const digests = { beforeSha256: long, afterSha256: 'b'.repeat(64) };
  const change = { path: '"'.repeat(100_000), mode: 0, ...digests };
  const tree = {
    ...{ root: long, path: long, treeBeforeSha256: long, treeAfterSha256: long },
    ...{ fileCount: 1, sizeBytes: 1n, truncated: false },
    changes: [change, ...Array.from({ length: 3_000 }, () => ({ ...change, path: 'ordinary' }))],
  };
  test.each<NonNullable<RunEvent['kind']>>([
    { $case: 'started', value: { sandboxSha256: long, launchMs: 1, argv: [long, ...words] } },
    { $case: 'frozen', value: { reasons: words, reactionNs: 5n, cpuUs: 6n } },
    { $case: 'throttled', value: { reasons: words, reactionNs: 5n, cpuUs: 6n } },
    {
      $case: 'downloaded',
      value: {
        ...{ url: long, redirects: words, remoteAddress: long, sha256: long },
        ...{ sizeBytes: 1n, resumedCount: 0, cached: false },
      },
    },
    { $case: 'installed', value: { ...tree, receiptId: long, reverted: false } },
    { $case: 'rootChanged', value: { ...tree, problem: long } },
    {
      $case: 'egress',
      value: {
        ...{ host: long, port: 443, allowed: true, sentBytes: 1n, receivedBytes: 2n },
        ...{ connectionCount: 0, reason: long },
      },
    },
    { $case: 'critical', value: { entered: true, why: long, lastedMs: 0n, overrun: false } },
    { $case: 'notice', value: { message: long } },
  ])('$$case', (kind) => {
    const event = RunEvent.fromPartial({ sequence: 7n, runId: long, epoch: 3n, kind });
    const { body } = eventFromWire(event);
    const fact = body.kind === 'fact' ? body.fact : undefined;
    expect(fact === undefined ? 'no fact' : factProblem(fact)).toBeUndefined();
    if (fact?.kind !== 'content.installed') return;
    expect(fact.truncated).toBe(true);
    expect(fact.changes.length).toBeGreaterThan(900);
  });
});

describe('facts', () => {
  const known: [NonNullable<RunEvent['kind']>, object][] = [
    [
      { $case: 'started', value: { sandboxSha256: 'ab', launchMs: 12, argv: ['node', 'a b'] } },
      { kind: 'run.started', sandboxSha256: 'ab', launchMs: 12, argv: ['node', 'a b'] },
    ],
    [
      { $case: 'frozen', value: { reasons: ['PERSON_PRESENT'], reactionNs: 5n, cpuUs: 6n } },
      { kind: 'run.paused', reasons: ['PERSON_PRESENT'], reactionNs: 5, cpuUs: 6 },
    ],
    [
      { $case: 'thawed', value: { frozenMs: 4n, cpuUsWhileFrozen: 0n } },
      { kind: 'run.thawed', frozenMs: 4, cpuUsWhileFrozen: 0 },
    ],
    [
      {
        $case: 'egress',
        value: {
          ...{ host: 'h', port: 443, allowed: true, sentBytes: 1n, receivedBytes: 2n },
          ...{ connectionCount: 0, reason: '' },
        },
      },
      { kind: 'egress.seen', host: 'h', port: 443, sentBytes: 1, receivedBytes: 2 },
    ],
    [
      { $case: 'critical', value: { entered: true, why: 'w', lastedMs: 0n, overrun: false } },
      { kind: 'critical.changed', entered: true, why: 'w' },
    ],
    [
      { $case: 'critical', value: { entered: false, why: 'w', lastedMs: 9n, overrun: true } },
      { kind: 'critical.changed', entered: false, why: 'w', lastedMs: 9, overrun: true },
    ],
    [
      {
        $case: 'throttled',
        value: { reasons: ['PERSON_PRESENT'], reactionNs: 5n, cpuUs: 7n },
      },
      { kind: 'run.throttled', reasons: ['PERSON_PRESENT'], reactionNs: 5, cpuUs: 7 },
    ],
    [
      { $case: 'unthrottled', value: { throttledMs: 3n, cpuUsWhileThrottled: 4n } },
      { kind: 'run.unthrottled', throttledMs: 3, cpuUsWhileThrottled: 4 },
    ],
    [
      { $case: 'notice', value: { message: 'm\u001b[2J' } },
      { kind: 'run.notice', message: 'm\ufffd[2J' },
    ],
  ];
  const named = known.map(([kind, fact]) => [kind.$case, kind, fact] as const);
  test.each(named)('%s', (_name, kind, fact) => {
    const body = received(kind);
    expect(body).toMatchObject({ kind: 'fact', fact: { runId: 'r', ...fact } });
    expect(() => JSON.stringify(body)).not.toThrow();
  });

  test.each(['frozen', 'throttled'] as const)(
    'codes of a host that lies are cut and made safe: %s (T17)',
    ($case) => {
      const reasons = ['\u001b[2J', 'x'.repeat(1_000), ...Array.from({ length: 100 }, String)];
      const body = received({ $case, value: { reasons, reactionNs: undefined, cpuUs: 0n } });
      const told = body.kind === 'fact' && 'reasons' in body.fact ? body.fact.reasons : [];
      expect(told[0]).toBe('\ufffd[2J');
      expect(told.length).toBeLessThanOrEqual(32);
      expect(Math.max(...told.map((each) => each.length))).toBeLessThanOrEqual(64);
    },
  );

  test('a freeze without a sensor behind it has no reaction time', () => {
    const body = received({
      $case: 'frozen',
      value: { reasons: [], reactionNs: undefined, cpuUs: 0n },
    });
    expect(body.kind === 'fact' ? body.fact : {}).not.toHaveProperty('reactionNs');
  });

  test('what came in and what changed', () => {
    const downloaded = {
      url: 'u',
      redirects: ['v'],
      remoteAddress: 'a',
      sizeBytes: 9n,
      sha256: 's',
      resumedCount: 1,
      cached: false,
    };
    expect(received({ $case: 'downloaded', value: downloaded })).toMatchObject({
      fact: { kind: 'content.downloaded', ...downloaded, sizeBytes: 9 },
    });
    const changes = [{ path: 'p', beforeSha256: '', afterSha256: 'x', mode: 420 }];
    const tree = {
      treeBeforeSha256: '1',
      treeAfterSha256: '2',
      fileCount: 3,
      truncated: false,
      reverted: true,
    };
    const installed = { receiptId: 'i', root: 'r', path: '/p', sizeBytes: 4n, changes, ...tree };
    expect(received({ $case: 'installed', value: installed })).toMatchObject({
      fact: { kind: 'content.installed', ...tree, changes, sizeBytes: 4 },
    });
  });
});

describe('an outcome', () => {
  function outcome(value: object | undefined, stderrTail = '') {
    const body = received({ $case: 'finished', value: { outcome: value as never, stderrTail } });
    return body.kind === 'finished' ? body : undefined;
  }
  const failed = (reason: string) => ({
    $case: 'failed',
    value: { reason, message: 'm', retry: true },
  });

  test.each<[object | undefined, object]>([
    [{ $case: 'succeeded', value: {} }, { kind: 'succeeded' }],
    [{ $case: 'gone', value: {} }, { kind: 'gone' }],
    [
      { $case: 'moreToDo', value: { nextAction: Action.VERIFY } },
      { kind: 'more_to_do', nextAction: 'verify' },
    ],
    [
      { $case: 'moreToDo', value: { nextAction: Action.VERIFY, expectedS: 90 } },
      { kind: 'more_to_do', nextAction: 'verify', expectedS: 90 },
    ],
    [
      { $case: 'moreToDo', value: { nextAction: Action.UNSPECIFIED } },
      { kind: 'failed', code: 'CONTRACT_BROKEN' },
    ],
    [
      { $case: 'moreToDo', value: { nextAction: 99 } },
      { kind: 'failed', code: 'CONTRACT_BROKEN' },
    ],
    [failed('NO_SPACE'), { kind: 'failed', code: 'NO_SPACE', message: 'm', retry: true }],
    [
      failed('ACME_IS_CLOSED'),
      { kind: 'failed', code: 'VENDOR_REASON', message: 'ACME_IS_CLOSED: m' },
    ],
    [failed('__proto__'), { kind: 'failed', code: 'VENDOR_REASON' }],
    [
      { $case: 'cancelled', value: { reason: 'SHUTTING_DOWN' } },
      { kind: 'cancelled', code: 'SHUTTING_DOWN' },
    ],
    [
      { $case: 'cancelled', value: { reason: 'of a newer host' } },
      { kind: 'cancelled', code: 'OPERATOR' },
    ],
    [undefined, { kind: 'failed', code: 'CONTRACT_BROKEN' }],
  ])('%j', (wire, expected) => {
    expect(outcome(wire)?.outcome).toMatchObject(expected);
  });

  test('foreign words are cut and made safe (T17)', () => {
    const long = `\u0007${'x'.repeat(10_000)}`;
    const wire = { $case: 'failed', value: { reason: long, message: long, retry: false } };
    const body = outcome(wire, long);
    expect(body?.stderrTail.length).toBeLessThanOrEqual(2_048);
    const message = body?.outcome.kind === 'failed' ? body.outcome.message : '';
    expect(message.length).toBeLessThanOrEqual(4_200);
    expect(message + (body?.stderrTail ?? '')).not.toContain('\u0007');
  });
});

test('an event of a newer host is taken and left alone', () => {
  // Field 999, a length-delimited value that this version does not know.
  const known = RunEvent.encode(RunEvent.fromPartial({ sequence: 1n, runId: 'r' })).finish();
  const bytes = Buffer.concat([known, Buffer.from([0xba, 0x3e, 0x01, 0x00])]);
  expect(eventFromWire(RunEvent.decode(bytes))).toMatchObject({
    sequence: 1,
    body: { kind: 'unknown' },
  });
});

describe('an update', () => {
  const word = fc.stringMatching(/^[a-zA-Z0-9._@/+:-]{1,40}$/);
  const size = fc.option(fc.nat(), { nil: undefined });
  const someUpdate = fc
    .record({
      id: word,
      toVersion: word,
      title: fc.stringMatching(/^[a-z ]{1,60}$/),
      nextAction: fc.constantFrom('download' as const, 'install' as const, 'rollback' as const),
      security: fc.boolean(),
      exclusive: fc.boolean(),
      conflictKeys: fc.array(word, { maxLength: 3 }),
      closedApps: fc.array(
        word.map((each) => `/${each}`),
        { maxLength: 3 },
      ),
      sizes: fc.record({
        downloadBytes: size,
        installBytes: size,
        deadlineAtMs: size,
        expectedS: size,
        needsNetwork: fc.constantFrom(true, undefined),
      }),
    })
    .map(({ id, sizes, ...rest }) => {
      const known = Object.entries(sizes).filter(([, each]) => each !== undefined);
      return updateOf(id, { ...rest, ...Object.fromEntries(known) });
    });

  test('comes back from the wire as it went out', () => {
    fc.assert(
      fc.property(someUpdate, (update) => {
        const wire = Update.decode(Update.encode(updateToWire(update)).finish());
        expect(updateFromWire(wire)).toEqual({ kind: 'ok', update });
      }),
    );
  });

  test.each<[string, object]>([
    ['no id', { id: '' }],
    ['an id with a space', { id: 'a b' }],
    ['an id that is too long', { id: 'x'.repeat(129) }],
    ['no version to go to', { toVersion: '' }],
    ['an unprintable version', { toVersion: '1\n2' }],
    ['an unprintable version to come from', { fromVersion: '\u001b' }],
    ['no title', { title: '' }],
    ['no next action', { nextAction: Action.UNSPECIFIED }],
    ['a next action of a newer contract', { nextAction: 99 }],
  ])('with %s is not valid, and says why', (_what, changes) => {
    const result = updateFromWire({ ...updateToWire(updateOf('a')), ...changes });
    expect(result).toMatchObject({ kind: 'invalid', why: expect.stringMatching(/\w/) as unknown });
  });

  test('is bounded and safe to show', () => {
    const wire = {
      ...updateToWire(updateOf('a')),
      title: `\u202e${'t'.repeat(500)}`,
      releaseNotesUrl: 'javascript:alert(1)',
      conflictKeys: ['lock:\u202edpkg'],
      downloadBytes: 2n ** 63n,
    };
    const result = updateFromWire(wire);
    const update = result.kind === 'ok' ? result.update : undefined;
    expect(Array.from(update?.title ?? '')).toHaveLength(256);
    expect(update).toMatchObject({
      releaseNotesUrl: '',
      title: expect.not.stringContaining('\u202e') as unknown,
    });
    expect(update?.conflictKeys[0]).not.toContain('\u202e');
    expect(update).not.toHaveProperty('downloadBytes');
  });
});
