// T20: an updater fills its directory, with bytes and with names, in files that are each small enough.

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import {
  fixtureUid,
  leftovers,
  launchScript,
  openFixture,
  openRuntime,
  whyNoSandbox,
  type SandboxFixture,
} from './sandbox.testing.js';
import type { Sandbox } from './sandbox.js';

const missing =
  (await whyNoSandbox()) ?? (existsSync('/dev/loop-control') ? undefined : 'needs loop devices');
const describeHere = missing === undefined ? describe : describe.skip;
const MIB = 1024 * 1024;
const limits = { memoryBytesMax: 256 * MIB, processesMax: 64, diskBytesMax: 8 * MIB };
const PREAMBLE = `import fs from 'node:fs';
  const until = (write) => { let n = 0; for (;;) { try { write(n); n += 1; } catch (error) { return error.code + ' ' + n; } } };`;

describeHere(`a work directory${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let fixture: SandboxFixture;

  beforeEach(async () => {
    fixture = await openFixture();
  });
  afterEach(async () => {
    await fixture.close();
    expect(leftovers(fixture.root)).toEqual([]);
  });

  /** What it says to stderr, by the end of `body`. */
  async function saidBy(launched: Promise<Sandbox>): Promise<string> {
    const sandbox = await launched;
    expect(sandbox.hasQuota).toBe(true);
    await sandbox.exited;
    const said = sandbox.outputTail();
    await sandbox.close();
    return said;
  }

  const launch = (body: string, change = limits): Promise<string> =>
    saidBy(fixture.launch('fills', `${PREAMBLE}\n${body}`, { limits: change }));

  test('ends at its limit, in many small files, and goes on when some are removed', async () => {
    const said = await launch(`
      const chunk = Buffer.alloc(64 * 1024, 1);
      const full = until((n) => fs.writeFileSync('/lull/work/' + n, chunk));
      for (let n = 0; n < 64; n += 1) fs.rmSync('/lull/work/' + n);
      fs.writeFileSync('/lull/work/after', Buffer.alloc(2 * 1024 * 1024, 1));
      console.error(full);`);
    const [code, count] = said.trim().split(' ');
    expect(code).toBe('ENOSPC');
    expect(Number(count)).toBeGreaterThan(100);
    expect(Number(count)).toBeLessThanOrEqual(128);
    // On the machine's disk it is what it may, and the tables: never gigabytes.
    const kib = Number(
      execFileSync('du', ['-sk', `${fixture.workDir}.img`], { encoding: 'utf8' }).split('\t')[0],
    );
    expect(kib).toBeLessThan(64 * 1024);
  });

  test('has its names, and none of the machine’s', async () => {
    const said = await launch(`
      fs.mkdirSync('/lull/work/a');
      console.error(until((n) => { if (n === 20000) throw { code: 'MANY' }; fs.writeFileSync('/lull/work/a/' + n, ''); }));
      console.error(fs.statfsSync('/lull/work').files);`);
    const [, files] = said.trim().split('\n');
    expect(Number(files)).toBe(262_144);
  });

  test('keeps what is in it from launch to launch and from start to start, also after a kill', async () => {
    await launch(
      `fs.writeFileSync('/lull/work/kept', 'mine'); fs.chmodSync('/lull/work/kept', 0o640)`,
    );
    expect(readFileSync(join(fixture.workDir, 'kept'), 'utf8')).toBe('mine');
    // One that is never closed stands for a plugin-host that died: it leaves it mounted.
    const next = await openRuntime(fixture.root);
    const read = `console.error(fs.readFileSync('/lull/work/kept', 'utf8'), fs.statSync('/lull/work/kept').uid, fs.readdirSync('/lull/work').length)`;
    const again = (id: string) =>
      saidBy(launchScript(next, fixture.root, id, `${PREAMBLE}\n${read}`, { limits }));
    expect(await again('after-kill')).toBe(`mine ${String(fixtureUid)} 2\n`);
    await next.close();
    expect(existsSync(join(fixture.workDir, 'kept'))).toBe(false);
    expect(await launch(read)).toBe(`mine ${String(fixtureUid)} 2\n`);
  });

  test('may grow and shrink with what the manifest asks for', async () => {
    const fill = `console.error(until((n) => fs.writeFileSync('/lull/work/' + n, Buffer.alloc(1024 * 1024, 1))))`;
    expect(await launch(fill)).toMatch(/^ENOSPC [78]\n$/);
    expect(
      await launch(fill.replace("'/lull/work/' +", "'/lull/work/more-' +"), {
        ...limits,
        diskBytesMax: 16 * MIB,
      }),
    ).toMatch(/^ENOSPC [78]\n$/);
    expect(await launch(`console.error(until(() => fs.writeFileSync('/lull/work/no', 'x')))`)).toBe(
      'ENOSPC 0\n',
    );
  });

  test('takes over what was there before it had a bound', async () => {
    mkdirSync(fixture.workDir);
    writeFileSync(join(fixture.workDir, 'old'), 'from before');
    chownSync(join(fixture.workDir, 'old'), fixtureUid, fixtureUid);
    expect(await launch(`console.error(fs.readFileSync('/lull/work/old', 'utf8'))`)).toBe(
      'from before\n',
    );
    expect(readdirSync(fixture.root).filter((name) => name.startsWith('work'))).toEqual([
      'work',
      'work.img',
    ]);
  });

  test('that was damaged begins anew, and says so; one that was cut off is put right', async () => {
    await launch(`fs.writeFileSync('/lull/work/kept', 'mine')`);
    await fixture.runtime.release(fixture.workDir);
    writeFileSync(`${fixture.workDir}.img`, Buffer.alloc(64 * 1024, 0x5a), { flag: 'r+' });
    expect(await launch(`console.error(fs.existsSync('/lull/work/kept'))`)).toBe('false\n');
    // Set aside, for whoever wants to look.
    expect(existsSync(`${fixture.workDir}.img.damaged`)).toBe(true);
  });

  test('on which the operator mounted something is left alone, and has to be watched', async () => {
    mkdirSync(fixture.workDir);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', fixture.workDir]);
    try {
      const sandbox = await fixture.launch('theirs', `process.exit(0)`, { limits });
      expect(sandbox.hasQuota).toBe(false);
      await sandbox.exited;
      await sandbox.close();
      expect(existsSync(`${fixture.workDir}.img`)).toBe(false);
    } finally {
      execFileSync('umount', [fixture.workDir]);
    }
  });
});
