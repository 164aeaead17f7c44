// FleetLock as its clients speak it, and as whoever means harm does.

import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createLog } from '../../runtime/log.js';
import type { GroupLock } from '../groups/group-lock.js';
import { acquire, empty, release, type Semaphore } from '../groups/semaphore.js';
import { BODY_BYTES_MAX } from './request.js';
import { serveFleetLock, type FleetLockServer } from './serve.http.js';

/** The policy does not name it. */
const INVENTED = 'invented';
const ID = 'c988d2509fdf4cdcbed39037c56406fb';

let server: FleetLockServer;
let groups: Map<string, Semaphore>;
let broken: boolean;

/** The real semaphore, kept here. */
const lock: GroupLock = {
  acquire: (group, id) => {
    if (broken) return Promise.reject(new Error('the bucket is on fire'));
    const now = groups.get(group) ?? empty;
    const { kind, semaphore } = acquire(now, { id, max: group === INVENTED ? 0 : 1, nowMs: 1 });
    if (kind === 'held') groups.set(group, semaphore);
    return Promise.resolve(kind === 'held' ? { kind } : { kind, ...semaphore });
  },
  holders: () => Promise.resolve([]),
  release: (group, id) => {
    if (broken) return Promise.reject(new Error('the bucket is on fire'));
    groups.set(group, release(groups.get(group) ?? empty, id));
    return Promise.resolve();
  },
};

beforeEach(async () => {
  groups = new Map();
  broken = false;
  const log = createLog('test', 'silent');
  server = await serveFleetLock({ host: '127.0.0.1', port: 0, lock, log });
});

afterEach(() => server.close());

interface Reply {
  readonly status: number;
  readonly body: string;
}

const spoken: Record<string, string> = { 'fleet-lock-protocol': 'true' };

function post(
  path: string,
  body: string,
  { method = 'POST', headers = spoken } = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { port: server.port, host: '127.0.0.1', path, method, headers },
      (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, body: text });
        });
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

const params = (id: unknown, group: unknown = 'default'): string =>
  JSON.stringify({ client_params: { group, id } });
const kindOf = ({ body }: Reply): unknown => (JSON.parse(body) as { kind: unknown }).kind;

describe('by the protocol', () => {
  test('a client gets a place before its reboot, again while it has it, and gives it back', async () => {
    expect(await post('/v1/steady-state', params(ID))).toEqual({ status: 200, body: '' });
    expect(await post('/v1/pre-reboot', params(ID))).toEqual({ status: 200, body: '' });
    expect(await post('/v1/pre-reboot', params(ID))).toEqual({ status: 200, body: '' });
    expect(await post('/v1/steady-state', params(ID))).toEqual({ status: 200, body: '' });
    expect(await post('/v1/pre-reboot', params('another'))).toMatchObject({ status: 200 });
  });

  test('a second one is refused with a kind and words, until the first is back', async () => {
    await post('/v1/pre-reboot', params(ID));
    const full = await post('/v1/pre-reboot', params('b'));
    expect(full.status).toBe(409);
    expect(JSON.parse(full.body)).toEqual({
      kind: 'failed_lock_semaphore_full',
      value: `all 1 places of group default are taken, by fleetlock:${ID}`,
    });
    await post('/v1/steady-state', params('b'));
    expect((await post('/v1/pre-reboot', params('b'))).status).toBe(409);
    await post('/v1/steady-state', params(ID));
    expect((await post('/v1/pre-reboot', params('b'))).status).toBe(200);
  });

  test('groups are apart, and ids are told apart by case', async () => {
    await post('/v1/pre-reboot', params('a', 'Workers.eu-1'));
    expect((await post('/v1/pre-reboot', params('b', 'workers.eu-1'))).status).toBe(200);
    expect((await post('/v1/pre-reboot', params('A', 'Workers.eu-1'))).status).toBe(409);
  });

  test('a host of Lull keeps its place, whoever says to be it (F1)', async () => {
    await lock.acquire('default', 'till-7');
    expect((await post('/v1/steady-state', params('till-7'))).status).toBe(200);
    expect((await post('/v1/pre-reboot', params('till-7'))).status).toBe(409);
    expect(groups.get('default')?.holders).toEqual([{ id: 'till-7', sinceMs: 1 }]);
  });

  test('what it does not know in a body is passed over', async () => {
    const body = JSON.stringify({ client_params: { group: 'g', id: 'a', more: 1 }, more: 2 });
    expect((await post('/v1/pre-reboot', body)).status).toBe(200);
  });
});

describe('refused', () => {
  test.each<[string, () => Promise<Reply>, number, string]>([
    ['another endpoint', () => post('/v1/pre-rebooted', params(ID)), 404, 'unknown_endpoint'],
    ['another version', () => post('/v2/pre-reboot', params(ID)), 404, 'unknown_endpoint'],
    ['another method', () => post('/v1/pre-reboot', '', { method: 'GET' }), 405, 'wrong_method'],
    [
      'no header',
      () => post('/v1/pre-reboot', params(ID), { headers: {} }),
      400,
      'missing_protocol_header',
    ],
    [
      'the header with another value',
      () => post('/v1/pre-reboot', params(ID), { headers: { 'fleet-lock-protocol': 'yes' } }),
      400,
      'missing_protocol_header',
    ],
    ['no JSON', () => post('/v1/pre-reboot', 'id=1'), 400, 'invalid_body'],
    ['nothing', () => post('/v1/pre-reboot', ''), 400, 'invalid_body'],
    ['null', () => post('/v1/pre-reboot', 'null'), 400, 'invalid_client_params'],
    ['an empty id', () => post('/v1/pre-reboot', params('')), 400, 'invalid_client_params'],
    [
      'an id that is a number',
      () => post('/v1/pre-reboot', params(7)),
      400,
      'invalid_client_params',
    ],
    ['a group of nobody', () => post('/v1/pre-reboot', params(ID, INVENTED)), 404, 'unknown_group'],
    ['an empty group', () => post('/v1/pre-reboot', params(ID, '')), 400, 'invalid_client_params'],
    [
      'a group with a path',
      () => post('/v1/pre-reboot', params(ID, '../x')),
      400,
      'invalid_client_params',
    ],
    [
      'an id of a page',
      () => post('/v1/pre-reboot', params('x'.repeat(300))),
      400,
      'invalid_client_params',
    ],
    [
      'a body of more than a few words',
      () => post('/v1/pre-reboot', `${params(ID)}${' '.repeat(BODY_BYTES_MAX)}`),
      413,
      'body_too_large',
    ],
  ])('%s', async (_what, ask, status, kind) => {
    const reply = await ask();
    expect({ status: reply.status, kind: kindOf(reply) }).toEqual({ status, kind });
    expect(groups.size).toBe(0);
  });

  test('everything, while the groups are out of reach: nobody is told that it has a place (F2)', async () => {
    broken = true;
    for (const path of ['/v1/pre-reboot', '/v1/steady-state']) {
      const reply = await post(path, params(ID));
      expect({ status: reply.status, kind: kindOf(reply) }).toEqual({
        status: 500,
        kind: 'failed_lock',
      });
      expect(reply.body).not.toContain('fire');
    }
  });
});

test('headers without end are cut off, and the others are served on', async () => {
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(`POST /v1/pre-reboot HTTP/1.1\r\nx: ${'y'.repeat(100_000)}`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(answer.toString()).toContain('431');
  expect((await post('/v1/pre-reboot', params(ID))).status).toBe(200);
  socket.destroy();
});

test('a client that hangs up in the middle of its body gets no place', async () => {
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.resume();
  socket.write(
    'POST /v1/pre-reboot HTTP/1.1\r\nhost: x\r\nfleet-lock-protocol: true\r\ncontent-length: 500\r\n\r\n{"client',
  );
  socket.end();
  await once(socket, 'close');
  expect((await post('/v1/pre-reboot', params('b'))).status).toBe(200);
  expect(groups.get('default')?.holders.map(({ id }) => id)).toEqual(['fleetlock:b']);
});
