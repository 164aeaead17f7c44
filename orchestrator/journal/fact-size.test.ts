import { describe, expect, test } from '@jest/globals';
import {
  SCAN_BYTES_MAX,
  UPDATE_BYTES_BESIDE,
  UPDATES_PER_SCAN_MAX,
} from '../../conditions/scan-limits.js';
import { Action, Severity, Update } from '../../proto/gen/lull/updater/v1/updater.js';
import { updateFromWire } from '../link/update.wire.js';
import type { Update as CoreUpdate } from '../runs/update.js';
import { canonicalJson } from './chain.js';
import { ENTRY_BYTES_MAX, factProblem, refuseTooLarge } from './fact-size.js';
import type { Fact } from './fact.js';

const noticeOf = (message: string): Fact => ({ kind: 'run.notice', runId: 'r', message });

function refused(fact: Fact): boolean {
  try {
    refuseTooLarge({ fact, body: canonicalJson(fact) });
    return false;
  } catch (error) {
    expect(error).toMatchObject({ code: 'FACT_TOO_LARGE' });
    return true;
  }
}

describe('what an entry holds is told as a message has it', () => {
  test.each([
    ['plain text', 'x'.repeat(ENTRY_BYTES_MAX - 8_192), false],
    ['one that is longer', 'x'.repeat(ENTRY_BYTES_MAX), true],
    ['text that takes twice as much', '"'.repeat(ENTRY_BYTES_MAX / 2), true],
    ['text of three bytes each', '\u20ac'.repeat(ENTRY_BYTES_MAX / 3 - 4_096), false],
    ['more of it', '\u20ac'.repeat(ENTRY_BYTES_MAX / 3), true],
  ])('%s', (_what, message, isTooLarge) => {
    const fact = noticeOf(message);
    expect(factProblem(fact) !== undefined).toBe(isTooLarge);
    expect(refused(fact)).toBe(isTooLarge);
  });

  test('and what was said has room for its tags, which nobody refuses', () => {
    const heard = { hostId: 'h'.repeat(253), instanceId: 'i'.repeat(64), sequence: 1 };
    const fact = noticeOf('x'.repeat(ENTRY_BYTES_MAX - 8_192));
    expect(refused({ ...fact, heard, machine: heard.hostId, fleet: 1 })).toBe(false);
  });
});

/** Everything that an update can say. */
const all: Partial<Update> = {
  ...{ deadlineUnixMs: 1_900_000_000_000n, exclusive: true, conflictKeys: ['dpkg'] },
  ...{ security: true, expectedS: 600, severity: Severity.IMPORTANT, digest: 'a'.repeat(64) },
  needs: { network: true, closedApps: ['/usr/bin/program'], restartApp: true, reboot: true },
};

/** So many, with titles of such a length that a host just lets them through. */
function updatesOf(count: number, said: Partial<Update>): CoreUpdate[] {
  const each = (n: number, titleLength: number): Update =>
    Update.fromPartial({
      ...{ id: `update-${String(n).padStart(4, '0')}`, title: 't'.repeat(titleLength) },
      ...{ fromVersion: '1.0.0', toVersion: '2.0.0', nextAction: Action.DOWNLOAD },
      ...{ downloadBytes: 123_456_789n, installBytes: 123_456_789n, ...said },
    });
  const bytesOf = (update: Update): number =>
    Update.encode(update).finish().length + UPDATE_BYTES_BESIDE;
  const room = Math.floor(SCAN_BYTES_MAX / count) - bytesOf(each(0, 0)) - 4;
  expect(room).toBeGreaterThan(0);
  return Array.from({ length: count }, (_, n) => {
    const received = updateFromWire(each(n, Math.min(room, 250)));
    if (received.kind === 'invalid') throw new Error(received.why);
    return received.update;
  });
}

test.each([
  [UPDATES_PER_SCAN_MAX, 'little', {}],
  [1_500, 'everything', all],
  [500, 'everything', all],
  [10, 'everything', all],
])(
  'a scan of %d updates that say %s, which a host lets through, is one entry',
  (count, _, said) => {
    const updates = updatesOf(count, said);
    const found: Fact = { kind: 'scan.found', runId: 'run-1', updaterId: 'com.acme', updates };
    expect(factProblem(found)).toBeUndefined();
  },
);
