// T20: an updater that takes all that there is, and the person's programs beside it. Beside each attack
// a probe of the host's wakes every 10 ms, as a program of the person's would, and must not be late.

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { openFixture, whyNoSandbox, type SandboxFixture } from './sandbox.testing.js';

const missing = await whyNoSandbox();
const describeHere = missing === undefined ? describe : describe.skip;
const MIB = 1024 * 1024;
const limits = { memoryBytesMax: 128 * MIB, processesMax: 48, diskBytesMax: 4 * MIB };
/** What a person begins to feel; the probe itself shares two processors with other tests. */
const LATE_MS_MAX = 250;
const PROBE_MS = 10;

interface Attack {
  /** Left in /lull/work/result by the attacker, where it lives to say it. */
  readonly said: string;
  readonly signal: string | undefined;
  readonly lateMs: number;
}

describeHere(
  `an updater that exhausts${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    let fixture: SandboxFixture;

    beforeEach(async () => {
      fixture = await openFixture();
    });
    afterEach(async () => {
      await fixture.close();
    });

    /** `body` has `fs`, `say(text)` and `attempt(fn)`. */
    async function attack(body: string): Promise<Attack> {
      const script = `import fs from 'node:fs'; import { spawn } from 'node:child_process';
      const say = (text) => fs.writeFileSync('/lull/work/result', String(text));
      const attempt = (fn) => { try { fn(); return 'allowed'; } catch (error) { return error.code ?? error.message; } };
      ${body}`;
      const sandbox = await fixture.launch('greedy', script, { limits });
      const late = probe();
      const { signal } = await sandbox.exited;
      const lateMs = late();
      await sandbox.close();
      const file = join(fixture.workDir, 'result');
      const known = statSync(file, { throwIfNoEntry: false });
      return { said: known === undefined ? '' : readFileSync(file, 'utf8'), signal, lateMs };
    }

    test('memory is killed, and nobody else is late', async () => {
      const { signal, lateMs } = await attack(
        `const kept = []; for (;;) kept.push(Buffer.alloc(${String(MIB)}, 1));`,
      );
      expect(signal).toBe('SIGKILL');
      expect(lateMs).toBeLessThan(LATE_MS_MAX);
    });

    test('processes gets no more, and nobody else is late', async () => {
      const { said, lateMs } = await attack(
        `let started = 0; const children = [];
       for (let tried = 0; tried < 200; tried += 1) await new Promise((next) => {
         const child = spawn('sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' });
         child.once('spawn', () => { started += 1; next(); }).once('error', next); children.push(child);
       });
       say(started); process.exit(0);`,
      );
      expect(Number(said)).toBeGreaterThan(0);
      expect(Number(said)).toBeLessThan(limits.processesMax);
      expect(lateMs).toBeLessThan(LATE_MS_MAX);
    });

    test('open files gets no more', async () => {
      const { said } = await attack(
        `let opened = 0; const code = attempt(() => { for (;;) { fs.openSync('/dev/null'); opened += 1; } });
       process.once('exit', () => undefined); fs.closeSync(opened + 2); say(code + ' ' + opened);`,
      );
      const [code, opened] = said.split(' ');
      expect(code).toBe('EMFILE');
      expect(Number(opened)).toBeLessThan(4_096);
    });

    test('names in /tmp gets no more, and neither names nor bytes in /dev', async () => {
      const { said } = await attack(
        `let names = 0;
       const inodes = attempt(() => { for (;; names += 1) fs.writeFileSync('/tmp/' + names, ''); });
       say([inodes, names < 20000, attempt(() => fs.writeFileSync('/dev/x', ''))].join(' '));`,
      );
      expect(said).toMatch(/^ENOSPC true (EACCES|EROFS|EPERM|ENOENT)$/);
    });

    test('one file beyond its limit gets none of it, wherever it is', async () => {
      const big = `Buffer.alloc(${String(limits.diskBytesMax + 1)}, 1)`;
      const { said, lateMs } = await attack(
        `process.on('SIGXFSZ', () => undefined);
       say(['/lull/work/big', '/lull/channel/big', '/tmp/big'].map((file) =>
         attempt(() => fs.writeFileSync(file, ${big}))).join(' '));`,
      );
      expect(said).toMatch(/^EFBIG EFBIG (EFBIG|ENOSPC)$/);
      expect(lateMs).toBeLessThan(LATE_MS_MAX);
    });
  },
);

/** Wakes every 10 ms. @returns what ends it and tells by how much it was late at worst. */
function probe(): () => number {
  let [lateMs, dueMs] = [0, performance.now() + PROBE_MS];
  const timer = setInterval(() => {
    const nowMs = performance.now();
    lateMs = Math.max(lateMs, nowMs - dueMs);
    dueMs = nowMs + PROBE_MS;
  }, PROBE_MS);
  return () => {
    clearInterval(timer);
    return lateMs;
  };
}
