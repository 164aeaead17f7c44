import { execFileSync } from 'node:child_process';
import { expect, test } from '@jest/globals';

/** What a process in that zone says; a zone is fixed when a process starts. */
function inZone(zone: string): string {
  const module = new URL('local-time.js', import.meta.url).href;
  const code = `const { localTime, shortTime } = await import(${JSON.stringify(module)});
    const atMs = Date.UTC(2030, 5, 1, 23, 30);
    process.stdout.write([localTime(atMs), shortTime(atMs, atMs)].join(' | '));`;
  return execFileSync(process.execPath, ['--input-type=module', '-e', code], {
    encoding: 'utf8',
    env: { TZ: zone },
  });
}

test.each([
  ['UTC', '2030-06-01 23:30:00 UTC | 23:30:00'],
  ['Europe/Berlin', '2030-06-02 01:30:00 CEST | 01:30:00'],
  ['Asia/Kathmandu', '2030-06-02 05:15:00 GMT+5:45 | 05:15:00'],
])('an instant says on whose clock it is: %s', (zone, shown) => {
  expect(inZone(zone)).toBe(shown);
});
