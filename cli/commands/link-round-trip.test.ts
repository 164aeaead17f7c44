// What the two ends of the link make of each other's words: each has its own translation, and no event
// and no grant may change on the way.

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Action } from '../../bundle/manifest.js';
import { attentionSignals, percentSignals, thermalWords } from '../../conditions/reading.js';
import type { Requirement } from '../../conditions/requirement.js';
import { eventFromWire } from '../../orchestrator/link/event.wire.js';
import { grantToWire } from '../../orchestrator/link/grant.wire.js';
import { updateFromWire } from '../../orchestrator/link/update.wire.js';
import { manifestOf } from '../../orchestrator/trust/signed-manifest.testing.js';
import { reportToWire } from '../../plugin-host/link/event.wire.js';
import { grantFromWire } from '../../plugin-host/link/grant.wire.js';
import type { Outcome, RunEvent } from '../../plugin-host/runs/event.js';
import { Grant, RunEvent as WireRunEvent } from '../../proto/gen/lull/link/v1/link.js';
import { Action as WireAction, Update } from '../../proto/gen/lull/updater/v1/updater.js';

/** What the orchestrator hears when a plugin-host says `event`. */
function heard(event: RunEvent) {
  const wire = reportToWire(1, { runId: 'r', epoch: 2, atMs: 0, event });
  const bytes = WireRunEvent.encode(wire).finish();
  return eventFromWire(WireRunEvent.decode(bytes)).body;
}

const update = Update.fromPartial({
  id: 'a',
  title: 'A',
  fromVersion: '1',
  toVersion: '2',
  downloadBytes: 7n,
  nextAction: WireAction.INSTALL,
});
const changes = [{ path: 'p', beforeSha256: '', afterSha256: 'x', mode: 420, beforeMode: 384 }];
const tree = {
  receiptId: 'i',
  root: 'r',
  path: '/p',
  treeBeforeSha256: '1',
  treeAfterSha256: '2',
  fileCount: 3,
  sizeBytes: 4,
  changes,
  truncated: false,
  reverted: true,
};
const download = {
  url: 'u',
  redirects: ['v'],
  remoteAddress: 'a',
  sizeBytes: 9,
  sha256: 's',
  resumedCount: 1,
  cached: true,
};
const egress = { host: 'h', port: 443, allowed: false, sentBytes: 1, receivedBytes: 2 };

describe('an event', () => {
  const facts: [RunEvent, object][] = [
    [
      { kind: 'started', sandboxSha256: 'ab', launchMs: 5, argv: ['./main', '--all'] },
      { kind: 'run.started', sandboxSha256: 'ab', launchMs: 5, argv: ['./main', '--all'] },
    ],
    [
      { kind: 'started', sandboxSha256: '', argv: [] },
      { kind: 'run.started', sandboxSha256: '' },
    ],
    [
      { kind: 'frozen', reasons: ['PERSON_PRESENT'], reactionNs: 5n, cpuUs: 6 },
      { kind: 'run.paused', reasons: ['PERSON_PRESENT'], reactionNs: 5, cpuUs: 6 },
    ],
    [
      { kind: 'frozen', reasons: ['LEASE_LOST'], cpuUs: 6.4 },
      { kind: 'run.paused', reasons: ['LEASE_LOST'], cpuUs: 6 },
    ],
    [
      { kind: 'thawed', frozenMs: 5, cpuUsWhileFrozen: 0 },
      { kind: 'run.thawed', frozenMs: 5, cpuUsWhileFrozen: 0 },
    ],
    [
      { kind: 'downloaded', ...download },
      { kind: 'content.downloaded', ...download },
    ],
    [
      { kind: 'installed', ...tree },
      { kind: 'content.installed', ...tree },
    ],
    [
      { kind: 'egress', ...egress, connectionCount: 1 },
      { kind: 'egress.seen', ...egress },
    ],
    [
      { kind: 'egress', ...egress, connectionCount: 7, reason: 'METERED' },
      { kind: 'egress.seen', ...egress, connectionCount: 7, reason: 'METERED' },
    ],
    [
      { kind: 'critical', entered: true, why: 'w', lastedMs: 0, overrun: false },
      { kind: 'critical.changed', entered: true, why: 'w' },
    ],
    [
      { kind: 'critical', entered: false, why: 'w', lastedMs: 600_000, overrun: true },
      { kind: 'critical.changed', entered: false, why: 'w', lastedMs: 600_000, overrun: true },
    ],
    [
      { kind: 'throttled', reasons: ['PERSON_PRESENT'], reactionNs: 5n, cpuUs: 6 },
      { kind: 'run.throttled', reasons: ['PERSON_PRESENT'], reactionNs: 5, cpuUs: 6 },
    ],
    [
      { kind: 'unthrottled', throttledMs: 5, cpuUsWhileThrottled: 6 },
      { kind: 'run.unthrottled', throttledMs: 5, cpuUsWhileThrottled: 6 },
    ],
    [
      { kind: 'notice', message: 'm' },
      { kind: 'run.notice', message: 'm' },
    ],
    [
      { kind: 'notice', message: 'm', reason: 'GRANT_MISSING' },
      { kind: 'run.notice', message: 'm', reason: 'GRANT_MISSING' },
    ],
  ];
  const named = facts.map(([event, fact]) => [event.kind, event, fact] as const);
  test.each(named)('that is %s becomes exactly one fact', (_kind, event, fact) => {
    expect(heard(event)).toEqual({ kind: 'fact', fact: { runId: 'r', epoch: 2, ...fact } });
  });

  test('of progress, with and without a fraction', () => {
    expect(heard({ kind: 'progress', fraction: 0.5, step: 's' })).toEqual({
      kind: 'progress',
      fraction: 0.5,
      step: 's',
    });
    expect(heard({ kind: 'progress', step: 's' })).toEqual({ kind: 'progress', step: 's' });
  });

  test('of an update found brings the update', () => {
    expect(heard({ kind: 'found', update: Update.encode(update).finish() })).toMatchObject({
      kind: 'found',
      received: {
        kind: 'ok',
        update: { id: 'a', toVersion: '2', downloadBytes: 7, nextAction: 'install' },
      },
    });
  });

  test.each<[Outcome, object]>([
    [{ kind: 'succeeded' }, { kind: 'succeeded' }],
    [{ kind: 'gone' }, { kind: 'gone' }],
    [
      { kind: 'more_to_do', nextAction: 'verify' },
      { kind: 'more_to_do', nextAction: 'verify' },
    ],
    [
      { kind: 'failed', reason: 'NO_SPACE', message: 'm', retry: true },
      { kind: 'failed', code: 'NO_SPACE', message: 'm', retry: true },
    ],
    [
      { kind: 'failed', reason: 'ACME_IS_CLOSED', message: 'm', retry: false },
      { kind: 'failed', code: 'VENDOR_REASON', message: 'ACME_IS_CLOSED: m', retry: false },
    ],
    [
      { kind: 'cancelled', reason: 'SHUTTING_DOWN' },
      { kind: 'cancelled', code: 'SHUTTING_DOWN' },
    ],
  ])('of the end: %j', (outcome, expected) => {
    expect(heard({ kind: 'finished', outcome, outputTail: 't' })).toEqual({
      kind: 'finished',
      outcome: expected,
      stderrTail: 't',
    });
  });
});

const requirement: fc.Arbitrary<Requirement> = fc.oneof(
  fc.nat().map((forMs) => ({ kind: 'person-away' as const, forMs })),
  fc.constant({ kind: 'on-ac' as const }),
  fc
    .double({ min: 0, max: 100, noNaN: true })
    .map((percent) => ({ kind: 'battery-above' as const, percent })),
  fc
    .tuple(fc.constantFrom(...percentSignals), fc.nat(100))
    .map(([signal, percent]) => ({ kind: 'below' as const, signal, percent })),
  fc.nat().map((bytes) => ({ kind: 'disk-free' as const, path: '/opt', bytes })),
  fc.constant({ kind: 'undisturbed' as const }),
  fc
    .subarray([...attentionSignals], { minLength: 1 })
    .map((ignoring) => ({ kind: 'undisturbed' as const, ignoring })),
  fc.constantFrom(...thermalWords).map((hottest) => ({ kind: 'cool' as const, hottest })),
  fc
    .record(
      { bytes: fc.nat(), bytesMax: fc.nat(), unknownBytesMax: fc.nat() },
      { requiredKeys: ['bytes'] },
    )
    .map((sent) => ({ kind: 'unmetered' as const, ...sent })),
);
const action = fc.constantFrom<Action[]>(
  'download',
  'install',
  'verify',
  'rollback',
  'uninstall',
  'restart_app',
  'reboot',
);

test('a grant arrives as it was given, whatever it guards and asks for', () => {
  const manifest = manifestOf();
  const received = updateFromWire(update);
  if (received.kind === 'invalid') throw new Error(received.why);
  fc.assert(
    fc.property(fc.array(requirement), fc.option(action), fc.nat(), (guard, next, epoch) => {
      const work =
        next === null
          ? ({ kind: 'scan' } as const)
          : ({ kind: 'perform', update: { ...received.update, nextAction: next } } as const);
      const settings = new Map([['prefix', '/opt/x']]);
      const envelope = Buffer.from('{}').toString('base64');
      const network = {
        othersBytesPerSMax: 700_000,
        bytesPerSMax: Number.POSITIVE_INFINITY,
        engagedBytesPerSMax: 500_000,
        meteredBytesMax: 0,
        meteredUnknownBytesMax: 1,
        privateHosts: ['registry.corp.example'],
      };
      const sent = grantToWire({
        runId: 'r',
        epoch,
        attempt: 2,
        leaseMs: 2_000,
        manifest,
        envelope,
        settings,
        work,
        guard,
        network,
        callsPerMinuteMax: 7,
        keepAwakeMsMax: 600_000,
        disk: {
          previousVersions: 3,
          readBytesPerSMax: Number.POSITIVE_INFINITY,
          writeBytesPerSMax: 8_000_000,
        },
      });
      if (sent.$case !== 'grant') throw new Error(sent.$case);
      const grant = grantFromWire(Grant.decode(Grant.encode(sent.value).finish()));
      expect(grant).toMatchObject({
        runId: 'r',
        epoch,
        attempt: 2,
        leaseMs: 2_000,
        updater: { id: manifest.id, version: '1.0.0', bundleSha256: manifest.bundle.sha256 },
        settings,
        limits: {
          runMsMax: 1_800_000,
          memoryBytesMax: 64_000_000,
          processesMax: 8,
          diskBytesMax: 100_000_000,
          previousVersions: 3,
          callsPerMinuteMax: 7,
          keepAwakeMsMax: 600_000,
          diskRates: { readBytesPerSMax: Number.POSITIVE_INFINITY, writeBytesPerSMax: 8_000_000 },
        },
        guard,
        privateHosts: ['registry.corp.example'],
        network: {
          bytesPerSMax: Number.POSITIVE_INFINITY,
          engagedBytesPerSMax: 500_000,
          meteredBytesMax: 0,
        },
      });
      expect(grant?.work.kind === 'perform' ? grant.work.action : null).toBe(next);
      const handed = grant?.work.kind === 'perform' ? Update.decode(grant.work.update) : undefined;
      if (next !== null)
        expect(handed).toMatchObject({
          id: 'a',
          fromVersion: '1',
          toVersion: '2',
          downloadBytes: 7n,
        });
    }),
  );
});
