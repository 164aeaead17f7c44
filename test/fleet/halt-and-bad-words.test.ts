// What reaches every machine at once, and what is not believed.

import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect } from '@jest/globals';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { Down, Hello, RootChanged, RunEvent, Up } from '../../proto/gen/lull/link/v1/link.js';
import { partitionOf, partitions, subjects, upStreamOf } from '../../proto/subjects.js';
import { markOfMachine } from '../../plugin-host/link/mark.nats.js';
import { say } from '../../orchestrator/link/say.nats.js';
import { pause } from '../../runtime/deadline.js';
import { createLog } from '../../runtime/log.js';
import { natsServerProgram } from '../../runtime/nats-server.testing.js';
import { connectNats, type Nats } from '../../runtime/nats.js';
import type { RunningLull } from '../../harness/lull.spawn.js';
import { hostsOf } from './ask.grpc.js';
import { openFleetStage, type OneServerStage } from './fleet-stage.js';
import { fleetTest } from '../support/confinement.js';

const MS_MAX = 120_000;
/** A machine that hears of another leader has said hello within this time. */
const HELLO_MS_MAX = 750;

let stage: OneServerStage;
let lull: RunningLull;
let nats: Nats;

beforeEach(async () => {
  if (natsServerProgram === undefined) return;
  stage = await openFleetStage();
  lull = await stage.orchestrator('orchestrator-1');
  nats = await connectNats({
    url: stage.server.url,
    name: 'somebody',
    log: createLog('test', 'silent'),
  });
}, MS_MAX);

afterEach(async () => {
  if (natsServerProgram === undefined) return;
  await nats.close();
  await stage.close();
}, MS_MAX);

async function attached(...ids: string[]): Promise<void> {
  await stage.until(`${ids.join(', ')} attached`, async () => {
    const told = await hostsOf(lull);
    return ids.every((id) => told.some((each) => each.id === id && each.attached));
  });
}

/** As a machine says it first. */
function helloOf(hostId: string, instanceId: string): Uint8Array {
  const value = Hello.fromPartial({ hostId, instanceId });
  return Up.encode({
    instanceId,
    message: { kind: { $case: 'hello', value } },
    hello: 1n,
  }).finish();
}

async function helloCount(hostId: string): Promise<number> {
  const entries = await lull.command(['--host', hostId, 'audit', 'log']);
  return entries.split(`"host.attached","machine":"${hostId}"`).length - 1;
}

/** What machines have said and no orchestrator has handled. */
async function waitingMessages(): Promise<number> {
  const jsm = await jetstreamManager(nats.connection);
  const streams = await Promise.all(partitions.map((each) => jsm.streams.info(upStreamOf(each))));
  return streams.reduce((sum, { state }) => sum + state.messages, 0);
}

describe('the trip switch of a fleet', () => {
  fleetTest(
    'reaches every machine at once, holds over a restart, and is released',
    async () => {
      const one = await stage.machine({ hostId: 'one', runMs: 60_000 });
      const two = await stage.machine({ hostId: 'two', runMs: 60_000 });
      await stage.accept(lull);
      await stage.until('both scan', () => one.running === 1 && two.running === 1);
      await lull.command(['pause-all', '--for', '1h', '--why', 'a bad release']);
      for (const host of [one, two]) {
        expect(host.haltedAtMs).toBeDefined();
        await stage.until('its run is stopped or paused', () =>
          host.commands.some((command) => command === 'stop' || command === 'pause'),
        );
      }
      await lull.stop();
      const again = await stage.orchestrator('orchestrator-2');
      await stage.until('the new one leads them', async () =>
        (await hostsOf(again)).every((host) => host.attached),
      );
      const explained = await again.command(['--host', 'one', 'explain']);
      expect(explained).toContain('a bad release');
      const before = one.granted.length;
      await again.command(['resume-all']);
      await stage.until('it goes on', () => one.granted.length > before);
    },
    MS_MAX,
  );
});

fleetTest(
  'an order for one machine that names none is refused: nobody would carry it out',
  async () => {
    await stage.accept(lull);
    const nowhere = lull.command(['run-now', 'dev.lull.fixture']);
    await expect(nowhere).rejects.toMatchObject({
      stderr: expect.stringContaining('--host') as unknown,
    });
  },
  MS_MAX,
);

fleetTest(
  'an updater that is suspended on one machine goes on at the others',
  async () => {
    const one = await stage.machine({ hostId: 'one' });
    const two = await stage.machine({ hostId: 'two' });
    await attached('one', 'two');
    await lull.command(['pause-all', '--for', '1h']);
    await stage.accept(lull);
    const words = ['updaters', 'suspend', 'dev.lull.fixture', '--why', 'it is too loud here'];
    await lull.command(['--host', 'one', ...words]);
    expect(await lull.command(['--host', 'one', 'status'])).toMatch(/fixture +\S+ +suspended/);
    expect(await lull.command(['--host', 'two', 'status'])).toMatch(/fixture +\S+ +enabled/);
    await lull.command(['resume-all']);
    await stage.until('the other one works', () => two.finished.length > 1);
    expect(one.granted).toEqual([]);
  },
  MS_MAX,
);

describe('not believed', () => {
  fleetTest(
    'a host that claims the name of another',
    async () => {
      const honest = await stage.machine({ hostId: 'honest' });
      await attached('honest');
      const js = jetstream(nats.connection);
      const up = subjects.up(partitionOf('thief'), 'thief');
      await js.publish(up, helloOf('honest', 'evil'), { headers: markOfMachine() });
      await js.publish(up, new Uint8Array([255, 255, 1]), { headers: markOfMachine() });
      const bye = await stage.machine({ hostId: 'later' });
      await attached('honest', 'later');
      expect((await hostsOf(lull)).map(({ id }) => id)).not.toContain('thief');
      expect([honest.instanceId, bye.instanceId]).not.toContain('evil');
    },
    MS_MAX,
  );

  fleetTest(
    'a hello in a partition that is not its own, and one that fills a message',
    async () => {
      const js = jetstream(nats.connection);
      const elsewhere = partitions.find((each) => each !== partitionOf('lost')) ?? '';
      const headers = markOfMachine();
      await js.publish(subjects.up(elsewhere, 'lost'), helloOf('lost', 'instance'), { headers });
      const endless = helloOf('endless', 'x'.repeat(400_000));
      await js.publish(subjects.up(partitionOf('endless'), 'endless'), endless, { headers });
      await stage.machine({ hostId: 'later' });
      await attached('later');
      await stage.until('everything was heard', async () => (await waitingMessages()) === 0);
      expect((await hostsOf(lull)).map(({ id }) => id)).toEqual(['later']);
    },
    MS_MAX,
  );

  fleetTest(
    'an event that fills a message: an entry takes what it holds of it, and its partition goes on',
    async () => {
      const js = jetstream(nats.connection);
      const headers = markOfMachine();
      const up = subjects.up(partitionOf('one'), 'one');
      await js.publish(up, helloOf('one', 'evil'), { headers });
      const path = '"'.repeat(1_000_000);
      const kind = { $case: 'rootChanged', value: RootChanged.fromPartial({ path }) } as const;
      const value = RunEvent.fromPartial({ sequence: 1n, runId: 'run-1', kind });
      const message = { kind: { $case: 'event', value } } as const;
      const event = Up.encode({ instanceId: 'evil', message, hello: 1n }).finish();
      await js.publish(up, event, { headers });
      // Its own partition is still led, and hears a machine that attaches there.
      const host = await stage.machine({ hostId: 'one', instanceId: 'honest' });
      await stage.accept(lull);
      await stage.until('it works', () => host.finished.length > 1);
      expect(await lull.command(['--host', 'one', 'audit', 'log'])).toContain('root.changed');
      expect(await lull.command(['--host', 'one', 'audit', 'verify'])).toContain('whole');
    },
    MS_MAX,
  );

  fleetTest(
    'five megabytes: the server refuses them, and whoever sent them',
    async () => {
      const { hostname, port } = stage.server.url;
      const socket = connect(Number(port), hostname);
      socket.write('CONNECT {"user":"lull","pass":"lull","verbose":false}\r\n');
      socket.write(`PUB ${subjects.up(partitionOf('large'), 'large')} ${String(5 * 2 ** 20)}\r\n`);
      const told: string[] = [];
      socket.on('data', (data) => told.push(data.toString()));
      await once(socket, 'close');
      expect(told.join('')).toContain('Maximum Payload Violation');
      await stage.machine({ hostId: 'later' });
      await attached('later');
    },
    MS_MAX,
  );

  fleetTest(
    'fields of a version to come: they are passed over',
    async () => {
      const field99 = Buffer.from([0x98, 0x06, 0x01]);
      const hello = Buffer.concat([helloOf('newer', 'instance'), field99]);
      const up = subjects.up(partitionOf('newer'), 'newer');
      await jetstream(nats.connection).publish(up, hello, { headers: markOfMachine() });
      await attached('newer');
    },
    MS_MAX,
  );

  fleetTest(
    'two machines of one name: the older one is told, and not heard again',
    async () => {
      const refused: string[] = [];
      nats.connection.subscribe(subjects.down('copy'), {
        callback: (_error, { data }) => {
          const { instanceId, message } = Down.decode(data);
          if (message?.kind?.$case === 'refused') refused.push(instanceId);
        },
      });
      const older = await stage.machine({ hostId: 'copy', instanceId: 'older' });
      await attached('copy');
      await stage.machine({ hostId: 'copy', instanceId: 'newer' });
      await attached('copy');
      // Nothing makes it attach again: it is told when it says next that it is there.
      await stage.until('the older one is refused', () => refused.length > 0);
      expect(new Set(refused)).toEqual(new Set([older.instanceId]));
      await attached('copy');
    },
    MS_MAX,
  );

  fleetTest(
    'a halt, or a command, that a machine has the server send in its acknowledgements',
    async () => {
      const host = await stage.machine({ hostId: 'one' });
      await attached('one');
      await stage.accept(lull);
      // By now whoever leads it has said so, which a machine answers with one more hello.
      await stage.until('it works', () => host.finished.length > 1);
      const hellos = await helloCount('one');
      const up = subjects.up(partitionOf('evil'), 'evil');
      for (const aim of [
        ...[
          subjects.halt,
          subjects.restrain,
          subjects.down('one'),
          subjects.lead(partitionOf('one')),
        ],
      ]) {
        nats.connection.publish(up, new Uint8Array([1]), { reply: aim });
      }
      await nats.connection.flush();
      await pause(HELLO_MS_MAX);
      expect(host.haltedAtMs).toBeUndefined();
      // Nor has it said hello to another leader.
      expect(await helloCount('one')).toBe(hellos);
    },
    MS_MAX,
  );

  fleetTest(
    'a grant of an orchestrator that does not lead any more',
    async () => {
      const host = await stage.machine({ hostId: 'one' });
      await attached('one');
      const grant = { runId: 'run-99', epoch: 99n };
      const message = { kind: { $case: 'stop' as const, value: { ...grant, reason: 'OPERATOR' } } };
      const { instanceId } = host;
      for (let sequence = 1n; sequence < 9n; sequence += 1n) {
        const stale = { instanceId, leaderId: 'of-yesterday', sequence, message, hello: 0n };
        say(nats.connection, subjects.down('one'), Down.encode(stale).finish());
      }
      await nats.connection.flush();
      await stage.accept(lull);
      await stage.until('it works', () => host.finished.length > 1);
      expect(host.commands).not.toContain('stop');
    },
    MS_MAX,
  );
});
