// An updater that somebody else has started is tried as far as that goes without ending it.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { readEnvironment } from '../environment.js';
import { serveOn } from '../serve.js';
import type { UpdaterDefinition } from '../updater.js';
import { socketEnvironment, socketSubject, type SocketSubjectOptions } from './socket-subject.js';
import { tryClauses } from './suite.js';

/** The real ones are Lull's, which sdk/ does not know. */
const judges = { scan: () => undefined, isReason: (word: string) => /^[A-Z_]+$/.test(word) };
const updater: UpdaterDefinition = {
  describe: { name: 'org.example.app', version: '1.0.0', capabilities: {}, software: [] },
  scan: async function* () {
    yield await Promise.resolve({ id: 'app', title: 'App', toVersion: '2', nextAction: 'verify' });
  },
  perform: (_call, { id, toVersion }, action) => {
    const isIt = id === 'app' && toVersion === '2' && action === 'verify';
    return Promise.resolve({ kind: isIt ? 'succeeded' : 'gone' });
  },
};

let dir: string;
let options: SocketSubjectOptions;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lull-s-'));
  options = {
    ...{ socketPath: join(dir, 'u.sock'), dir: join(dir, 'host'), token: 'a-token-of-a-test' },
    ...{ claims: undefined, settings: new Map(), roots: new Map(), startMsMax: 5_000 },
  };
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

test('what it says is tried, and what would end or hold it is not, and why is said', async () => {
  const served = await serveOn(
    readEnvironment(Object.fromEntries(socketEnvironment(options))),
    updater,
  );
  const subject = socketSubject(options);
  try {
    const only = ['serve', 'describe', 'scan', 'perform', 'way.succeeds', 'way.scan-after', 'hold'];
    const { tried } = await tryClauses(subject, judges, { long: false, only });
    const failed = tried.flatMap(({ id, verdict }) => (verdict.kind === 'failed' ? [id] : []));
    // It never learns that the update was made.
    expect(failed).toEqual(['way.scan-after']);
    const skipped = new Map(
      tried.flatMap(({ id, verdict }) => (verdict.kind === 'skipped' ? [[id, verdict.why]] : [])),
    );
    expect(skipped.get('serve.sigterm')).toBe(
      'it was not started here, so that it is not ended here',
    );
    expect(skipped.get('hold.frozen')).toBe(
      'it was not started here, so that it is not frozen here',
    );
    expect(skipped.get('describe.manifest')).toMatch(/^no manifest was given beside /);
  } finally {
    await served.close();
    await subject.close();
  }
});

test('nobody has started it', async () => {
  const subject = socketSubject({ ...options, startMsMax: 100 });
  const { tried } = await tryClauses(subject, judges, { long: false, only: ['scan.valid'] });
  expect(tried.map(({ verdict }) => verdict)).toEqual([
    { kind: 'failed', why: `it could not be tried: Error: nobody serves at ${options.socketPath}` },
  ]);
  await subject.close();
});
