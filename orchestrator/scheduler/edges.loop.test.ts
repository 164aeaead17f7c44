// What a host tells and what the journal makes of it, over a real ledger.

import { UPDATES_PER_SCAN_MAX } from '../../conditions/scan-limits.js';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { AttachResponse } from '../../proto/gen/lull/link/v1/link.js';
import { createLog } from '../../runtime/log.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import type { Fact } from '../journal/fact.js';
import type { LinkEvent } from '../link/event.wire.js';
import type { HostConnection } from '../link/host-session.loop.js';
import type { Update } from '../runs/update.js';
import {
  admitted,
  enabled,
  failure,
  finished,
  found,
  interrupted,
  paused,
  perform,
  started,
  submitted,
  thawed,
  updateOf,
  UPDATER,
} from '../world/history.testing.js';
import { openLedgerUnderTest, type LedgerUnderTest } from '../world/ledger.testing.js';
import { hostEdges, type HostPresence, type RunProgress } from './edges.loop.js';

const scan = { kind: 'scan' } as const;
type Command = NonNullable<AttachResponse['kind']>;
type Body = LinkEvent['body'];

let rig: LedgerUnderTest;
let edges: HostPresence;
let wakes: number;
let progress: RunProgress[];
let sequence: number;

beforeEach(async () => {
  rig = await openLedgerUnderTest();
  sequence = 0;
  restart();
});

afterEach(() => rig.close());

/** A new orchestrator on the same journal: what was only in memory is gone. */
function restart(): void {
  [wakes, progress] = [0, []];
  edges = hostEdges({
    ledger: rig.ledger,
    clock: new VirtualClock(),
    log: createLog('test', 'silent'),
    wake: () => (wakes += 1),
    onProgress: (each) => progress.push(each),
  });
}

function hostHolding(...runIds: string[]): HostConnection & { readonly sent: Command[] } {
  const sent: Command[] = [];
  const send = (command: Command): void => void sent.push(command);
  const instanceId = 'i';
  return {
    hostId: 'host-1',
    instanceId,
    bootId: undefined,
    confinement: undefined,
    held: new Map(runIds.map((id) => [id, rig.ledger.world.runs.get(id)?.epoch ?? 1])),
    diskPath: '',
    send,
    sent,
  };
}

async function tell(runId: string, body: Body, epoch = 1): Promise<void> {
  sequence += 1;
  await tellAgain(runId, body, epoch);
}

/** The event before, as a host sends it that did not hear the acknowledgement. */
async function tellAgain(runId: string, body: Body, epoch = 1): Promise<void> {
  await edges.event(hostHolding(), { sequence, runId, epoch, body });
}

function fact(value: Fact): Body {
  return { kind: 'fact', fact: value };
}

function ended(outcome: Extract<Body, { kind: 'finished' }>['outcome']): Body {
  return { kind: 'finished', outcome, stderrTail: '' };
}

function saw(update: Update): Body {
  return { kind: 'found', received: { kind: 'ok', update } };
}

async function kindsFrom(start: number): Promise<string[]> {
  return (await rig.facts()).slice(start).map(({ kind }) => kind);
}

const succeeded = ended({ kind: 'succeeded' });

describe('a scan', () => {
  beforeEach(() => rig.ledger.append([submitted(), enabled(), admitted('r', scan)]));

  test('is written with its end, as one set', async () => {
    await tell('r', fact(started('r')));
    await tell('r', saw(updateOf('a')));
    await tell('r', saw(updateOf('b')));
    expect(await kindsFrom(4)).toEqual([]);
    await tell('r', succeeded);
    expect(await kindsFrom(4)).toEqual(['scan.found', 'run.finished']);
    const ids = [...rig.ledger.world.updates.values()].map(({ update }) => update.id);
    expect(ids).toEqual(['a', 'b']);
    expect(rig.ledger.world.updaters.get(UPDATER)?.lastScanAtMs).toBeDefined();
  });

  test('whose updates have sizes that are none says which, and all of them are there', async () => {
    await tell('r', fact(started('r')));
    const odd = (id: string): Body => ({
      ...{ kind: 'found' },
      received: { kind: 'ok', update: updateOf(id), oddity: `${id}: install_bytes -1` },
    });
    for (let n = 0; n < 10; n += 1) await tell('r', odd(`odd${String(n)}`));
    await tell('r', saw(updateOf('b')));
    await tell('r', succeeded);
    expect(rig.ledger.world.updates.size).toBe(11);
    const [, notice] = (await rig.facts()).slice(4);
    expect(notice).toMatchObject({ kind: 'run.notice', runId: 'r' });
    expect(notice).toMatchObject({
      message: expect.stringMatching(/odd0: install_bytes -1;.*odd7.*; 2 more$/) as unknown,
    });
    expect(await kindsFrom(6)).toEqual(['run.finished']);
  });

  test('that found nothing says so: what was there has gone', async () => {
    await rig.ledger.append([found([updateOf('old')])]);
    await tell('r', fact(started('r')));
    await tell('r', succeeded);
    expect(rig.ledger.world.updates.size).toBe(0);
  });

  test('that failed takes nothing away', async () => {
    await rig.ledger.append([found([updateOf('old')])]);
    await tell('r', fact(started('r')));
    await tell('r', ended(failure('UPSTREAM_DOWN')));
    expect(rig.ledger.world.updates.size).toBe(1);
  });

  const many = (count: number, title: string): Body[] =>
    Array.from({ length: count }, (_, n) => saw({ ...updateOf(`u${String(n)}`), title }));
  test.each<[string, Body[], RegExp]>([
    ['an update twice', [saw(updateOf('a')), saw(updateOf('a'))], /"a" came twice/],
    [
      'one that is not valid',
      [{ kind: 'found', received: { kind: 'invalid', why: 'its id is odd' } }, saw(updateOf('a'))],
      /its id is odd/,
    ],
    ['more than any scan finds', many(UPDATES_PER_SCAN_MAX + 1, 'x'), /more than 2000/],
    ['what no entry holds', many(UPDATES_PER_SCAN_MAX, 'x'.repeat(500)), /too much.* 1\.\d MB/],
  ])('that names %s breaks the contract and changes no update', async (_what, bodies, why) => {
    await rig.ledger.append([found([updateOf('old')])]);
    await tell('r', fact(started('r')));
    for (const body of bodies) await tell('r', body);
    await tell('r', succeeded);
    expect([...rig.ledger.world.updates.values()].map(({ update }) => update.id)).toEqual(['old']);
    expect(rig.ledger.world.updaters.get(UPDATER)?.scanTrials.lastFailure).toMatchObject({
      code: 'CONTRACT_BROKEN',
      message: expect.stringMatching(why) as unknown,
    });
  });

  test('of ten thousand updates is refused as a whole, and the updates of others are unharmed', async () => {
    const other = 'com.acme.other';
    await rig.ledger.append([submitted(other), enabled(other), found([updateOf('b')], other)]);
    await tell('r', fact(started('r')));
    for (let n = 0; n < 10_000; n += 1) await tell('r', saw(updateOf(`u${String(n)}`)));
    await tell('r', succeeded);
    const kept = [...rig.ledger.world.updates.values()].map(({ update }) => update.id);
    expect(kept).toEqual(['b']);
    expect(rig.ledger.world.updaters.get(other)?.scanTrials.failureCount).toBe(0);
    const written = (await rig.facts()).slice(7).map((each) => JSON.stringify(each).length);
    expect(Math.max(...written)).toBeLessThan(2_000);
  });

  test('that was not heard from its start on is done again, and takes nothing away (E3)', async () => {
    await rig.ledger.append([found([updateOf('old')])]);
    await tell('r', fact(started('r')));
    await tell('r', saw(updateOf('old')));
    restart();
    await edges.attached(hostHolding('r'));
    await tell('r', saw(updateOf('new')));
    await tell('r', succeeded);
    expect([...rig.ledger.world.updates.values()].map(({ update }) => update.id)).toEqual(['old']);
    expect(rig.ledger.world.runs.get('r')?.phase).toMatchObject({ kind: 'interrupted' });
  });

  test('that goes on over a new connection in spite of that is not believed either', async () => {
    await rig.ledger.append([found([updateOf('old')])]);
    await tell('r', fact(started('r')));
    await tell('r', saw(updateOf('a')));
    await edges.attached(hostHolding('r'));
    await tell('r', saw(updateOf('b')));
    await tell('r', succeeded);
    expect([...rig.ledger.world.updates.values()].map(({ update }) => update.id)).toEqual(['old']);
    expect(rig.ledger.world.runs.get('r')?.phase).toMatchObject({ kind: 'interrupted' });
  });

  test('that is tried again begins with nothing, whatever the attempt before had found', async () => {
    await tell('r', fact(started('r')));
    await tell('r', saw(updateOf('a')));
    await rig.ledger.append([interrupted('r'), admitted('r', scan, { epoch: 2, attempt: 2 })]);
    await tell('r', fact(started('r')), 2);
    await tell('r', saw(updateOf('a')), 2);
    await tell('r', succeeded, 2);
    expect([...rig.ledger.world.updates.values()].map(({ update }) => update.id)).toEqual(['a']);
  });

  test('that a host goes on with over a new connection is stopped there, to begin anew', async () => {
    await tell('r', fact(started('r')));
    const host = hostHolding('r');
    await edges.attached(host);
    expect(host.sent).toMatchObject([
      { $case: 'stop', value: { runId: 'r', reason: 'SUPERSEDED' } },
    ]);
    await tell('r', ended({ kind: 'cancelled', code: 'SUPERSEDED' }));
    expect(rig.ledger.world.runs.get('r')?.phase).toMatchObject({ kind: 'interrupted' });
  });
});

describe('events', () => {
  beforeEach(() =>
    rig.ledger.append([
      submitted(),
      enabled(),
      found([updateOf('a')]),
      admitted('r', perform(updateOf('a'))),
    ]),
  );

  test('facts are durable before they are answered for, and wake the turn', async () => {
    await tell('r', fact(started('r')));
    expect(await kindsFrom(4)).toEqual(['run.started']);
    expect(wakes).toBe(1);
    await tell('r', fact(paused('r', 'PERSON_PRESENT')));
    expect(rig.ledger.world.runs.get('r')?.phase.kind).toBe('paused');
  });

  test('progress is passed on and not written', async () => {
    await tell('r', { kind: 'progress', fraction: 0.5, step: 'unpacking' });
    expect(progress).toMatchObject([{ runId: 'r', fraction: 0.5, step: 'unpacking' }]);
    expect(await kindsFrom(4)).toEqual([]);
  });

  test.each<[string, string, Body, number]>([
    ['of an unknown run', 'x', fact(started('x')), 1],
    ['of an older epoch', 'r', succeeded, 0],
    ['of an epoch that was never given', 'r', succeeded, 2],
    ['of a kind that this version does not know', 'r', { kind: 'unknown' }, 1],
  ])('%s change nothing (E1)', async (_what, runId, body, epoch) => {
    await tell(runId, body, epoch);
    expect(await kindsFrom(4)).toEqual([]);
    expect(wakes).toBe(0);
  });

  test('after the end of a run change nothing (E1)', async () => {
    await tell('r', succeeded);
    await tell('r', fact(thawed('r')));
    await tell('r', ended(failure('APPLY_FAILED')));
    expect(await kindsFrom(4)).toEqual(['run.finished']);
  });

  test('of a run that was cut do not make it look alive; its end counts (E1)', async () => {
    await rig.ledger.append([interrupted('r')]);
    await tell('r', fact(thawed('r')));
    expect(rig.ledger.world.runs.get('r')?.phase.kind).toBe('interrupted');
    await tell('r', succeeded);
    expect(rig.ledger.world.history.at(-1)?.phase).toMatchObject({
      outcome: { kind: 'succeeded' },
    });
  });

  test.each(['SIGNATURE_INVALID', 'DIGEST_MISMATCH'] as const)(
    'content with %s suspends the updater until a person has looked',
    async (code) => {
      await tell('r', ended(failure(code, false)));
      expect(await kindsFrom(4)).toEqual(['run.finished', 'updater.suspended']);
      expect(rig.ledger.world.updaters.get(UPDATER)).toMatchObject({ state: 'suspended' });
    },
  );

  test("a stored bundle that was altered is the disk's fault: it comes anew", async () => {
    await tell('r', ended(failure('DIGEST_MISMATCH', true)));
    expect(rig.ledger.world.updaters.get(UPDATER)).toMatchObject({ state: 'enabled' });
  });

  const crash = ended(failure('UPDATER_CRASHED'));
  test.each<[string, Body, string]>([
    ['a fact', fact(started('r')), 'run.started'],
    ['an end', crash, 'run.finished'],
  ])(
    '%s that the journal has is not written again after a restart (E4)',
    async (_w, body, kind) => {
      await tell('r', body);
      restart();
      await tellAgain('r', body);
      expect(await kindsFrom(4)).toEqual([kind]);
      expect(rig.ledger.world.updaters.get(UPDATER)?.crashes).toHaveLength(body === crash ? 1 : 0);
    },
  );

  test('of another instance count from one again', async () => {
    await tell('r', fact(started('r')));
    const other = { ...hostHolding('r'), instanceId: 'j' };
    await edges.event(other, { sequence: 1, runId: 'r', epoch: 1, body: fact(thawed('r')) });
    expect(await kindsFrom(4)).toEqual(['run.started', 'run.thawed']);
  });
});

describe('a host that attaches', () => {
  beforeEach(() =>
    rig.ledger.append([
      submitted(),
      enabled(),
      found([updateOf('a'), updateOf('b')]),
      admitted('r', perform(updateOf('a'))),
      admitted('s', perform(updateOf('b')), { epoch: 2 }),
      started('s'),
    ]),
  );

  test('goes on with what it holds; what it does not hold was cut (E2)', async () => {
    const host = hostHolding('s');
    await edges.attached(host);
    expect(await kindsFrom(6)).toEqual(['host.attached', 'run.interrupted']);
    expect(rig.ledger.world.runs.get('r')?.phase).toMatchObject({
      kind: 'interrupted',
      code: 'HOST_LOST',
    });
    expect(rig.ledger.world.runs.get('s')?.phase.kind).toBe('running');
    expect(host.sent).toEqual([]);
    expect({ current: edges.current() === host, wakes }).toEqual({ current: true, wakes: 1 });
  });

  test('with a run of an earlier epoch: what was admitted since never came, and was cut (E2)', async () => {
    const host = {
      ...hostHolding('r', 's'),
      held: new Map([
        ['r', 1],
        ['s', 0],
      ]),
    };
    await edges.attached(host);
    expect(rig.ledger.world.runs.get('r')?.phase.kind).not.toBe('interrupted');
    expect(rig.ledger.world.runs.get('s')?.phase.kind).toBe('interrupted');
  });

  test('says which start of its machine it lives in', async () => {
    await edges.attached({ ...hostHolding(), bootId: 'one' });
    expect(rig.ledger.world.bootId).toBe('one');
    await edges.attached(hostHolding());
    expect(rig.ledger.world.bootId).toBeUndefined();
  });

  test('does not cut again what was cut before', async () => {
    await edges.attached(hostHolding());
    await edges.attached(hostHolding());
    const cuts = (await kindsFrom(6)).filter((kind) => kind === 'run.interrupted');
    expect(cuts).toHaveLength(2);
  });

  test('with a run that nobody knows any more is told to stop it', async () => {
    await rig.ledger.append([finished('r', { kind: 'succeeded' })]);
    const host = hostHolding('r', 's');
    await edges.attached(host);
    expect(host.sent).toMatchObject([{ $case: 'stop', value: { runId: 'r', epoch: 2n } }]);
  });

  test('anew is not attached until that is durable: nothing is sent to where it was (E6)', async () => {
    await edges.attached(hostHolding());
    const again = hostHolding();
    const attaching = edges.attached(again);
    expect(edges.current()).toBeUndefined();
    await attaching;
    expect(edges.current()).toBe(again);
  });

  test('anew is the one that counts: the end of its older connection changes nothing', async () => {
    const [older, newer] = [hostHolding('r', 's'), hostHolding('r', 's')];
    await edges.attached(older);
    await edges.attached(newer);
    edges.detached(older);
    expect(edges.current()).toBe(newer);
    edges.detached(newer);
    expect(edges.current()).toBeUndefined();
    expect(rig.ledger.world.runs.get('r')?.phase.kind).toBe('admitted');
  });
});
