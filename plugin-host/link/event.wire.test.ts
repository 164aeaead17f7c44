// What a run did, on the wire: no larger than any carrier carries.

import { expect, test } from '@jest/globals';
import { AttachRequest } from '../../proto/gen/lull/link/v1/link.js';
import { reportToWire } from './event.wire.js';

/** Of a server of NATS that was told nothing else. */
const PAYLOAD_BYTES_MAX = 2 ** 20;

test.each([
  ['of long paths, which are cut', 4_000, false],
  ['of ordinary ones, which are all told', 100, true],
])('an install of a thousand files %s', (_what, pathLength, isWhole) => {
  const changes = Array.from({ length: 1_000 }, (_, n) => ({
    path: String(n).padStart(pathLength, 'x'),
    ...{ beforeSha256: 'a'.repeat(64), afterSha256: 'b'.repeat(64), mode: 0o644 },
  }));
  const tree = { root: 'app', path: '/opt/app', fileCount: 1_000, sizeBytes: 1, truncated: false };
  const digests = { treeBeforeSha256: 'c'.repeat(64), treeAfterSha256: 'd'.repeat(64) };
  const what = { receiptId: 'r', reverted: false, ...tree, ...digests, changes };
  const event = { kind: 'installed', ...what } as const;
  const value = reportToWire(1, { runId: 'r', epoch: 1, atMs: 0, event });
  const message = AttachRequest.encode({ kind: { $case: 'event', value } }).finish();
  expect(message.length).toBeLessThan(PAYLOAD_BYTES_MAX);
  const told = value.kind?.$case === 'installed' ? value.kind.value : undefined;
  expect(told?.truncated).toBe(!isWhole);
  expect(told?.changes).toEqual(changes.slice(0, told?.changes.length));
  expect(told?.changes.length === changes.length).toBe(isWhole);
});
