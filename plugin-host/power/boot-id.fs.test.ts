import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { createLog } from '../../runtime/log.js';
import { readBootId } from './boot-id.fs.js';

const log = createLog('test', 'silent');

test('this start of the machine has a name, the same at each look', () => {
  const id = readBootId(log);
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  expect(readBootId(log)).toBe(id);
});

test.each([
  ['nothing', ''],
  ['no name', 'yesterday\n'],
  ['more than a name', `${'a'.repeat(4_096)}\n`],
])('a kernel that says %s has none', (_what, text) => {
  const dir = mkdtempSync(join(tmpdir(), 'lull-boot-'));
  try {
    writeFileSync(join(dir, 'boot_id'), text);
    expect(readBootId(log, join(dir, 'boot_id'))).toBe('');
    expect(readBootId(log, join(dir, 'missing'))).toBe('');
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
