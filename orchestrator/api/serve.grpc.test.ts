// The doors of the API, with what is said there when an orchestrator itself fails.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Client, ServiceError } from '@grpc/grpc-js';
import { pino } from 'pino';
import { FleetServiceClient } from '../../proto/gen/lull/operator/v1/fleet.js';
import { OperatorServiceClient } from '../../proto/gen/lull/operator/v1/operator.js';
import { RegistryServiceClient } from '../../proto/gen/lull/registry/v1/registry.js';
import { faultOf } from '../../runtime/faults.grpc.js';
import { systemClock } from '../../runtime/clock.js';
import { dialUnix, unary, type ClientClass } from '../../runtime/grpc.js';
import { CloseStack } from '../../runtime/shutdown.js';
import { openBundles } from '../registry/bundles.fs.js';
import type { OwnLedger } from '../world/ledger.loop.js';
import { openOperator } from './operator.testing.js';
import { registerOwnApi } from './own.grpc.js';
import { serveApi } from './serve.grpc.js';

interface Line {
  readonly err?: { readonly message: string };
  readonly fault?: string;
}

const lines: Line[] = [];
const log = pino(
  new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(JSON.parse(chunk.toString()) as Line);
      done();
    },
  }),
);
const bug = (): never => {
  throw new Error('a bug');
};

let opened: CloseStack;
let path: string;
let isFull: boolean;

beforeEach(async () => {
  lines.length = 0;
  isFull = false;
  opened = new CloseStack(log);
  const operator = opened.add('operator', await openOperator());
  const runDir = join(operator.rig.directory, 'api');
  mkdirSync(runDir);
  const bundles = openBundles(join(operator.rig.directory, 'bundles'));
  const failing = { ...operator.deps, planNow: bug, policy: bug, callerOf: bug };
  const ledger = Object.create(operator.rig.ledger, {
    isFull: { get: () => isFull },
  }) as OwnLedger;
  const served = await serveApi(
    { runDir, listen: undefined, clock: systemClock, log },
    () => (server) => {
      registerOwnApi(server, { ...failing, ledger, bundles, log });
    },
  );
  opened.add('api', served);
  path = join(runDir, 'operator.sock');
});

afterEach(() => opened.close());

function dial<C extends Client>(service: ClientClass<C>): C {
  const client = dialUnix(service, path);
  opened.add('client', client);
  return client;
}

const within = { deadlineMs: 5_000 };
const ofOperator = () => dial(OperatorServiceClient);
const ofFleet = () => dial(FleetServiceClient);
const ofRegistry = () => dial(RegistryServiceClient);

test.each<[string, () => Promise<unknown>]>([
  [
    'OperatorService/GetStatus',
    () => {
      const client = ofOperator();
      return unary(client.getStatus.bind(client), {}, within);
    },
  ],
  [
    'OperatorService/TripSwitch',
    () => {
      const client = ofOperator();
      return unary(client.tripSwitch.bind(client), { why: 'x', forMs: 1n }, within);
    },
  ],
  [
    'FleetService/ListGroups',
    () => {
      const client = ofFleet();
      return unary(client.listGroups.bind(client), {}, within);
    },
  ],
  [
    'RegistryService/ListUpdaters',
    () => {
      const client = ofRegistry();
      return unary(client.listUpdaters.bind(client), {}, within);
    },
  ],
])(
  'a failure of our own in %s is in the log, under the name that its caller is told',
  async (_verb, call) => {
    const error = await call().then(
      () => undefined,
      (failure: unknown) => failure as ServiceError,
    );
    const fault = error === undefined ? undefined : faultOf(error.metadata);
    expect(error?.details).toContain(`fault ${String(fault)}`);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ err: { message: 'a bug' }, fault });
  },
);

test('of a machine by itself whose journal has no room it is told that nothing starts', async () => {
  const client = ofFleet();
  const health = () => unary(client.getHealth.bind(client), {}, within);
  expect(await health()).toEqual({ problem: '', notice: '' });
  isFull = true;
  const notice = 'the disk of the journal is full; nothing starts until there is space';
  expect(await health()).toEqual({ problem: '', notice });
});
