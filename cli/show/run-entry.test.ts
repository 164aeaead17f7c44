// What a run's entries of the journal say, each kind in its words.

import { expect, test } from '@jest/globals';
import type { Fact } from '../../orchestrator/journal/fact.js';
import { wordsOf } from './run-entry.js';

const SHA = '0123456789abcdef'.repeat(4);
const tree = {
  ...{ root: 'tool', path: '/opt/tool', treeBeforeSha256: '', treeAfterSha256: SHA },
  ...{ fileCount: 1, sizeBytes: 1_500, truncated: false, changes: [] },
};
const change = { path: 'a', beforeSha256: '', afterSha256: SHA, mode: 0o644 };
const download = { url: 'https://example.com/a', sizeBytes: 2_000_000, sha256: SHA, cached: false };
const egress = { host: 'h', port: 443, allowed: true, sentBytes: 10, receivedBytes: 2_000 };

test.each<[{ kind: Fact['kind'] } & Record<string, unknown>, string]>([
  [{ kind: 'run.admitted', attempt: 2 }, 'attempt 2'],
  [{ kind: 'run.admitted', attempt: 1, intrusion: 'gentle' }, 'attempt 1, gentle'],
  [{ kind: 'run.paused', reasons: ['A', 'B'] }, 'A, B'],
  [
    { kind: 'run.paused', reasons: ['A'], reactionNs: 12_340_000 },
    'A, 12.3 ms after it was sensed',
  ],
  [{ kind: 'run.throttled', reasons: ['A'], reactionNs: 0 }, 'A, 0.0 ms after it was sensed'],
  [{ kind: 'run.thawed', frozenMs: 61_000 }, 'frozen for 61 s'],
  [{ kind: 'run.unthrottled', throttledMs: 900 }, 'slowed for 900 ms'],
  [{ kind: 'run.interrupted', code: 'HOST_LOST', message: 'gone' }, 'HOST_LOST: gone'],
  [{ kind: 'run.finished', outcome: { kind: 'succeeded' }, stderrTail: '' }, 'succeeded'],
  [
    { kind: 'run.finished', outcome: { kind: 'gone' }, stderrTail: 'oh' },
    'gone; what it wrote last: oh',
  ],
  [
    { kind: 'run.finished', outcome: { kind: 'more_to_do', nextAction: 'verify' }, stderrTail: '' },
    'more_to_do, next verify',
  ],
  [
    {
      kind: 'run.finished',
      outcome: { kind: 'failed', code: 'NO_SPACE', message: 'full' },
      stderrTail: '',
    },
    'failed, NO_SPACE: full',
  ],
  [
    { kind: 'run.finished', outcome: { kind: 'cancelled', code: 'HELD' }, stderrTail: '' },
    'cancelled, HELD',
  ],
  [{ kind: 'scan.found', updates: [] }, '0 updates'],
  [{ kind: 'scan.found', updates: [{ id: 'x' }] }, '1 update x'],
  [{ kind: 'scan.found', updates: [{ id: 'x' }, { id: 'y' }] }, '2 updates x y'],
  [
    { kind: 'content.downloaded', ...download },
    'https://example.com/a, 2.0 MB, sha256 0123456789ab…',
  ],
  [
    { kind: 'content.downloaded', ...download, cached: true },
    'https://example.com/a, 2.0 MB, sha256 0123456789ab…, had been fetched before',
  ],
  [
    { kind: 'content.installed', ...tree, reverted: false },
    'installed in /opt/tool: 1 file, 1.5 kB',
  ],
  [
    { kind: 'content.installed', ...tree, fileCount: 2, reverted: true },
    'put back in /opt/tool: 2 files, 1.5 kB',
  ],
  [{ kind: 'root.changed', ...tree, changes: [change] }, '/opt/tool: 1 change'],
  [
    { kind: 'root.changed', ...tree, changes: [change, change], truncated: true },
    '/opt/tool: 2 changes and more',
  ],
  [{ kind: 'egress.seen', ...egress }, 'h:443 10 B sent, 2.0 kB received'],
  [{ kind: 'egress.seen', ...egress, allowed: false }, 'h:443 refused'],
  [{ kind: 'critical.changed', entered: true, why: 'the index' }, 'entered: the index'],
  [
    { kind: 'critical.changed', entered: false, why: 'the index', overrun: true },
    'left: the index, not in time',
  ],
  [{ kind: 'run.notice', message: 'slow mirror' }, 'slow mirror'],
  [
    { kind: 'run.notice', message: 'no such grant', reason: 'FETCH_NOT_GRANTED' },
    'FETCH_NOT_GRANTED: no such grant',
  ],
  [{ kind: 'run.notice', message: 'a\u001b[2Jb' }, 'a\ufffd[2Jb'],
])('%j', (fact, words) => {
  expect(wordsOf(JSON.stringify(fact))).toBe(words);
  expect(wordsOf(fact as unknown as Fact)).toBe(words);
});
