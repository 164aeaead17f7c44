// What `lull keys` permits, asked of a real nats-server that knows nothing else.

import { connect } from '@nats-io/transport-node';
import { AckPolicy, jetstream, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { copiesNow, raiseCopies } from '../../orchestrator/fleet/raise-copies.jetstream.js';
import { openSnapshots } from '../../orchestrator/fleet/snapshots.nats.js';
import { openGroupLock } from '../../orchestrator/groups/group-lock.kv.js';
import { entriesIn } from '../../orchestrator/journal/message.js';
import {
  openJournalOn,
  openStreamJournal,
  streamsOn,
} from '../../orchestrator/journal/open.jetstream.js';
import { chainEntry, genesis } from '../../orchestrator/journal/chain.js';
import { ABOUT_JETSTREAM, fleetStreams } from '../../proto/permissions.js';
import { partitionOf, subjects, upStreamOf } from '../../proto/subjects.js';
import { systemClock } from '../../runtime/clock.js';
import { pause } from '../../runtime/deadline.js';
import { createLog } from '../../runtime/log.js';
import { awaitNats, NatsRefusal, type Nats } from '../../runtime/nats.js';
import { natsServerProgram } from '../../runtime/nats-server.testing.js';
import { startFleetServer, type FleetUnderTest } from './fleet.testing.js';

const describeHere = natsServerProgram === undefined ? describe.skip : describe;
const missing = natsServerProgram === undefined ? ' (skipped: needs nats-server 2.10)' : '';

/** Making keys is work, and the machine may have other. */
const KEYS_MS_MAX = 120_000;

const BUNDLES = 'OBJ_lull-bundles';
const [A, B] = ['kiosk-a', 'kiosk-b'];
const UP = upStreamOf(partitionOf(A));
const upOf = (host: string): string => subjects.up(partitionOf(host), host);
const stateOf = (host: string): string => subjects.state(partitionOf(host), host);

let fleet: FleetUnderTest;
let orchestrator: Nats;
let other: Nats;
let a: Nats;
let b: Nats;
let agents: Nats;
let keeper: Nats;
let viewer: Nats;
let jsm: JetStreamManager;

/** What the server says of an operation that it refuses, or "allowed". */
async function said(nats: Nats, act: () => unknown): Promise<string> {
  const { connection } = nats;
  const refused = new Promise<string>((resolve) => {
    const errors = connection.status();
    void (async () => {
      for await (const status of errors) {
        if (status.type === 'error') resolve(status.error.message);
      }
    })();
  });
  await act();
  // The server answers in order: what it has to say of the act has come when the second answer is here.
  await connection.flush();
  await connection.flush();
  return await Promise.race([refused, Promise.resolve('allowed')]);
}

const publishes = (nats: Nats, subject: string): Promise<string> =>
  said(nats, () => {
    nats.connection.publish(subject, 'x');
  });

const listens = (nats: Nats, subject: string): Promise<string> =>
  said(nats, () => {
    nats.connection.subscribe(subject, { callback: () => undefined });
  });

describeHere(`what lull keys permits${missing}`, () => {
  beforeAll(async () => {
    fleet = await startFleetServer([
      ...['orchestrator:o1', 'orchestrator:o2', `host:${A}`, `host:${B}`, 'fleetlock:f'],
      ...['keeper:k', 'viewer:v'],
    ]);
    orchestrator = await fleet.connect('orchestrator-o1');
    other = await fleet.connect('orchestrator-o2');
    a = await fleet.connect(`host-${A}`);
    b = await fleet.connect(`host-${B}`);
    agents = await fleet.connect('fleetlock-f');
    keeper = await fleet.connect('keeper-k');
    viewer = await fleet.connect('viewer-v');
    jsm = await jetstreamManager(orchestrator.connection);
    await jsm.streams.add({ name: UP, subjects: [subjects.up(partitionOf(A), '*')] });
    await jsm.streams.add({
      ...{ name: BUNDLES, subjects: ['$O.lull-bundles.>'] },
      ...{ allow_direct: true, allow_rollup_hdrs: true },
    });
    for (const bucket of ['lull-leases', 'lull-groups']) {
      await jsm.streams.add({ name: `KV_${bucket}`, subjects: [`$KV.${bucket}.>`] });
    }
    await jetstream(orchestrator.connection).publish('$O.lull-bundles.C.1', 'chunk');
  }, KEYS_MS_MAX);
  afterAll(() => fleet.close());

  test('an orchestrator writes its journal, and sees that the server syncs', async () => {
    const { url, tls, credsFile } = fleet.optionsOf('orchestrator-o1');
    const journal = await openStreamJournal(
      { kind: 'stream', url, partition: 'p0' },
      {
        log: createLog('test', 'error'),
        replicaCount: 1,
        allowLossy: false,
        ...(tls === undefined ? {} : { tls }),
        ...(credsFile === undefined ? {} : { credsFile }),
      },
    );
    try {
      const fact = { kind: 'run.notice', runId: 'r', message: 'x' } as const;
      const { sequence, atMs, body, hash } = chainEntry(genesis, 1_000, fact);
      await journal.append([{ sequence, atMs, body, hash }]);
      expect(await journal.read(1, 10)).toHaveLength(1);
    } finally {
      await journal.close();
    }
  });

  test('an orchestrator keeps snapshots, reads them, and replaces them', async () => {
    const store = openSnapshots(jetstream(orchestrator.connection), 1)('p0');
    for (const words of ['first', 'second']) {
      await store.write(Buffer.from(words));
      expect(String(await store.read())).toBe(words);
    }
    // Whoever may not is told at once, and does not wait: it reads the journal instead.
    const notPermitted = openSnapshots(jetstream(a.connection), 1)('p0');
    await expect(notPermitted.read()).rejects.toThrow(/permissions violation/i);
  });

  test('a host says what happened, and an orchestrator takes it from the stream', async () => {
    await jetstream(a.connection).publish(upOf(A), 'event', { msgID: '1' });
    await jsm.consumers.add(UP, { durable_name: 'c', ack_policy: AckPolicy.Explicit });
    const consumer = await jetstream(orchestrator.connection).consumers.get(UP, 'c');
    const message = await consumer.next({ expires: 5_000 });
    expect(message?.string()).toBe('event');
    expect(await message?.ackAck()).toBe(true);
  });

  test('a host tells its state, and hears what is said to it and to all', async () => {
    const heard: string[] = [];
    const hear = (nats: Nats, subject: string): void => {
      nats.connection.subscribe(subject, {
        callback: (error, message) => {
          heard.push(error?.message ?? message.string());
        },
      });
    };
    hear(a, subjects.down(A));
    hear(a, subjects.halt);
    hear(a, subjects.lead(partitionOf(A)));
    hear(orchestrator, subjects.state('*', '*'));
    await Promise.all([a.connection.flush(), orchestrator.connection.flush()]);
    orchestrator.connection.publish(subjects.down(A), 'down');
    orchestrator.connection.publish(subjects.down(B), 'not for A');
    orchestrator.connection.publish(subjects.halt, 'halt');
    orchestrator.connection.publish(subjects.lead(partitionOf(A)), 'lead');
    a.connection.publish(stateOf(A), 'state');
    await Promise.all([a.connection.flush(), orchestrator.connection.flush()]);
    await Promise.all([a.connection.flush(), orchestrator.connection.flush()]);
    expect(heard.sort()).toEqual(['down', 'halt', 'lead', 'state']);
  });

  test('orchestrators ask each other', async () => {
    other.connection.subscribe(subjects.ask('p3'), {
      callback: (_error, message) => {
        message.respond('answer');
      },
    });
    await other.connection.flush();
    const answer = await orchestrator.connection.request(subjects.ask('p3'), 'x');
    expect(answer.string()).toBe('answer');
  });

  test('a host reads bundles, by message and in order', async () => {
    const hostJsm = await jetstreamManager(a.connection);
    const found = await hostJsm.direct.getMessage(BUNDLES, { last_by_subj: '$O.lull-bundles.C.1' });
    expect(found?.string()).toBe('chunk');
    const js = jetstream(a.connection);
    const consumer = await js.consumers.getPushConsumer(BUNDLES, {
      filter_subjects: '$O.lull-bundles.C.1',
    });
    const messages = await consumer.consume();
    for await (const message of messages) {
      expect(message.string()).toBe('chunk');
      break;
    }
    await consumer.delete();
  });

  test.each([
    ['says something for another host', () => publishes(a, upOf(B))],
    ['tells the state of another host', () => publishes(a, stateOf(B))],
    ['speaks in another partition', () => publishes(a, subjects.up('p99', A))],
    ['commands another host', () => publishes(a, subjects.down(B))],
    ['commands itself', () => publishes(a, subjects.down(A))],
    ['says who leads', () => publishes(a, subjects.lead(partitionOf(A)))],
    ['halts the fleet', () => publishes(a, subjects.halt)],
    ['writes a journal', () => publishes(a, subjects.journal('p0'))],
    ['takes a lease', () => publishes(a, '$KV.lull-leases.p0')],
    ['takes a place in a group', () => publishes(a, '$KV.lull-groups.g')],
    ['replaces a bundle', () => publishes(a, '$O.lull-bundles.C.1')],
    ['replaces a snapshot', () => publishes(a, '$O.lull-snapshots.C.1')],
    ['reads a snapshot', () => publishes(a, '$JS.API.DIRECT.GET.OBJ_lull-snapshots')],
    ['deletes the stream of journals', () => publishes(a, '$JS.API.STREAM.DELETE.LULL_JOURNAL')],
    ['reads what hosts said', () => publishes(a, `$JS.API.STREAM.MSG.GET.${UP}`)],
    ['reads journals', () => publishes(a, '$JS.API.DIRECT.GET.LULL_JOURNAL')],
    ['answers for an orchestrator', () => publishes(a, '_INBOX.orchestrator-o1.x')],
    ['asks an orchestrator as another would', () => publishes(a, subjects.ask('p0'))],
    ['hears what is said to another host', () => listens(a, subjects.down(B))],
    ['hears what is said to any host', () => listens(a, subjects.down('*'))],
    ['hears the answers to another host', () => listens(a, `_INBOX.host-${B}.>`)],
    ['hears everything', () => listens(a, '>')],
    ['hears what hosts say', () => listens(a, 'lull.v1.up.>')],
  ])('a host never %s (T25)', async (_what, attempt) => {
    expect(await attempt()).toMatch(/permissions violation/i);
  });

  test.each([
    ['deletes a stream', () => publishes(orchestrator, `$JS.API.STREAM.DELETE.${UP}`)],
    ...['UPDATE', 'PURGE', 'MSG.DELETE'].map((verb) => {
      const subject = `$JS.API.STREAM.${verb}.LULL_JOURNAL`;
      return [`takes from a journal by ${verb}`, () => publishes(orchestrator, subject)] as const;
    }),
    [
      'changes what is kept of leases',
      () => publishes(orchestrator, '$JS.API.STREAM.UPDATE.KV_lull-leases'),
    ],
    ['speaks for a host', () => publishes(orchestrator, upOf(A))],
    ['makes a stream of its own', () => publishes(orchestrator, '$JS.API.STREAM.CREATE.MINE')],
    ['hears the answers to another', () => listens(orchestrator, '_INBOX.orchestrator-o2.>')],
  ])('an orchestrator never %s', async (_what, attempt) => {
    expect(await attempt()).toMatch(/permissions violation/i);
  });

  test('whoever serves FleetLock gives places in groups, and takes them back', async () => {
    const lock = await openGroupLock({
      js: jetstream(agents.connection),
      ...{ clock: systemClock, log: createLog('test', 'silent'), pause, random: Math.random },
      ...{ placesOf: () => 1, replicaCount: 1, settleMs: 0 },
    });
    try {
      expect(await lock.acquire('agents', 'fleetlock:x')).toEqual({ kind: 'held' });
      expect(await lock.acquire('agents', 'fleetlock:y')).toMatchObject({
        kind: 'refused',
        max: 1,
      });
      await lock.release('agents', 'fleetlock:x');
      expect(await lock.acquire('agents', 'fleetlock:y')).toEqual({ kind: 'held' });
    } finally {
      await lock.close();
    }
  });

  test.each([
    ['writes a journal', () => publishes(agents, subjects.journal('p0'))],
    ['reads journals', () => publishes(agents, '$JS.API.DIRECT.GET.LULL_JOURNAL')],
    ['takes a lease', () => publishes(agents, '$KV.lull-leases.p0')],
    ['replaces a bundle', () => publishes(agents, '$O.lull-bundles.C.1')],
    ['reads a snapshot', () => publishes(agents, '$JS.API.DIRECT.GET.OBJ_lull-snapshots')],
    ['commands a host', () => publishes(agents, subjects.down(A))],
    ['halts the fleet', () => publishes(agents, subjects.halt)],
    ['speaks for a host', () => publishes(agents, upOf(A))],
    ['asks an orchestrator', () => publishes(agents, subjects.ask('p0'))],
    ['says who leads', () => publishes(agents, subjects.lead('p0'))],
    ['deletes the groups', () => publishes(agents, '$JS.API.STREAM.DELETE.KV_lull-groups')],
    ['empties the groups', () => publishes(agents, '$JS.API.STREAM.PURGE.KV_lull-groups')],
    [
      'makes the groups something else',
      () => publishes(agents, '$JS.API.STREAM.UPDATE.KV_lull-groups'),
    ],
    ['hears what hosts say', () => listens(agents, 'lull.v1.state.>')],
  ])('whoever serves FleetLock never %s', async (_what, attempt) => {
    expect(await attempt()).toMatch(/permissions violation/i);
  });

  test('a viewer reads what was written, in order, and hears what machines tell', async () => {
    const place = { partition: 'p1', replicaCount: 1, mayCreate: true, allowLossy: false };
    const log = createLog('test', 'error');
    const journal = await openJournalOn(orchestrator.connection, { ...place, log });
    const fact = { kind: 'run.notice', runId: 'r', message: 'for everybody' } as const;
    const { sequence, atMs, body, hash } = chainEntry(genesis, 1_000, fact);
    await journal.append([{ sequence, atMs, body, hash }]);
    const consumer = await jetstream(viewer.connection).consumers.get('LULL_JOURNAL', {
      filter_subjects: subjects.journal('p1'),
    });
    const told = await consumer.next({ expires: 5_000 });
    expect(entriesIn(told?.data ?? new Uint8Array())).toEqual([{ sequence, atMs, body, hash }]);
    expect(await listens(viewer, subjects.state('*', '*'))).toBe('allowed');
    expect(await listens(viewer, subjects.progress('*'))).toBe('allowed');
  });

  test.each([
    ['writes a journal', () => publishes(viewer, subjects.journal('p0'))],
    ['takes from a journal', () => publishes(viewer, '$JS.API.STREAM.MSG.DELETE.LULL_JOURNAL')],
    ['changes the journals', () => publishes(viewer, '$JS.API.STREAM.UPDATE.LULL_JOURNAL')],
    ['reads a bundle', () => publishes(viewer, `$JS.API.DIRECT.GET.${BUNDLES}`)],
    ['reads a snapshot', () => publishes(viewer, '$JS.API.DIRECT.GET.OBJ_lull-snapshots')],
    ['takes a lease', () => publishes(viewer, '$KV.lull-leases.p0')],
    ['commands a host', () => publishes(viewer, subjects.down(A))],
    ['halts the fleet', () => publishes(viewer, subjects.halt)],
    ['speaks for a host', () => publishes(viewer, upOf(A))],
    ['tells the state of a host', () => publishes(viewer, stateOf(A))],
    ['asks an orchestrator', () => publishes(viewer, subjects.ask('p0'))],
    ['takes what a machine said for written', () => listens(viewer, 'lull.v1.up.>')],
    ['takes what was refused for written', () => listens(viewer, subjects.journal('*'))],
    ['hears what is said to a host', () => listens(viewer, subjects.down('*'))],
    ['hears the answers to another', () => listens(viewer, '_INBOX.orchestrator-o1.>')],
  ])('a viewer never %s', async (_what, attempt) => {
    expect(await attempt()).toMatch(/permissions violation/i);
  });

  test('a keeper sees how many copies there are, and gives more; here is one server, which has no place for them', async () => {
    const streams = await streamsOn(keeper.connection);
    expect(await copiesNow(streams, UP)).toEqual({ stream: UP, count: 1, behind: [] });
    expect(await publishes(keeper, `$JS.API.STREAM.UPDATE.${UP}`)).toBe('allowed');
    const isClustered = keeper.connection.info?.cluster !== undefined;
    const raising = { jsm: streams, isClustered, withinMs: 5_000, onLook: () => undefined };
    const wanted = (wantedCount: number) =>
      raiseCopies([UP], { ...raising, wantedCount, pause, clock: systemClock });
    expect(await wanted(1)).toEqual([{ stream: UP, count: 1, behind: [] }]);
    await expect(wanted(3)).rejects.toThrow(/this one is by itself. Do not make it one/);
    expect((await jsm.streams.info(UP)).config.num_replicas).toBe(1);
    await expect(copiesNow(await streamsOn(a.connection), UP)).rejects.toThrow(/those of a keeper/);
  });

  test.each(
    fleetStreams.flatMap((stream) =>
      ['DELETE', 'PURGE', 'CREATE', 'SNAPSHOT', 'RESTORE', 'MSG.GET', 'MSG.DELETE']
        .map((verb) => `$JS.API.STREAM.${verb}.${stream}`)
        .concat(`$JS.API.DIRECT.GET.${stream}`, `$JS.API.CONSUMER.CREATE.${stream}.x`),
    ),
  )('a keeper never takes from, or reads, what is kept: %s', async (subject) => {
    expect(await publishes(keeper, subject)).toMatch(/permissions violation/i);
  });

  test.each([
    ['changes a stream that is not of the fleet', '$JS.API.STREAM.UPDATE.MINE'],
    ['lists streams', '$JS.API.STREAM.LIST'],
    ['moves who leads', '$JS.API.STREAM.LEADER.STEPDOWN.LULL_JOURNAL'],
    ['takes a server out of a stream', '$JS.API.STREAM.PEER.REMOVE.LULL_JOURNAL'],
    ['writes a journal', subjects.journal('p0')],
    ['takes a lease', '$KV.lull-leases.p0'],
    ['takes a place in a group', '$KV.lull-groups.g'],
    ['replaces a bundle', '$O.lull-bundles.C.1'],
    ['commands a host', subjects.down(A)],
    ['speaks for a host', upOf(A)],
    ['halts the fleet', subjects.halt],
    ['asks an orchestrator', subjects.ask('p0')],
    ['asks for the server itself', ABOUT_JETSTREAM],
  ])('a keeper never %s', async (_what, subject) => {
    expect(await publishes(keeper, subject)).toMatch(/permissions violation/i);
  });

  test('a keeper hears the answers to itself alone', async () => {
    for (const subject of ['>', 'lull.v1.>', '_INBOX.orchestrator-o1.>', '$JS.EVENT.>']) {
      expect(await listens(keeper, subject)).toMatch(/permissions violation/i);
    }
  });

  test('the attempts above are refused for what they are: what is permitted is allowed', async () => {
    expect(await publishes(a, stateOf(A))).toBe('allowed');
    expect(await publishes(b, stateOf(B))).toBe('allowed');
    expect(await listens(a, subjects.down(A))).toBe('allowed');
  });

  test('whoever has no credentials, or no certificate, is refused', async () => {
    const { url, tls } = fleet.optionsOf(`host-${A}`);
    const servers = url.host;
    const once = { servers, reconnect: false, timeout: 5_000 };
    await expect(connect({ ...once, tls: { ...tls } })).rejects.toThrow(/authorization/i);
    await expect(connect({ ...once, tls: { caFile: tls?.caFile ?? '' } })).rejects.toThrow();
    await expect(connect({ ...once, tls: { ...tls }, user: 'lull', pass: 'lull' })).rejects.toThrow(
      /authorization/i,
    );
  });

  test.each([
    ['of no credentials', () => ({ ...fleet.optionsOf(`host-${A}`), credsFile: undefined })],
    [
      'of another authority',
      () => {
        const { tls, ...options } = fleet.optionsOf(`host-${A}`);
        return { ...options, tls: { ...tls, caFile: tls?.certFile ?? '' } };
      },
    ],
  ])('it is no use to wait for a server because %s', async (_what, options) => {
    const { credsFile, ...others } = options();
    const given = { ...others, ...(credsFile === undefined ? {} : { credsFile }) };
    await expect(awaitNats(given, new AbortController().signal)).rejects.toThrow(NatsRefusal);
  });
});
