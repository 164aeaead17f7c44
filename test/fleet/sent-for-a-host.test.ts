// What a machine that turned bad has the server send for it: to whatever subject it names for an answer.

import { afterEach, beforeEach, expect } from '@jest/globals';
import { jetstream } from '@nats-io/jetstream';
import type { RunningLull } from '../../harness/lull.spawn.js';
import { Hello, HostState, Up } from '../../proto/gen/lull/link/v1/link.js';
import {
  BUNDLES_BUCKET,
  FLEET_PARTITION,
  partitionOf,
  partitions,
  subjects,
} from '../../proto/subjects.js';
import { createLog } from '../../runtime/log.js';
import { natsServerProgram } from '../../runtime/nats-server.testing.js';
import { connectNats, type Nats } from '../../runtime/nats.js';
import { fleetTest } from '../support/confinement.js';
import { hostsOf, refusal } from './ask.grpc.js';
import { openFleetStage, type OneServerStage } from './fleet-stage.js';

const MS_MAX = 120_000;
const BUNDLES = `OBJ_${BUNDLES_BUCKET}`;
const CHUNK = `$O.${BUNDLES_BUCKET}.C.signed`;

let stage: OneServerStage;
let lull: RunningLull;
let evil: Nats;

beforeEach(async () => {
  if (natsServerProgram === undefined) return;
  stage = await openFleetStage();
  lull = await stage.orchestrator('orchestrator-1');
  const { url } = stage.server;
  evil = await connectNats({ url, name: 'evil', log: createLog('test', 'silent') });
}, MS_MAX);

afterEach(async () => {
  if (natsServerProgram === undefined) return;
  await evil.close();
  await stage.close();
}, MS_MAX);

/** A part of a bundle that it got signed, delivered wherever it likes. */
async function deliver(chunk: string | Uint8Array, aim: string): Promise<void> {
  await jetstream(evil.connection).publish(CHUNK, chunk);
  const wanted = JSON.stringify({ last_by_subj: CHUNK });
  evil.connection.publish(`$JS.API.DIRECT.GET.${BUNDLES}`, wanted, { reply: aim });
  await evil.connection.flush();
}

fleetTest(
  'the answer that a message is not there makes no orchestrator deaf, on whatever subject',
  async () => {
    const aims = [
      ...[FLEET_PARTITION, ...partitions].map(subjects.ask),
      ...[subjects.seen, subjects.restrain, subjects.progress('one')],
      ...[subjects.state(partitionOf('one'), 'one'), subjects.up(partitionOf('one'), 'one')],
    ];
    for (const reply of aims) {
      const nothing = JSON.stringify({ last_by_subj: 'lull.v1.nothing' });
      evil.connection.publish(`$JS.API.DIRECT.GET.${BUNDLES}`, nothing, { reply });
    }
    await evil.connection.flush();
    // Whoever is deaf hears of no machine, and writes nothing for the fleet.
    const host = await stage.machine({ hostId: 'one' });
    await stage.accept(lull);
    await stage.until('it works', () => host.finished.length > 1);
  },
  MS_MAX,
);

fleetTest(
  "facts in a part of a bundle are not in the fleet's journal",
  async () => {
    await lull.command(['pause-all', '--for', '1h', '--why', 'a bad release']);
    const facts = [{ kind: 'switch.released' }];
    await deliver(JSON.stringify({ facts }), subjects.ask(FLEET_PARTITION));
    // What comes after it has been written: so would that have been.
    expect(await refusal(lull, ['updaters', 'enable', 'nobody.knows'])).toContain('nobody.knows');
    await stage.accept(lull);
    const journal = await lull.command(['audit', 'log']);
    expect(journal).toContain('updater.submitted');
    expect(journal).not.toContain('switch.released');
  },
  MS_MAX,
);

fleetTest(
  'a hello, and a state, of another machine in a part of a bundle are not heard',
  async () => {
    const victim = 'victim';
    const value = Hello.fromPartial({ hostId: victim, instanceId: 'evil' });
    const message = { kind: { $case: 'hello', value } } as const;
    const hello = Up.encode({ instanceId: 'evil', message, hello: 1n }).finish();
    await deliver(hello, subjects.up(partitionOf(victim), victim));
    const state = HostState.fromPartial({ instanceId: 'evil', snapshot: true, sequence: 1n });
    const told = HostState.encode(state).finish();
    await deliver(told, subjects.state(partitionOf(victim), victim));
    // In its partition, so that what was said before it has been heard when it is.
    let n = 1;
    while (partitionOf(`later-${String(n)}`) !== partitionOf(victim)) n += 1;
    const later = `later-${String(n)}`;
    await stage.machine({ hostId: later });
    await stage.until('the later one is heard', async () =>
      (await hostsOf(lull)).some(({ id, attached }) => id === later && attached),
    );
    expect((await hostsOf(lull)).map(({ id }) => id)).toEqual([later]);
  },
  MS_MAX,
);
