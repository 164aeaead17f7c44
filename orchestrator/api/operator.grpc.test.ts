import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Metadata, status } from '@grpc/grpc-js';
import { TrustState } from '../../proto/gen/lull/registry/v1/registry.js';
import { unary } from '../../runtime/grpc.js';
import { reasonOf } from '../../runtime/reason.js';
import {
  admitted,
  enabled,
  engaged,
  found,
  NOW_MS,
  paused,
  perform,
  quietReadings,
  started,
  submitted,
  updateOf,
  UPDATER,
} from '../world/history.testing.js';
import { openOperator, type OperatorUnderTest } from './operator.testing.js';

const options = { deadlineMs: 5_000 };
let operator: OperatorUnderTest;

beforeEach(async () => {
  operator = await openOperator();
});

afterEach(() => operator.close());

function statusNow() {
  return unary(operator.client.getStatus.bind(operator.client), {}, options);
}

async function explain(subject = '') {
  const { client } = operator;
  return (await unary(client.explain.bind(client), { subject }, options)).subjects;
}

function enable(settings: Record<string, string> = {}, version = '', id = UPDATER, forMs = 0n) {
  const { client } = operator;
  const pairs = Object.entries(settings).map(([name, value]) => ({ name, value }));
  const named = { id, version, manifestSha256: '' };
  const request = { ...named, settings: pairs, attestation: 'I read it', forMs };
  return unary(client.enableUpdater.bind(client), request, options);
}

async function refusalOf(promise: Promise<unknown>): Promise<object> {
  try {
    await promise;
    return { code: 'none' };
  } catch (error) {
    const { code, details } = error as { code: number; details: string };
    return { code, reason: reasonOf(error), words: details };
  }
}

describe('what is meant for a machine of a fleet', () => {
  const about = (hostId: string) => {
    const metadata = new Metadata();
    metadata.set('lull-host', hostId);
    return metadata;
  };

  test('is refused by a machine by itself, and changes nothing there', async () => {
    const { client, rig } = operator;
    await operator.append(submitted(), enabled(), found([updateOf('a')]));
    const before = rig.ledger.head.sequence;
    const request = { subject: `${UPDATER}/a` };
    const elsewhere = { ...options, metadata: about('till-7') };
    const refused = refusalOf(unary(client.runNow.bind(client), request, elsewhere));
    const words: unknown = expect.stringContaining('this is host-1');
    const refusal = { code: status.NOT_FOUND, reason: 'UNKNOWN_SUBJECT', words };
    expect(await refused).toEqual(refusal);
    expect(rig.ledger.head.sequence).toBe(before);
    const ended = new Promise((_resolve, reject) => {
      client.watch({ fromSequence: 0n }, about('till-7')).on('error', reject).resume();
    });
    expect(await refusalOf(ended)).toEqual(refusal);
  });

  test('is answered by the one that has that name', async () => {
    const { client } = operator;
    const here = { ...options, metadata: about('host-1') };
    expect((await unary(client.getStatus.bind(client), {}, here)).version).toBe('1.2.3');
  });
});

describe('status', () => {
  test('of a Lull that knows nothing yet', async () => {
    const answer = await statusNow();
    expect(answer).toMatchObject({
      version: '1.2.3',
      updaters: [],
      runs: [],
      waiting: [],
      entryCount: 0n,
    });
    expect(answer.hosts).toMatchObject([
      { id: 'host-1', attached: true, confinement: 'confined', cgroups: 'v2' },
    ]);
  });

  test('tells what is measured as people read it', async () => {
    operator.machine.readings = quietReadings({
      presence: engaged,
      'cpu.busy': { kind: 'number', number: 12.34 },
      'power.battery': { kind: 'unknown', why: 'no battery' },
    });
    const { hosts } = await statusNow();
    const shown = new Map(hosts[0]?.readings.map(({ signal, value }) => [signal, value]));
    expect(Object.fromEntries(shown)).toMatchObject({
      presence: 'engaged',
      'power.ac': 'yes',
      'cpu.busy': '12.3 %',
      'power.battery': 'unknown: no battery',
      'disk.free:/': '1.0 TB',
    });
  });

  test('tells what runs, what waits and why', async () => {
    await operator.append(submitted(), enabled(), found([updateOf('a'), updateOf('b')]));
    await operator.append(
      admitted('r', perform(updateOf('a'))),
      started('r'),
      paused('r', 'PERSON_PRESENT'),
    );
    const answer = await statusNow();
    expect(answer.runs).toMatchObject([{ id: 'r', state: 'paused', updateId: 'a', pauseCount: 1 }]);
    expect(answer.updaters).toMatchObject([{ id: UPDATER, updateCount: 2 }]);
    const waiting = answer.waiting.map(({ updateId, action, reasons }) => [
      updateId,
      action,
      reasons.map(({ code }) => code),
    ]);
    expect(waiting).toEqual([
      ['', 'scan', ['SLOT_TAKEN', 'CONFLICT']],
      ['b', 'download', ['SLOT_TAKEN', 'CONFLICT']],
    ]);
    expect(answer.headSha256).toBe(operator.rig.ledger.head.hash);
  });

  test('of a machine without a plugin-host', async () => {
    operator.machine.attached = false;
    expect((await statusNow()).hosts).toMatchObject([{ attached: false, confinement: '' }]);
  });
});

describe('explain', () => {
  beforeEach(() => operator.append(submitted(), enabled(), found([updateOf('a'), updateOf('b')])));

  test('names every reason, and when it is looked at again', async () => {
    operator.machine.readings = quietReadings({
      presence: engaged,
      'power.ac': { kind: 'unknown', why: '' },
      'power.battery': { kind: 'unknown', why: '' },
    });
    const [a] = await explain('a');
    expect(a?.reasons.map(({ code }) => code)).toEqual(['PERSON_PRESENT', 'BATTERY_UNKNOWN']);
    expect(a?.reasons.every(({ message }) => message !== '')).toBe(true);
  });

  test('says of what would start now that nothing stands in its way', async () => {
    const subjects = await explain();
    expect(subjects.map(({ updateId, reasons }) => [updateId, reasons.length])).toEqual([
      ['', 0],
      ['a', 2],
      ['b', 2],
    ]);
  });

  test('says when the next chance is, or what leaves none', async () => {
    const { machine } = operator;
    machine.readings = quietReadings({ presence: engaged });
    const [a] = await explain('a');
    expect(Number(a?.reasons[0]?.sinceUnixMs)).toBe(NOW_MS);
    expect(Number(a?.outlook?.atUnixMs)).toBeGreaterThan(0);
    machine.readings = quietReadings({ 'memory.used': { kind: 'number', number: 99 } });
    const [busy] = await explain('a');
    expect(busy?.outlook?.atUnixMs).toBeUndefined();
    expect(busy?.outlook?.reasons.map(({ code }) => code)).toContain('MEMORY_FULL');
  });

  test('of an updater covers all that is its own', async () => {
    expect(await explain(UPDATER)).toHaveLength(3);
  });

  test('of a run that is paused says why it stays so', async () => {
    await operator.append(
      admitted('r', perform(updateOf('a'))),
      started('r'),
      paused('r', 'PERSON_PRESENT'),
    );
    operator.machine.readings = quietReadings({ presence: engaged });
    const [run] = await explain('a');
    expect(run).toMatchObject({ runId: 'r', reasons: [{ code: 'PERSON_PRESENT' }] });
  });

  test('of nothing that is known says so, and what to do', async () => {
    expect(await refusalOf(explain('zzz'))).toEqual({
      code: status.NOT_FOUND,
      reason: 'UNKNOWN_SUBJECT',
      words: expect.stringContaining('lull status') as unknown,
    });
  });
});

describe('enabling', () => {
  const settings = [{ name: 'prefix', kind: 'path', why: 'where' }];

  test('of a publisher that policy does not trust any more is refused, and changes nothing', async () => {
    await operator.append(submitted('com.gone.tool'));
    const before = operator.rig.ledger.head.sequence;
    const words: unknown = expect.stringContaining(
      'com.gone.tool cannot be enabled: policy trusts',
    );
    expect(await refusalOf(enable({}, '', 'com.gone.tool'))).toEqual({
      ...{ code: status.FAILED_PRECONDITION, reason: 'PUBLISHER_UNKNOWN', words },
    });
    expect(operator.rig.ledger.head.sequence).toBe(before);
    const [updater] = (await statusNow()).updaters;
    expect(updater?.distrusted).toContain('for com.gone.tool');
  });

  test('accepts exactly what is there, with the settings, and wakes the turn', async () => {
    await operator.append(submitted(UPDATER, { settings }));
    const { updater } = await enable({ prefix: '/opt/x' });
    expect(updater).toMatchObject({ state: TrustState.ENABLED, settingsMissing: [] });
    expect((await operator.rig.facts()).at(-1)).toMatchObject({
      kind: 'updater.enabled',
      settings: [['prefix', '/opt/x']],
      attestation: 'I read it',
      actor: 'operator',
    });
    expect(operator.wakeCount()).toBe(1);
  });

  test('for a time says until when, by the clock of this side; a year is the most', async () => {
    await operator.append(submitted());
    const { updater } = await enable({}, '', UPDATER, 60_000n);
    expect(updater?.acceptedUntilUnixMs).toBe(BigInt(NOW_MS + 60_000));
    expect((await operator.rig.facts()).at(-1)).toMatchObject({ untilMs: NOW_MS + 60_000 });
    const tooLong = enable({}, '', UPDATER, 367n * 86_400_000n);
    expect(await refusalOf(tooLong)).toMatchObject({ reason: 'FIELD_INVALID' });
    expect((await enable()).updater?.acceptedUntilUnixMs).toBeUndefined();
  });

  test.each<[string, Record<string, string>, RegExp]>([
    ['a setting that is missing', {}, /prefix: no value\. It takes --set prefix=VALUE/],
    ['a path that is none', { prefix: '../x' }, /not a plain absolute path/],
    [
      'a setting that nobody asked for',
      { prefix: '/opt', more: '1' },
      /more: the manifest declares no such/,
    ],
  ])('with %s is refused and changes nothing', async (_what, given, words) => {
    await operator.append(submitted(UPDATER, { settings }));
    expect(await refusalOf(enable(given))).toEqual({
      code: status.FAILED_PRECONDITION,
      reason: 'SETTING_MISSING',
      words: expect.stringMatching(words) as unknown,
    });
    expect(await operator.rig.facts()).toHaveLength(1);
  });

  test('of two at one instant that would share a root one is accepted, and the other told why', async () => {
    const other = 'com.acme.other';
    const install_roots = [{ name: 'app', path: '{prefix}' }];
    for (const id of [UPDATER, other])
      await operator.append(submitted(id, { settings, install_roots }));
    const both = [enable({ prefix: '/opt/x' }), enable({ prefix: '/opt/x/y' }, '', other)];
    const refusals = await Promise.all(both.map(refusalOf));
    expect(refusals).toEqual([
      { code: 'none' },
      {
        code: status.FAILED_PRECONDITION,
        reason: 'SETTING_MISSING',
        words: expect.stringContaining(`/opt/x/y overlaps /opt/x, a root of ${UPDATER}`) as unknown,
      },
    ]);
    expect(
      (await operator.rig.facts()).filter(({ kind }) => kind === 'updater.enabled'),
    ).toHaveLength(1);
    // Beside it there is room.
    expect((await enable({ prefix: '/opt/y' }, '', other)).updater?.state).toBe(TrustState.ENABLED);
  });

  test('a version that its vendor has put another one in the place of is refused, and not accepted unseen', async () => {
    await operator.append(submitted());
    const { length } = await operator.rig.facts();
    expect(await refusalOf(enable({}, '0.9.0'))).toEqual({
      ...{ code: status.NOT_FOUND, reason: 'UNKNOWN_UPDATER' },
      words: `it is ${UPDATER} 1.0.0 that is registered now, not 0.9.0: "lull updaters" shows what it asks for`,
    });
    expect(await operator.rig.facts()).toHaveLength(length);
  });

  test.each([
    ['nobody registered', '', 'com.acme.none'],
    ['a version that is not the one here', '9.9.9', UPDATER],
  ])('what %s is refused', async (_what, version, id) => {
    await operator.append(submitted());
    const refusal = await refusalOf(enable({}, version, id));
    expect(refusal).toMatchObject({ code: status.NOT_FOUND, reason: 'UNKNOWN_UPDATER' });
  });
});

test('suspending stops it, says why, and is undone by enabling again', async () => {
  await operator.append(submitted(), enabled());
  const { client } = operator;
  const suspend = (id: string) =>
    unary(client.suspendUpdater.bind(client), { id, why: 'it is loud' }, options);
  expect((await suspend(UPDATER)).updater).toMatchObject({
    state: TrustState.SUSPENDED,
    why: 'it is loud',
  });
  expect((await explain(UPDATER))[0]?.reasons[0]?.message).toContain('it is loud');
  expect(await refusalOf(suspend('com.acme.none'))).toMatchObject({ reason: 'UNKNOWN_UPDATER' });
  expect((await enable()).updater).toMatchObject({ state: TrustState.ENABLED, why: '' });
});

test('what may start and waits for room on the journal’s disk says so, and not that nothing is in its way', async () => {
  await operator.append(submitted(), enabled());
  expect(await explain()).toMatchObject([{ action: 'scan', reasons: [] }]);
  expect((await statusNow()).waiting).toEqual([]);
  Object.defineProperty(operator.rig.ledger, 'isFull', { value: true });
  const waits = [{ action: 'scan', reasons: [{ code: 'NO_SPACE' }], outlook: undefined }];
  expect(await explain()).toMatchObject(waits);
  expect((await statusNow()).waiting).toMatchObject(waits);
});
