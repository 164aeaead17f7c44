// Lull is started where a Lull is, or was: a living one is left in peace, a dead one taken over from.

import { expect } from '@jest/globals';
import { versionOfApp } from '../support/apps.js';
import { sandboxTest } from '../support/confinement.js';
import { leftovers, leftoversAfterKill } from '../support/leftovers.js';
import { onStage } from '../support/stage.js';
import { auditIsWhole, enable, ended } from '../support/story.js';

const ROUNDS = 3;

for (const parts of [
  ['sensor-service', 'orchestrator', 'plugin-host'],
  ['sensor-service'],
  ['orchestrator'],
  ['plugin-host'],
]) {
  sandboxTest(`beside a living one, ${parts.join(', ')}: refused, and the first is unharmed`, () =>
    onStage(async (stage, apps) => {
      const running = await stage.start();
      const follower = stage.follow();
      const up = ['up', '--policy', stage.policyFile, '--only', ...parts];
      const second = await stage.say(up);
      expect(second).toMatchObject({ code: 1, stdout: '' });
      expect(second.stderr.trimEnd().split('\n')).toEqual([
        expect.stringMatching(/^lull: .* is in use by a running Lull .*--run\.$/),
      ]);
      expect(second.stderr).toContain(String(running.pid));

      await enable(running, await stage.bundle('program'), { apps });
      await follower.report('away');
      await ended(follower, 'install', 'succeeded');
      expect(await versionOfApp(apps)).toBe('2.0.0');
      await running.stop();
      expect(leftovers(stage)).toEqual([]);
    }),
  );
}

sandboxTest('with other sockets and the same state: refused before it touches the journal', () =>
  onStage(async (stage) => {
    const running = await stage.start();
    const elsewhere = ['--run', `${stage.directory}/elsewhere`];
    const second = await stage.say([...elsewhere, 'up', '--policy', stage.policyFile]);
    expect(second).toMatchObject({ code: 1, stdout: '' });
    expect(second.stderr).toContain(`${stage.stateDir} is in use by a running Lull`);
    expect(second.stderr).toContain('--state');
    expect(await auditIsWhole(running)).toBe(true);
    await running.stop();
    expect(leftovers(stage)).toEqual([]);
  }),
);

sandboxTest('after one that was killed -9: taken over, with its journal', () =>
  onStage(async (stage, apps) => {
    const first = await stage.start();
    await enable(first, await stage.bundle('program'), { apps });
    process.kill(first.pid, 'SIGKILL');
    await first.exited;
    // Its sockets are still there; of a fleet it has none for the link.
    const sockets = leftovers(stage).filter((each) => each.startsWith('socket'));
    expect(sockets).toHaveLength(stage.host === undefined ? 3 : 2);

    const second = await stage.start();
    const follower = stage.follow();
    await follower.report('away');
    await ended(follower, 'install', 'succeeded');
    expect(await versionOfApp(apps)).toBe('2.0.0');
    expect(await auditIsWhole(second)).toBe(true);
    await second.stop();
    expect(await leftoversAfterKill(stage)).toEqual([]);
  }),
);

sandboxTest('two at once after one that was killed -9: exactly one of them is up', () =>
  onStage(async (stage) => {
    const first = await stage.start();
    process.kill(first.pid, 'SIGKILL');
    await first.exited;
    for (let round = 1; round <= ROUNDS; round += 1) {
      const up = ['up', '--policy', stage.policyFile];
      const both = [stage.spawn(up), stage.spawn(up)];
      const isUp = await Promise.all(both.map((each) => each.said(' is up')));
      expect(isUp.filter(Boolean)).toHaveLength(1);
      const [winner, loser] = isUp[0] === true ? both : [...both].reverse();
      const refused = await loser?.ended;
      expect(refused).toMatchObject({ code: 1, stdout: '' });
      expect(refused?.stderr).toContain('is in use by a running Lull');
      expect(JSON.parse((await stage.say(['--json', 'audit', 'verify'])).stdout)).toMatchObject({
        verified: true,
      });
      // The next round finds a dead one again.
      winner?.kill('SIGKILL');
      await winner?.ended;
    }
    await (await stage.start()).stop();
    expect(await leftoversAfterKill(stage)).toEqual([]);
  }),
);
