import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createLog } from '../../runtime/log.js';
import { hostIdIn } from './host-id.fs.js';

const log = createLog('test', 'silent');
let stateDir: string;

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'lull-hi-'));
});
afterEach(() => {
  rmSync(stateDir, { recursive: true });
});

test('a host has one name, from its first start on, and nothing half written beside it', async () => {
  const first = await hostIdIn(stateDir, log);
  expect(first).toMatch(/^host-[0-9a-f]{8}$/);
  expect(await hostIdIn(stateDir, log)).toBe(first);
  expect(readdirSync(stateDir)).toEqual(['host-id']);
});

test('a name that somebody gave it is kept', async () => {
  writeFileSync(join(stateDir, 'host-id'), 'kiosk-7\n');
  expect(await hostIdIn(stateDir, log)).toBe('kiosk-7');
});

test.each([
  ['empty, as a power cut leaves it', ''],
  ['blank', ' \n'],
  ['zeros', '\0\0\0\0'],
  ['no name', 'two words'],
])(
  'a file that is %s counts as none: the host has a new name, and keeps it',
  async (_what, text) => {
    writeFileSync(join(stateDir, 'host-id'), text);
    const made = await hostIdIn(stateDir, log);
    expect(made).toMatch(/^host-[0-9a-f]{8}$/);
    expect(await hostIdIn(stateDir, log)).toBe(made);
  },
);
