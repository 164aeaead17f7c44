// Mistakes that were read in other updaters and that show in the sandbox, at the network or at a sensor:
// which test holds each, and that it is there, is not skipped, and still says it.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { repositoryRoot } from './architecture/tree.fs.js';

describe('in the sandbox, at the network and at the sensors', () => {
  /** Who, the test that holds it, and what that test has to say in its body. */
  test.each<[who: string, file: string, title: string, says: RegExp]>([
    [
      'uupd',
      'sensor-service/reading/cpu.test.ts',
      "is a share of all cores, not a load average as uupd's: four busy ones of sixteen are 25 %",
      /expect\(parseCpuTimes\(Buffer\.from\(text\)\)\)\.toEqual\(\{ busy: 400, total: 1_600 \}\)/,
    ],
    [
      'PackageKit',
      'plugin-host/sandbox/confinement.runc.test.ts',
      "it has the lowest priority from the start, not after the work as PackageKit's, and is the first to go without memory",
      /lowest.*ask\(rank\)\)\.toEqual\(\[19, /s,
    ],
    [
      "Chromium's updater",
      'test/system/updater-hangs.test.ts',
      "in an install, ${how}: killed when its time is up, unlike by Chromium's updater",
      /code: 'TIME_LIMIT'.*expect\(updaterProcesses\(stage\)\)/s,
    ],
    [
      "Windows' current platform",
      'plugin-host/sandbox/confinement.runc.test.ts',
      "own uid and gid, not LocalSystem's as on Windows' current platform: no other group, no capability, no new privileges, seccomp on (T6)",
      /\^Cap\$\{set\}:.*toMatch\(\/\^NoNewPrivs:/s,
    ],
    [
      'BITS',
      'plugin-host/egress/intake.loop.test.ts',
      'what one run takes, the other waits for as well',
      /expect\(/,
    ],
  ])('%s: %s says how it is here', (_who, file, title, says) => {
    const [body, ...others] = bodiesOf(readFileSync(join(repositoryRoot(), file), 'utf8'), title);
    expect(others).toEqual([]);
    expect(body).toMatch(says);
  });

  test('would be noticed where the test is gone, skipped, or says nothing any more', () => {
    const other = "test('other', () => {\n  expect(1).toBe(1);\n});\n";
    expect(bodiesOf(other, 'it')).toEqual([]);
    expect(bodiesOf(`test.skip('it', () => {\n  expect(1).toBe(1);\n});\n`, 'it')).toEqual([]);
    expect(bodiesOf(`// test('it', () => {\n`, 'it')).toEqual([]);
    expect(bodiesOf(`test('it', () => {\n});\n${other}`, 'it').join()).not.toContain('expect');
  });
});

/** From the title of each test of that name to the next test of the file. */
function bodiesOf(text: string, title: string): string[] {
  return text
    .split(/^ *(?=(?:test|sandboxTest|describe)\b)/m)
    .filter((each) => /^(?:test|sandboxTest)\(\s*['"`]/.test(each))
    .filter((each) => each.slice(0, title.length + 40).includes(title))
    .map((each) => each.slice(each.indexOf(title) + title.length));
}
