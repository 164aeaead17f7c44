// T20: an updater that takes all that there is. Each attack ends inside of the sandbox: at its limit, or
// with the kernel's kill of the sandbox and of nobody else. How late a program of the person's gets its
// turn meanwhile is measured by the benchmark `attack`; a test beside other tests cannot tell.

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { openFixture, whyNoSandbox, type SandboxFixture } from './sandbox.testing.js';

const missing = await whyNoSandbox();
const describeHere = missing === undefined ? describe : describe.skip;
const MIB = 1024 * 1024;
/** Two hundred programs are started beside other tests; they sleep, because it is not the processor that is tried. */
const ATTACK_MS_MAX = 180_000;
const limits = { memoryBytesMax: 128 * MIB, processesMax: 48, diskBytesMax: 4 * MIB };

interface Attack {
  /** Left in /lull/work/result by the attacker, where it lives to say it. */
  readonly said: string;
  readonly signal: string | undefined;
  /** Whether a process of the host's, which the kernel would have chosen first, is still there. */
  readonly bystanderLives: boolean;
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
      const bystander = await openBystander();
      const { signal } = await sandbox.exited;
      const bystanderLives = bystander.end();
      await sandbox.close();
      const file = join(fixture.workDir, 'result');
      const known = statSync(file, { throwIfNoEntry: false });
      return {
        said: known === undefined ? '' : readFileSync(file, 'utf8'),
        signal,
        bystanderLives,
      };
    }

    test('memory is killed, and nobody else', async () => {
      const { signal, bystanderLives } = await attack(
        `const kept = []; for (;;) kept.push(Buffer.alloc(${String(MIB)}, 1));`,
      );
      expect(signal).toBe('SIGKILL');
      expect(bystanderLives).toBe(true);
    });

    test(
      'processes gets no more',
      async () => {
        const { said, bystanderLives } = await attack(
          `let started = 0; const children = [];
       for (let tried = 0; tried < 200; tried += 1) await new Promise((next) => {
         const child = spawn('sleep', ['600'], { stdio: 'ignore' });
         child.once('spawn', () => { started += 1; next(); }).once('error', next); children.push(child);
       });
       say(started); process.exit(0);`,
        );
        expect(Number(said)).toBeGreaterThan(0);
        expect(Number(said)).toBeLessThan(limits.processesMax);
        expect(bystanderLives).toBe(true);
      },
      ATTACK_MS_MAX,
    );

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

    test('the directory of its socket gets a few names and next to no bytes there', async () => {
      const { said } = await attack(
        `let bytes = 0; let names = 0; const at = '/lull/channel/';
       const full = attempt(() => { for (;; bytes += 4096) fs.appendFileSync(at + 'big', Buffer.alloc(4096, 1)); });
       fs.rmSync(at + 'big', { force: true });
       const many = attempt(() => { for (; names < 5000; names += 1) fs.writeFileSync(at + names, ''); });
       say([full, bytes <= 65536, many, names <= 16].join(' '));`,
      );
      expect(said).toBe('ENOSPC true ENOSPC true');
    });

    test('the depth of a tree is cleared away with its sandbox, wherever it made it', async () => {
      await attack(
        `for (const at of ['/lull/channel', '/lull/work']) attempt(() => {
         process.chdir(at);
         for (let deep = 0; deep < 40; deep += 1) {
           fs.mkdirSync('d'.repeat(250)); process.chdir('d'.repeat(250));
         }
       });`,
      );
      expect(readdirSync(join(fixture.root, 'run', 's'))).toEqual([]);
    });

    test('one file beyond its limit gets none of it, wherever it is', async () => {
      const big = `Buffer.alloc(${String(limits.diskBytesMax + 1)}, 1)`;
      const { said, bystanderLives } = await attack(
        `process.on('SIGXFSZ', () => undefined);
       say(['/lull/work/big', '/lull/channel/big', '/tmp/big'].map((file) =>
         { const said = attempt(() => fs.writeFileSync(file, ${big})); fs.rmSync(file, { force: true }); return said; }).join(' '));`,
      );
      expect(said).toMatch(/^(EFBIG|ENOSPC) (EFBIG|ENOSPC) (EFBIG|ENOSPC)$/);
      expect(bystanderLives).toBe(true);
    });
  },
);

/** A child of ours with the same size and the same score for the kernel's choice, outside of the sandbox. */
async function openBystander(): Promise<{ end(): boolean }> {
  const program = `require('fs').writeFileSync('/proc/self/oom_score_adj', '1000');
    const kept = Buffer.alloc(${String(64 * MIB)}, 1); console.log(kept.length); setInterval(() => {}, 1e6)`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(child.stdout, 'data');
  return {
    end: () => {
      const lives = child.exitCode === null && child.signalCode === null;
      child.kill('SIGKILL');
      return lives;
    },
  };
}
