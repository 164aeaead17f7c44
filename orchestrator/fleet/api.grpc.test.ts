// What an orchestrator of a fleet is asked about no machine.

import { join } from 'node:path';
import type { JetStreamClient } from '@nats-io/jetstream';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import {
  OperatorServiceClient,
  OperatorServiceService,
} from '../../proto/gen/lull/operator/v1/operator.js';
import { dialUnix, serveUnix, unary } from '../../runtime/grpc.js';
import { createLog } from '../../runtime/log.js';
import type { Nats } from '../../runtime/nats.js';
import { CloseStack } from '../../runtime/shutdown.js';
import { openOperator } from '../api/operator.testing.js';
import { operatorHandlers } from '../api/operator.grpc.js';
import { enabled, submitted, UPDATER } from '../world/history.testing.js';
import { routed } from './api.grpc.js';
import { nobody } from './nobody.js';

const options = { deadlineMs: 30_000 };
const log = createLog('test', 'silent');

let opened: CloseStack;
let client: OperatorServiceClient;

beforeEach(async () => {
  opened = new CloseStack(log);
  const { deps, rig } = opened.add('operator', await openOperator());
  await rig.ledger.append([submitted(), enabled()]);
  const path = join(rig.directory, 'fleet.sock');
  // No other orchestrator is asked about what is about all.
  const nowhere = { nats: {} as Nats, js: {} as JetStreamClient };
  const handlers = routed(
    { ...nowhere, log, callerOf: deps.callerOf },
    operatorHandlers({ ...deps, ...nobody }),
  );
  const register: Parameters<typeof serveUnix>[0]['register'] = (server) => {
    server.addService(OperatorServiceService, handlers);
  };
  opened.add('fleet', await serveUnix({ path, mode: 0o600, register }));
  client = dialUnix(OperatorServiceClient, path);
  opened.add('client', {
    close: () => {
      client.close();
    },
  });
});

afterEach(() => opened.close());

test('who asks all machines what only one has is told to name one, and not that there is nothing', async () => {
  const runs = { pageSize: 0, pageToken: '', runId: '' };
  const asked = {
    explain: unary(client.explain.bind(client), { subject: '' }, options),
    forecast: unary(client.forecast.bind(client), { fromUnixMs: 0n, forMs: 0n }, options),
    history: unary(client.listRuns.bind(client), runs, options),
    'run-now': unary(client.runNow.bind(client), { subject: UPDATER }, options),
  };
  const answers = await Promise.all(
    Object.entries(asked).map(([verb, call]) =>
      call.then(
        () => `${verb} was answered`,
        (error: unknown) => (error as { details: string }).details,
      ),
    ),
  );
  const words = 'is about one machine: name it with --host; "lull fleet hosts" lists them';
  expect(answers).toEqual(Object.keys(asked).map((verb) => `${verb} ${words}`));
});

test('the state of all machines is that of none, and has what is registered for all', async () => {
  const told = await unary(client.getStatus.bind(client), {}, options);
  expect(told).toMatchObject({ hosts: [], runs: [], waiting: [], updaters: [{ id: UPDATER }] });
});

test('an order about an update that only machines know says how to name it', async () => {
  const hold = { subject: 'npm:prettier', why: 'not this one', forMs: 3_600_000n };
  await expect(unary(client.placeHold.bind(client), hold, options)).rejects.toMatchObject({
    details: expect.stringContaining('name one with --host') as unknown,
  });
});
