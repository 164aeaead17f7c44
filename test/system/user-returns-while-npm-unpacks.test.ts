import { expect } from '@jest/globals';
import { pause } from '../../runtime/deadline.js';
import { sandboxTest } from '../support/confinement.js';
import { noise, onNpmScene, programPackage } from '../support/npm-scene.js';
import { cpuTicks, updaterProcess } from '../support/processes.js';
import { actionOf, ended, factOf } from '../support/story.js';
import { countOf, until } from '../support/told.js';

// Long enough for npm to be found at it, and for a call that was in the kernel to have ended.
const FILE_COUNT = 800;
const SETTLE_MS = 200;
const VISIT_MS = 1_000;

const many = Object.fromEntries(
  Array.from({ length: FILE_COUNT }, (_, at) => [`part-${String(at)}.txt`, noise(2_000)]),
);
const packages = [programPackage('hello', '1.0.0'), programPackage('hello', '2.0.0', many)];

sandboxTest('npm stands still while the person is there, and then the same run finishes', () =>
  onNpmScene({ packages }, async ({ follower, running, stage, add, versionOf }) => {
    await follower.report('away');
    await add();
    const npm = await until('npm at work', () => updaterProcess(stage, /npm(-cli\.js)? ci\b/));
    await follower.report('engaged');
    const paused = await factOf(follower, 'run.paused', 'install');
    expect(paused['reasons']).toEqual(['PERSON_PRESENT']);

    await pause(SETTLE_MS);
    const before = cpuTicks(stage);
    expect([...before.keys()]).toContain(npm);
    await pause(VISIT_MS);
    expect(cpuTicks(stage)).toEqual(before);
    expect(await versionOf('hello')).toBe('1.0.0');

    await follower.report('away');
    const thawed = await factOf(follower, 'run.thawed', 'install');
    expect(thawed.runId).toBe(paused.runId);
    const installed = await ended(follower, 'install', 'more_to_do');
    expect(installed.runId).toBe(paused.runId);
    await ended(follower, 'verify', 'succeeded');
    expect(await versionOf('hello')).toBe('2.0.0');

    const { facts } = follower;
    const installs = facts.filter(
      (fact) => fact.kind === 'run.admitted' && actionOf(facts, fact.runId) === 'install',
    );
    expect(installs.map(({ runId, attempt }) => ({ runId, attempt }))).toEqual([
      { runId: paused.runId, attempt: 1 },
    ]);
    expect(countOf(facts, 'run.paused', paused.runId)).toBe(1);
    const history = JSON.parse(await running.command(['--json', 'history'])) as object[];
    expect(history).toContainEqual(expect.objectContaining({ id: paused.runId, pauseCount: 1 }));
  }),
);
