// A person comes back while an updater is being started; and what such a launch is known by afterwards.

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../runtime/until.testing.js';
import type { Held, Sandbox } from './sandbox.js';
import { leftovers, openFixture, whyNoSandbox, type SandboxFixture } from './sandbox.testing.js';

const missing = await whyNoSandbox();
const describeHere = missing === undefined ? describe : describe.skip;

describeHere(`a launch${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let fixture: SandboxFixture;

  beforeEach(async () => {
    fixture = await openFixture();
  });
  afterEach(async () => {
    await fixture.close();
    // Who was killed in the middle of its start may wait for its new parent to take note of it.
    await until('nothing is left', () => leftovers(fixture.root).length === 0);
  });

  test('a person who comes while it is being prepared does not see it start, and it starts once they have left', async () => {
    const asked: string[] = [];
    let [frozen, leave] = [true, (): void => undefined];
    const held: Held = {
      get frozen() {
        return frozen;
      },
      thawed: () => {
        asked.push('waits');
        return new Promise((resolve) => (leave = resolve));
      },
      attach: () => {
        asked.push('attached');
      },
    };
    const launching = fixture.launch('held', `process.exit(0)`, {}, held);
    await until('it waits', () => asked.length === 1);
    expect(readdirSync(join(fixture.root, 'run/s/held'))).toContain('config.json');
    expect(existsSync(join(fixture.root, 'run/s/held/pid'))).toBe(false);
    // Gone for a moment, and back before it is the launch's turn.
    leave();
    await until('it waits again', () => asked.length === 2);
    expect(asked).toEqual(['waits', 'waits']);
    frozen = false;
    leave();
    const sandbox = await launching;
    expect((await sandbox.exited).code).toBe(0);
    expect(asked).toEqual(['waits', 'waits', 'attached']);
    await sandbox.close();
  });

  test('one that is frozen while the runtime starts it stands, and goes on when it is thawed', async () => {
    const [heard, held] = attachedTo((sandbox) => {
      sandbox.freeze();
    });
    const launching = fixture.launch('early', `console.error('ran')`, {}, held);
    const sandbox = await heard;
    await until('somebody is in its group', () => sandbox.isStill());
    await sleep(200);
    expect(sandbox.outputTail()).toBe('');
    sandbox.thaw();
    expect(await launching).toBe(sandbox);
    await sandbox.exited;
    expect(sandbox.outputTail()).toBe('ran\n');
    await sandbox.close();
  });

  test('one that is given up while it stands so leaves nothing', async () => {
    const over = new AbortController();
    const [heard, held] = attachedTo((sandbox) => {
      sandbox.freeze();
    });
    const launching = fixture.launch('early', `console.error('it ran')`, {}, held, over.signal);
    const sandbox = await heard;
    await until('somebody is in its group', () => sandbox.isStill());
    over.abort();
    await expect(launching).rejects.toMatchObject({ code: 'CANCELLED' });
    // What the runtime says of its end is there; nothing of the updater.
    expect(sandbox.outputTail()).not.toContain('it ran');
  });

  test('launches that are confined alike have one digest', async () => {
    const digests: string[] = [];
    for (const [token, memoryBytesMax] of [
      ['one', 256],
      ['other', 256],
      ['third', 300],
    ] as const) {
      const env = new Map([['LULL_TOKEN', token]]);
      const limits = {
        memoryBytesMax: memoryBytesMax * 2 ** 20,
        processesMax: 8,
        diskBytesMax: 1e8,
      };
      const bundle = { bundleDir: join(fixture.root, 'bundle-alike'), env, limits };
      const sandbox = await fixture.launch(digests.length === 0 ? 'alike' : 'a', '', bundle);
      digests.push(sandbox.configSha256);
      await sandbox.exited;
      await sandbox.close();
    }
    expect(digests[1]).toBe(digests[0]);
    expect(digests[2]).not.toBe(digests[0]);
  });
});

/** What holds a launch, and does so much with its sandbox in the step in which it is started. */
function attachedTo(act: (sandbox: Sandbox) => void): [Promise<Sandbox>, Held] {
  let tell: (sandbox: Sandbox) => void = () => undefined;
  const heard = new Promise<Sandbox>((resolve) => (tell = resolve));
  const attach = (sandbox: Sandbox): void => {
    act(sandbox);
    tell(sandbox);
  };
  return [heard, { frozen: false, thawed: () => Promise.resolve(), attach }];
}
