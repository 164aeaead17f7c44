// An updater that sends bytes which are no UTF-8 where the contract has text (T17), over the real
// channel: what names something is refused, what is for people is replaced, and whoever reads the
// journal, the log or an answer of `lull` reads text that no terminal obeys.

import { expect } from '@jest/globals';
import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import type { RunningLull } from '../../harness/lull.spawn.js';
import { versionOfApp } from '../support/apps.js';
import { sandboxTest } from '../support/confinement.js';
import { onStage } from '../support/stage.js';
import { auditIsWhole, enable, ended, outcomeOf } from '../support/story.js';
import { countOf } from '../support/told.js';

/** Control characters, also of eight bits, and halves of characters. */
const obeyed = /(?!\n)[\p{Cc}\p{Cs}]/u;
const DISPLAYS = [['status'], ['explain'], ['forecast'], ['history'], ['audit', 'log']];

sandboxTest('one whose words are no text: refused or replaced, and never obeyed', () =>
  onStage(async (stage, apps) => {
    const running = await stage.start();
    const follower = stage.follow();
    await follower.report('away');
    const manifest = { critical_max_s: 5 };
    const behaviour = { garbles: 'words' };
    await enable(running, await stage.bundle('garbling', { manifest, behaviour }), { apps });
    const failed = await ended(follower, 'install', 'failed');

    const saidIn = (kind: string, name: string): unknown[] =>
      follower.facts.filter((fact) => fact.kind === kind).map((fact) => fact[name]);
    expect(saidIn('run.notice', 'message')).toEqual([expect.stringMatching(/^it says \ufffd+/)]);
    const section = expect.stringMatching(/^enters \ufffd+/);
    expect(saidIn('critical.changed', 'why')).toEqual([section, '']);
    const [found] = follower.facts.filter(({ kind }) => kind === 'scan.found');
    expect(found?.['updates']).toEqual([
      expect.objectContaining({ id: 'hello', title: expect.stringMatching(/^hello \ufffd+/) }),
    ]);
    expect(outcomeOf(failed)).toMatchObject({
      code: 'UPDATER_ERROR',
      message: expect.stringContaining('no reason in UPPER_SNAKE_CASE: it failed \ufffd'),
    });
    for (const fact of follower.facts) expect(obeyed.exec(leaves(fact))?.[0]).toBeUndefined();

    const shown = [...DISPLAYS, ['history', String(failed.runId)]];
    await expectReadable(running, shown);
    expect(await versionOfApp(apps)).toBe('1.0.0');
    await running.stop();
    const log = readFileSync(running.logFile);
    expect([isUtf8(log), obeyed.exec(log.toString())?.[0]]).toEqual([true, undefined]);
    expect(log.toString()).toContain('logs \ufffd');

    // Whoever comes after it reads the same journal.
    const next = await stage.start();
    await expectReadable(next, shown);
  }),
);

sandboxTest('one whose update has a name that is no text: the scan is refused as a whole', () =>
  onStage(async (stage, apps) => {
    const running = await stage.start();
    const follower = stage.follow();
    await follower.report('away');
    const behaviour = { garbles: 'names' };
    await enable(running, await stage.bundle('garbling', { behaviour }), { apps });
    const failed = await ended(follower, 'scan', 'failed');
    expect(outcomeOf(failed)).toMatchObject({
      code: 'CONTRACT_BROKEN',
      message: expect.stringContaining('its id is not'),
    });
    expect(countOf(follower.facts, 'scan.found')).toBe(0);
    await expectReadable(running, DISPLAYS);
  }),
);

async function expectReadable(running: RunningLull, shown: readonly string[][]): Promise<void> {
  for (const words of shown) {
    for (const text of [
      await running.command(words),
      await running.command(['--json', ...words]),
    ]) {
      expect([words, obeyed.exec(text)?.[0]]).toEqual([words, undefined]);
    }
  }
  expect(await auditIsWhole(running)).toBe(true);
}

/** Its texts, which JSON would have escaped. */
function leaves(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.values(value).map(leaves).join(' ');
}
