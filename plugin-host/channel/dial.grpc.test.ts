// The peer is a real gRPC server on a real socket; in the last test it runs in a real sandbox.

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Metadata, Server, ServerCredentials, status } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { mkdtempSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  Action,
  UpdaterServiceService,
  type ScanRequest,
  type UpdaterServiceServer,
} from '../../proto/gen/lull/updater/v1/updater.js';
import type { SandboxExit } from '../sandbox/sandbox.js';
import { fixtureUid, openFixture, whyNoSandbox } from '../sandbox/sandbox.testing.js';
import { UpdaterError } from './dial-error.js';
import { openUpdater, type UpdaterDial } from './dial.grpc.js';
import { patience } from './dial-patience.loop.js';

const UID = process.getuid?.() ?? 0;
const request: ScanRequest = { runId: 'r1', dryRun: false, settings: [] };
const never = new AbortController().signal;
const neverStill = { isHeld: () => false, starvedUs: () => 0 };

let channelDir: string;
let servers: Server[];

beforeEach(() => {
  channelDir = mkdtempSync(join(tmpdir(), 'lull-'));
  servers = [];
});
afterEach(async () => {
  for (const server of servers) server.forceShutdown();
  await rm(channelDir, { recursive: true, force: true });
});

function dial(change: Partial<UpdaterDial> = {}): UpdaterDial {
  return {
    channelDir,
    uid: UID,
    exited: new Promise<SandboxExit>(() => undefined),
    signal: never,
    readyMs: 5_000,
    standstill: neverStill,
    ...change,
  };
}

async function serve(
  change: Partial<UpdaterServiceServer> = {},
  options: { health?: boolean; name?: string } = {},
): Promise<void> {
  const absent = (): never => {
    throw new Error('not called in these tests');
  };
  const server = new Server();
  server.addService(UpdaterServiceService, {
    describe: (_call, callback) => {
      callback(null, {
        name: 'org.example.tool',
        version: '1.0.0',
        capabilities: [],
        software: [],
      });
    },
    scan: (call) => {
      for (const id of ['a', 'b']) call.write({ update: update(id) });
      call.end();
    },
    perform: absent,
    pause: absent,
    resume: absent,
    cancel: absent,
    forget: absent,
    ...change,
  } satisfies UpdaterServiceServer);
  if (options.health ?? true) new HealthImplementation({ '': 'SERVING' }).addToServer(server);
  const path = join(channelDir, options.name ?? 'updater.sock');
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
  servers.push(server);
}

function update(id: string) {
  return {
    ...{
      id,
      title: id,
      fromVersion: '1.0.0',
      toVersion: '2.0.0',
      security: false,
      severity: 0,
      digest: '',
    },
    ...{ releaseNotesUrl: '', exclusive: false, conflictKeys: [], needs: undefined },
    ...{ downloadBytes: undefined, installBytes: undefined, deadlineUnixMs: undefined },
    ...{ expectedS: undefined, nextAction: Action.DOWNLOAD },
  };
}

async function scanAll(signal = never): Promise<string[]> {
  const updater = await openUpdater(dial());
  try {
    const ids: string[] = [];
    for await (const message of updater.scan(request, signal)) ids.push(message.update?.id ?? '');
    return ids;
  } finally {
    updater.close();
  }
}

/** A scan that ends with an error of this code and metadata. */
function failing(
  code: status,
  entries: Record<string, string | Buffer>,
): UpdaterServiceServer['scan'] {
  return (call) => {
    const metadata = new Metadata();
    for (const [key, value] of Object.entries(entries)) metadata.set(key, value);
    call.emit('error', { code, details: 'the disk of the mirror burns', metadata });
  };
}

describe('an updater that serves', () => {
  test('is described and scanned', async () => {
    await serve();
    const updater = await openUpdater(dial());
    expect((await updater.describe()).name).toBe('org.example.tool');
    updater.close();
    updater.close();
    expect(await scanAll()).toEqual(['a', 'b']);
  });

  test('may come late', async () => {
    const opening = openUpdater(dial());
    await serve();
    (await opening).close();
  });

  test('gives a reason of the table in trailing metadata', async () => {
    await serve({ scan: failing(status.RESOURCE_EXHAUSTED, { 'lull-reason': 'NO_SPACE' }) });
    await expect(scanAll()).rejects.toMatchObject({ name: 'UpdaterError', reason: 'NO_SPACE' });
  });

  test('gives a reason in google.rpc.ErrorInfo', async () => {
    const bytes = (field: number, value: string | Buffer): Buffer =>
      Buffer.concat([Buffer.from([field * 8 + 2, value.length]), Buffer.from(value)]);
    const info = Buffer.concat([bytes(1, 'LOCK_HELD'), bytes(2, 'updater.lull')]);
    const any = Buffer.concat([
      bytes(1, 'type.googleapis.com/google.rpc.ErrorInfo'),
      bytes(2, info),
    ]);
    const details = Buffer.concat([Buffer.from([8, 14]), bytes(2, 'busy'), bytes(3, any)]);
    await serve({ scan: failing(status.UNAVAILABLE, { 'grpc-status-details-bin': details }) });
    await expect(scanAll()).rejects.toMatchObject({
      reason: 'LOCK_HELD',
      message: 'the disk of the mirror burns',
    });
  });

  test("cannot give a reason that is the host's to give", async () => {
    await serve({ scan: failing(status.UNKNOWN, { 'lull-reason': 'PERSON_PRESENT' }) });
    await expect(scanAll()).rejects.toMatchObject({ reason: 'VENDOR_REASON' });
  });

  test('sends details that are no protobuf', async () => {
    const junk = Buffer.from([0x1a, 0xff, 0xff, 0xff]);
    await serve({ scan: failing(status.UNIMPLEMENTED, { 'grpc-status-details-bin': junk }) });
    await expect(scanAll()).rejects.toMatchObject({ reason: 'CONTRACT_BROKEN' });
  });

  test('sends a message that is too long (T23)', async () => {
    await serve({
      scan: (call) => {
        call.write({ update: update('x'.repeat(5 * 1024 * 1024)) });
        call.end();
      },
    });
    await expect(scanAll()).rejects.toMatchObject({ reason: 'CONTRACT_BROKEN' });
  });

  test("never ends its stream: the caller's signal does", async () => {
    await serve({ scan: (call) => call.write({ update: update('a') }) });
    const updater = await openUpdater(dial());
    const over = new AbortController();
    const reading = (async () => {
      for await (const message of updater.scan(request, over.signal)) {
        if (message.update !== undefined) over.abort(new Error('enough'));
      }
    })();
    await expect(reading).rejects.toThrow('enough');
    updater.close();
  });

  test('never ends its stream: closing the channel does', async () => {
    await serve({ scan: (call) => call.write({ update: update('a') }) });
    const updater = await openUpdater(dial());
    const reading = (async () => {
      for await (const message of updater.scan(request, never)) {
        if (message.update !== undefined) updater.close();
      }
    })();
    await expect(reading).rejects.toBeInstanceOf(UpdaterError);
  });

  test('breaks off its line before its end is known: a crash all the same', async () => {
    await serve({
      scan: (call) => {
        call.write({ update: update('a') }, () => {
          for (const server of servers) server.forceShutdown();
        });
      },
    });
    await expect(scanAll()).rejects.toMatchObject({ reason: 'UPDATER_CRASHED' });
  });

  test('crashes in the middle of a stream', async () => {
    let crash: (exit: SandboxExit) => void = () => undefined;
    const exited = new Promise<SandboxExit>((resolve) => (crash = resolve));
    await serve({
      scan: () => {
        for (const server of servers) server.forceShutdown();
        crash({ code: 1, signal: undefined });
      },
    });
    const updater = await openUpdater(dial({ exited }));
    const reading = (async () => {
      for await (const message of updater.scan(request, never)) expect(message).toBeUndefined();
    })();
    await expect(reading).rejects.toMatchObject({ reason: 'UPDATER_CRASHED' });
    updater.close();
  });
});

describe('an updater that does not serve', () => {
  test('no socket: NEVER_SERVED', async () => {
    await expect(openUpdater(dial({ readyMs: 100 }))).rejects.toMatchObject({
      reason: 'NEVER_SERVED',
    });
  });

  test('a socket without a health service: NEVER_SERVED', async () => {
    await serve({}, { health: false });
    await expect(openUpdater(dial({ readyMs: 200 }))).rejects.toMatchObject({
      reason: 'NEVER_SERVED',
    });
  });

  test('ends first: UPDATER_CRASHED, at once', async () => {
    const exited = Promise.resolve({ code: 1, signal: undefined });
    await expect(openUpdater(dial({ exited }))).rejects.toMatchObject({
      reason: 'UPDATER_CRASHED',
    });
  });

  test('serves, and never answers Describe: NEVER_SERVED, and not for what it was frozen (T23)', async () => {
    let frozen = true;
    await serve({ describe: () => undefined });
    const standstill = { isHeld: () => frozen, starvedUs: () => 0 };
    const updater = await openUpdater({ ...dial(), standstill, describeMs: 60 });
    const described = updater.describe();
    const settled = described.then(
      () => 'settled',
      () => 'settled',
    );
    const waiting = new Promise((resolve) => setTimeout(resolve, 250, 'waiting'));
    expect(await Promise.race([settled, waiting])).toBe('waiting');
    frozen = false;
    await expect(described).rejects.toMatchObject({
      reason: 'NEVER_SERVED',
      message: 'the updater did not answer Describe within 60 ms',
    });
    updater.close();
  });

  test("the caller's signal ends the wait with its own reason", async () => {
    const signal = AbortSignal.abort(new Error('Lull is stopping'));
    await expect(openUpdater(dial({ signal }))).rejects.toThrow('Lull is stopping');
  });

  test('while it is frozen its time stands still', async () => {
    let frozen = true;
    const opening = openUpdater(
      dial({ readyMs: 60, standstill: { isHeld: () => frozen, starvedUs: () => 0 } }),
    );
    const early = await Promise.race([
      opening.then(
        () => 'settled',
        () => 'settled',
      ),
      new Promise((resolve) => setTimeout(resolve, 250, 'waiting')),
    ]);
    expect(early).toBe('waiting');
    frozen = false;
    await expect(opening).rejects.toMatchObject({ reason: 'NEVER_SERVED' });
  });
});

describe('a hostile socket path (T5)', () => {
  test('a link to a private socket is refused', async () => {
    await serve({}, { name: 'private.sock' });
    symlinkSync(join(channelDir, 'private.sock'), join(channelDir, 'updater.sock'));
    await expect(openUpdater(dial())).rejects.toMatchObject({
      reason: 'CONTRACT_BROKEN',
      message: expect.stringContaining('a link') as unknown,
    });
  });

  test('a socket of another user is refused', async () => {
    await serve();
    await expect(openUpdater(dial({ uid: UID + 1 }))).rejects.toMatchObject({
      reason: 'CONTRACT_BROKEN',
    });
  });

  test('a file is refused', async () => {
    writeFileSync(join(channelDir, 'updater.sock'), '');
    await expect(openUpdater(dial())).rejects.toMatchObject({ reason: 'CONTRACT_BROKEN' });
  });

  test('a link swapped in afterwards is not followed', async () => {
    await serve();
    const updater = await openUpdater(dial());
    renameSync(join(channelDir, 'updater.sock'), join(channelDir, 'moved.sock'));
    symlinkSync('/nonexistent/private.sock', join(channelDir, 'updater.sock'));
    expect((await updater.describe()).name).toBe('org.example.tool');
    updater.close();
  });
});

test('an updater that gets no processor is not out of time, up to twelve times of it', async () => {
  const bornMs = performance.now();
  const starved = patience(30, {
    isHeld: () => false,
    starvedUs: () => (performance.now() - bornMs) * 1_000,
  });
  await new Promise((resolve) => {
    starved.signal.addEventListener('abort', resolve);
  });
  expect(performance.now() - bornMs).toBeGreaterThan(300);
  starved.end();
});

test('patience ends after its time, and not once it was told to', async () => {
  const short = patience(30, neverStill);
  const told = patience(30, neverStill);
  told.end();
  await new Promise((resolve) => {
    short.signal.addEventListener('abort', resolve);
  });
  expect(told.signal.aborted).toBe(false);
});

const missing = await whyNoSandbox();
(missing === undefined ? test : test.skip)('an updater in a sandbox answers', async () => {
  const fixture = await openFixture();
  const modules = join(
    dirname(createRequire(import.meta.url).resolve('@grpc/grpc-js/package.json')),
    '../..',
  );
  const script = `
    import { createRequire } from 'node:module';
    const require = createRequire('/lull/roots/start.js');
    const { Server, ServerCredentials } = require('@grpc/grpc-js');
    const { HealthImplementation } = require('grpc-health-check');
    const server = new Server();
    new HealthImplementation({ '': 'SERVING' }).addToServer(server);
    server.bindAsync('unix:/lull/channel/updater.sock', ServerCredentials.createInsecure(), () => {});`;
  try {
    const sandbox = await fixture.launch('serves', script, {
      roots: [{ name: 'node_modules', path: modules }],
    });
    const updater = await openUpdater(
      dial({
        channelDir: join(fixture.root, 'run/s/serves/channel'),
        uid: fixtureUid,
        exited: sandbox.exited,
        readyMs: 10_000,
      }),
    );
    await expect(updater.describe()).rejects.toMatchObject({ reason: 'CONTRACT_BROKEN' });
    updater.close();
  } finally {
    await fixture.close();
  }
});
