// Each clause can fail: an updater that breaks the contract in one way is told which sentence it broke, and
// the same updater without that passes all of them.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { judges } from '../../cli/conformance/judges.js';
import { clauses, tryClauses, type Report } from '../../sdk/conformance/suite.js';
import { processSubject } from '../../sdk/testing/process-subject.js';
import type { Fault } from '../fixtures/unruly.js';

const program = fileURLToPath(new URL('../fixtures/unruly.js', import.meta.url));
const CONTENT = 'the content\n';
const sha256 = createHash('sha256').update(CONTENT).digest('hex');
const HOLD_MS = 60;

let dir: string;
let feed: Server;
let authority: string;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'lull-unruly-'));
  mkdirSync(join(dir, 'apps'));
  writeFileSync(join(dir, 'apps/VERSION'), '1');
  writeFileSync(join(dir, 'apps/content'), 'what was there\n');
  feed = createServer((_request, response) => response.end(CONTENT)).listen(0, '127.0.0.1');
  await once(feed, 'listening');
  authority = `127.0.0.1:${String((feed.address() as AddressInfo).port)}`;
});

afterAll(() => {
  feed.closeAllConnections();
  feed.close();
  rmSync(dir, { recursive: true });
});

async function tried(
  fault: Fault | undefined,
  only?: readonly string[],
  { runMs, holdMs } = { runMs: 5_000, holdMs: HOLD_MS },
): Promise<Report> {
  const subject = processSubject({
    argv: [process.execPath, program, JSON.stringify({ fault })],
    claims: {
      ...{ id: 'dev.lull.unruly', version: '1.0.0', runMs },
      actions:
        fault === 'claims-rollback'
          ? ['download', 'install']
          : ['download', 'install', 'verify', 'rollback'],
      ...{ installRoots: ['apps'], writesRoots: false, egress: [authority] },
    },
    settings: { source: `http://${authority}/content`, sha256 },
    roots: { apps: join(dir, 'apps') },
  });
  try {
    return await tryClauses(subject, judges, { long: false, holdMs, only });
  } finally {
    await subject.close();
  }
}

test('one that keeps the contract passes every clause that there is something for', async () => {
  const { tried: all } = await tried(undefined);
  expect(all.filter(({ verdict }) => verdict.kind === 'failed')).toEqual([]);
  expect(all.flatMap(({ id, verdict }) => (verdict.kind === 'skipped' ? [id] : []))).toEqual([
    'scan.upstream',
    'cancel.unknown',
    'state.unknown',
    'dry-run.keeps-nothing',
    'hold.frozen-long',
    'fault.egress',
    'fault.disk-full',
  ]);
}, 120_000);

test('the time for which it is frozen is not its own: it may be longer than an action takes', async () => {
  const { tried: all } = await tried(undefined, ['hold.frozen'], { runMs: 1_500, holdMs: 1_600 });
  expect(all).toMatchObject([{ id: 'hold.frozen', verdict: { kind: 'passed' } }]);
}, 60_000);

const broken: readonly [Fault, string, RegExp][] = [
  ['deaf-to-sigterm', 'serve.sigterm', /still there 5 s after/],
  ['another-name', 'describe.manifest', /is called org.other/],
  ['name-without-dots', 'describe.form', /no reverse DNS/],
  ['claims-rollback', 'describe.claims', /claims rollback, which/],
  ['describes-time', 'describe.same', /and then/],
  ['id-with-blank', 'scan.valid', /its id is not/],
  ['ids-by-chance', 'scan.ids', /and then/],
  ['undeclared-action', 'scan.declared', /names reboot, which/],
  ['commits-in-scan', 'scan.changes-nothing', /what no scan may: commit/],
  ['crashes-when-cut', 'scan.cut', /ended after a scan|came to/],
  ['takes-any-run-id', 'scan.fields', /took a run_id of 0 bytes/],
  ['empty-when-down', 'scan.upstream', /found nothing where its server does not answer/],
  ['any-action', 'perform.unknown-action', /answered succeeded/],
  ['any-action', 'perform.undeclared', /uninstall, which is not declared/],
  ['crashes-without-update', 'perform.fields', /ended when it was asked for no update/],
  ['any-update', 'perform.unknown-update', /answered more_to_do/],
  ['speaks-after', 'perform.outcome', /spoke after its outcome/],
  ['two-hundred-percent', 'perform.progress', /was done by 2/],
  ['two-lines', 'perform.words', /more than one line/],
  ['circle', 'way.declared', /still was more to do/],
  ['fails-at-the-end', 'way.succeeds', /came to failed \(VERIFY_FAILED\)/],
  ['still-offers', 'way.scan-after', /still offers apps 2/],
  [
    'verifies-anything',
    'verify.broken',
    /the version before is in place, verify came to succeeded/,
  ],
  ['rollback-fails', 'rollback.restores', /rollback came to failed/],
  ['rollback-fails', 'rollback.repeated', /rollback came to failed/],
  ['another-time-fails', 'recover.repeated', /download had come to more_to_do/],
  ['trips-over-its-leavings', 'recover.killed', /killed .*EEXIST/],
  ['stays-cut', 'recover.cut', /cut .*download then came to nothing within/],
  ['deaf-to-sigterm', 'recover.terminated', /still there 5 s later/],
  ['crashes-at-two', 'recover.at-once', /ended when two runs came at once/],
  ['late-when-frozen', 'hold.frozen', /frozen for 0.4 s .*it ended/],
  ['pauses-never', 'pause.reached', /no answer within its deadline/],
  ['pause-refuses-strangers', 'pause.unknown', /FIELD_INVALID/],
  ['hides-failed-fetch', 'fault.fetch', /all the same/],
  ['own-word-for-space', 'fault.fetch', /would not know/],
  ['crashes-at-failed-commit', 'fault.commit', /ended the process/],
  ['fetch-deadline', 'fault.slow', /came to failed/],
  ['answers-pause-unclaimed', 'pause.absent', /does not claim the capability/],
  ['claims-everything', 'cancel.unknown', /UNIMPLEMENTED/],
  ['claims-everything', 'state.unknown', /UNIMPLEMENTED/],
  ['claims-everything', 'dry-run.keeps-nothing', /changed its work directory/],
  ['ends-without-server', 'fault.egress', /download ended the process/],
  ['asks-elsewhere', 'grant.egress', /asked the proxy for elsewhere.invalid/],
  ['wrong-token', 'grant.host-calls', /had not the token/],
  ['writes-past-the-host', 'grant.roots', /install changed a root past the host/],
  ['tells-its-token', 'secrets.kept', /its token is in its stderr/],
];

test.each(broken)(
  '%s: %s',
  async (fault, clause, words) => {
    // Longer than it takes for a freeze, which is longer than a busy machine keeps a process waiting.
    const holdMs = fault === 'late-when-frozen' ? 400 : HOLD_MS;
    const { tried: all } = await tried(fault, [clause], { runMs: 5_000, holdMs });
    const [{ id, verdict } = { id: '', verdict: undefined }] = all;
    expect({ id, count: all.length, kind: verdict?.kind }).toEqual({
      id: clause,
      count: 1,
      kind: 'failed',
    });
    expect(verdict?.kind === 'failed' && verdict.why).toMatch(words);
  },
  60_000,
);

test('no clause is without an updater that breaks it, but for these', () => {
  const tried = new Set(broken.map(([, clause]) => clause));
  expect(clauses.map(({ id }) => id).filter((id) => !tried.has(id))).toEqual([
    // Ten seconds are too long for a test.
    'serve.in-time',
    // No library of gRPC gets it wrong.
    'describe.unknown-call',
    // A minute, and otherwise the same as hold.frozen.
    'hold.frozen-long',
    // Wants a disk of its own: test/system/updater-is-tried.test.ts.
    'fault.disk-full',
  ]);
});
