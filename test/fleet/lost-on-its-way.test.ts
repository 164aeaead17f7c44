// The server has sent on what a machine said, and the connection breaks before it arrives, or it cannot be
// made durable.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from '@jest/globals';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { JournalBusyError } from '../../orchestrator/journal/journal.js';
import { createHostSessions, type HostEdges } from '../../orchestrator/link/host-session.loop.js';
import { serveHosts } from '../../orchestrator/link/hosts.nats.js';
import { markOfMachine } from '../../plugin-host/link/mark.nats.js';
import { Hello, RunEvent, Up } from '../../proto/gen/lull/link/v1/link.js';
import { partitionOf, subjects, upStreamOf } from '../../proto/subjects.js';
import { systemClock } from '../../runtime/clock.js';
import { createLog } from '../../runtime/log.js';
import { natsServerProgram, startNatsServer } from '../../runtime/nats-server.testing.js';
import { connectNats, type Nats } from '../../runtime/nats.js';
import { CloseStack } from '../../runtime/shutdown.js';
import { until } from '../../runtime/until.testing.js';
import { fleetTest } from '../support/confinement.js';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.tcp.js';

const MS_MAX = 60_000;
const hostId = 'till-1';
const instanceId = 'one';
const partition = partitionOf(hostId);
const log = createLog('test', 'silent');

let opened: CloseStack;
let network: FaultProxy;
let machine: Nats;
let heard: number[];
/** Whether an event cannot be made durable just now. */
let fails: (sequence: number) => boolean;

beforeEach(async () => {
  opened = new CloseStack(log);
  heard = [];
  fails = () => false;
  if (natsServerProgram === undefined) return;
  const directory = mkdtempSync(join(tmpdir(), 'lull-f-'));
  opened.add('directory', {
    close: () => {
      rmSync(directory, { recursive: true });
    },
  });
  const server = opened.add('server', await startNatsServer({ directory }));
  network = opened.add('network', await startFaultProxy(server.url));
  machine = opened.add('machine', await connectNats({ url: server.url, name: hostId, log }));
  const nats = opened.add('nats', await connectNats({ url: network.url, name: 'one', log }));
  const edges: HostEdges = {
    isReplaced: () => false,
    attached: () => Promise.resolve(),
    detached: () => undefined,
    restartFailed: () => Promise.resolve(),
    confined: () => Promise.resolve(),
    event: async (_host, { sequence }) => {
      if (fails(sequence)) throw new JournalBusyError();
      heard.push(sequence);
      await Promise.resolve();
    },
  };
  const attendant = {
    sessions: createHostSessions({ edges, log }),
    see: () => undefined,
    askForState: () => undefined,
  };
  const served = await serveHosts({
    ...{ nats, jsm: await jetstreamManager(nats.connection), partition, leaderId: 'leader' },
    ...{ replicaCount: 1, clock: systemClock, log, onDeaf: () => undefined },
    attendantOf: () => attendant,
    isKnown: () => true,
  });
  opened.add('hosts', served);
}, MS_MAX);

afterEach(() => opened.close(), MS_MAX);

async function say(kind: NonNullable<Up['message']>['kind']): Promise<void> {
  const up = Up.encode({ instanceId, message: { kind }, hello: 1n }).finish();
  const options = { headers: markOfMachine() };
  await jetstream(machine.connection).publish(subjects.up(partition, hostId), up, options);
}

function sayEvent(sequence: number): Promise<void> {
  const started = { sandboxSha256: '', launchMs: 1, argv: [] };
  const kind = { $case: 'started', value: started } as const;
  const value = RunEvent.fromPartial({ sequence: BigInt(sequence), runId: 'run-1', kind });
  return say({ $case: 'event', value });
}

fleetTest(
  'it is heard when the connection is back, and before what was said later',
  async () => {
    await say({ $case: 'hello', value: Hello.fromPartial({ hostId, instanceId }) });
    await sayEvent(1);
    await until('the first is heard', () => heard.length === 1);

    network.become({ kind: 'one-way', lost: 'to the client' });
    await sayEvent(2);
    const jsm = await jetstreamManager(machine.connection);
    await until('the server has sent the second on', async () => {
      const [consumer] = await jsm.consumers.list(upStreamOf(partition)).next();
      return consumer?.delivered.consumer_seq === 3;
    });
    network.become({ kind: 'cut' });
    network.become({ kind: 'none' });
    await sayEvent(3);

    await until('the third is heard', () => heard.includes(3));
    expect(heard).toEqual([1, 2, 3]);
  },
  MS_MAX,
);

fleetTest(
  'what could not be made durable at once is, before anything that was said later',
  async () => {
    let tries = 0;
    fails = (sequence) => sequence === 2 && (tries += 1) < 3;
    await say({ $case: 'hello', value: Hello.fromPartial({ hostId, instanceId }) });
    for (const sequence of [1, 2, 3]) await sayEvent(sequence);
    await until('the third is heard', () => heard.includes(3));
    expect(heard).toEqual([1, 2, 3]);
    const jsm = await jetstreamManager(machine.connection);
    await until('nothing waits any more', async () => {
      const { state } = await jsm.streams.info(upStreamOf(partition));
      return state.messages === 0;
    });
  },
  MS_MAX,
);

fleetTest(
  'what can never be dealt with keeps what was said later waiting for a while, and not for ever',
  async () => {
    fails = (sequence) => {
      if (sequence === 2) throw new TypeError('a mistake');
      return false;
    };
    await say({ $case: 'hello', value: Hello.fromPartial({ hostId, instanceId }) });
    for (const sequence of [1, 2, 3]) await sayEvent(sequence);
    await until('the third is heard', () => heard.includes(3), { withinMs: MS_MAX / 2 });
    expect(heard).toEqual([1, 3]);
  },
  MS_MAX,
);
