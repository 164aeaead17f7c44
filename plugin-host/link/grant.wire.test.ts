// Grants from the wire: kept to the letter, or refused.

import { describe, expect, test } from '@jest/globals';
import { Grant as WireGrant } from '../../proto/gen/lull/link/v1/link.js';
import { Action, Update } from '../../proto/gen/lull/updater/v1/updater.js';
import { grantFromWire } from './grant.wire.js';

const update = Update.fromPartial({ id: 'a', title: 'A', toVersion: '2', conflictKeys: ['k'] });

function wire(changes: object = {}): WireGrant {
  const grant = WireGrant.fromPartial({
    runId: 'r',
    epoch: 7n,
    attempt: 2,
    leaseMs: 2_000,
    updater: {
      id: 'com.acme.tool',
      version: '1.0.0',
      bundleSha256: 'ab',
      envelope: Buffer.from('{}'),
      settings: [{ name: 'prefix', value: '/opt' }],
    },
    work: { $case: 'scan', value: {} },
    limits: { runMsMax: 1_000n, memoryBytesMax: 2n, processesMax: 3, diskBytesMax: 4n },
    guard: [
      { kind: { $case: 'personAway', value: { forMs: 5n } } },
      { kind: { $case: 'onAc', value: {} } },
      { kind: { $case: 'below', value: { signal: 'cpu.busy', percent: 20 } } },
    ],
    ...changes,
  } as never);
  return WireGrant.decode(WireGrant.encode(grant).finish());
}

test('everything that it says is there', () => {
  expect(grantFromWire(wire())).toMatchObject({
    runId: 'r',
    epoch: 7,
    attempt: 2,
    leaseMs: 2_000,
    updater: { id: 'com.acme.tool', version: '1.0.0', bundleSha256: 'ab' },
    settings: new Map([['prefix', '/opt']]),
    work: { kind: 'scan' },
    limits: {
      runMsMax: 1_000,
      memoryBytesMax: 2,
      processesMax: 3,
      diskBytesMax: 4,
      previousVersions: 1,
      // Of an orchestrator that says nothing of these.
      callsPerMinuteMax: 250,
      keepAwakeMsMax: 3_600_000,
    },
    network: { bytesPerSMax: Number.POSITIVE_INFINITY },
    guard: [
      { kind: 'person-away', forMs: 5 },
      { kind: 'on-ac' },
      { kind: 'below', signal: 'cpu.busy', percent: 20 },
    ],
  });
});

test('what is to be put back is named by its receipts', () => {
  const roots = [{ receiptId: 'ab', root: 'tools', path: '/opt/tools' }];
  const grant = grantFromWire(wire({ work: { $case: 'revert', value: { roots } } }));
  expect(grant?.work).toEqual({ kind: 'revert', roots });
});

test('an update is handed through as it came, with what this version does not know', () => {
  // Field 999: of a newer contract.
  const bytes = Buffer.concat([
    Update.encode(update).finish(),
    Buffer.from([0xba, 0x3e, 0x01, 0x41]),
  ]);
  const work = {
    $case: 'perform',
    value: { update: Update.decode(bytes), action: Action.INSTALL },
  };
  const grant = grantFromWire(wire({ work }));
  expect(grant?.work).toMatchObject({ kind: 'perform', action: 'install' });
  const handed = grant?.work.kind === 'perform' ? Update.decode(grant.work.update) : undefined;
  expect(handed).toMatchObject({ id: 'a', title: 'A', toVersion: '2', conflictKeys: ['k'] });
});

describe('refused, never shortened', () => {
  const onAc = { kind: { $case: 'onAc', value: {} } };
  test.each<[string, object]>([
    ['a requirement of a newer orchestrator', { guard: [onAc, { kind: undefined }] }],
    [
      'a threshold on a signal that is not known',
      { guard: [onAc, { kind: { $case: 'below', value: { signal: 'moon.phase', percent: 1 } } }] },
    ],
    [
      'a threshold on what is no percentage',
      { guard: [{ kind: { $case: 'below', value: { signal: 'presence', percent: 1 } } }] },
    ],
    [
      'a sign of attention that is not to be asked, and is not known',
      { guard: [{ kind: { $case: 'undisturbed', value: { ignoring: ['attention.moon'] } } }] },
    ],
    [
      'an action of a newer contract',
      { work: { $case: 'perform', value: { update, action: 99 } } },
    ],
    ['no action', { work: { $case: 'perform', value: { update, action: Action.UNSPECIFIED } } }],
    ['an action on nothing', { work: { $case: 'perform', value: { action: Action.INSTALL } } }],
    ['no work', { work: undefined }],
    ['no limits', { limits: undefined }],
    ['no updater', { updater: undefined }],
  ])('%s', (_what, changes) => {
    expect(grantFromWire(wire(changes))).toBeUndefined();
  });
});
