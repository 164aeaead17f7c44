// kill -9 of the plugin-host and the orchestrator at every step of making an updater's work directory a file
// system of its own, and of taking it up again: nothing that was started for it goes on behind the
// back of who comes next, the run is done under its id, and what was in it is there, and whole.

import { afterAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Fact, Follower } from '../../harness/follow.grpc.js';
import type { RunningLull } from '../../harness/lull.spawn.js';
import { installApp } from '../support/apps.js';
import { quotaTest } from '../support/confinement.js';
import { holdPrograms, type HeldPrograms, type Stand } from '../support/crash/held-program.js';
import { runNow } from '../support/crash/operator.js';
import { leftoversAfterKill, mountsBelow, processesNaming } from '../support/leftovers.js';
import { openStage, type Stage } from '../support/stage.js';
import { auditIsWhole, enable, isLastEnd, outcomeOf } from '../support/story.js';
import { killPart, startPart } from '../support/three-processes.js';
import { until } from '../support/told.js';

type Victim = 'orchestrator' | 'plugin-host';

interface Step {
  readonly program: string;
  readonly stand: Stand;
}

const step = (program: string, ...stands: Stand[]): Step[] =>
  stands.map((stand) => ({ program, stand }));

/** In their order. `mount` is one call of the kernel. */
const making = [
  ...step('mkfs.ext4', 'begins', 'is at work', 'has ended'),
  ...step('mount', 'begins', 'has ended'),
];
const takingUp = [
  ...step('e2fsck', 'begins', 'is at work', 'has ended'),
  ...step('mount', 'begins', 'has ended'),
];

const victims: readonly Victim[] = ['orchestrator', 'plugin-host'];

const policy = { quotas: { runs_per_minute: 64 }, breaker: { failures: 16 } };

/** What came of a case. */
interface Came {
  readonly id: string;
  /** Of the run that was hit. */
  readonly facts: readonly Fact[];
}

/** One Lull of three processes, with an updater for each case. */
class Rig {
  private count = 0;

  private constructor(
    readonly stage: Stage,
    private readonly held: HeldPrograms,
    private readonly parts: Record<Victim | 'sensor-service', RunningLull>,
    private follower: Follower,
  ) {}

  static async open(): Promise<Rig> {
    const stage = openStage({ policy });
    try {
      const programs = [...new Set([...making, ...takingUp].map(({ program }) => program))];
      const held = holdPrograms(programs, join(stage.directory, 'held'), '/plugin-host/updaters/');
      const parts = {
        'sensor-service': await startPart(stage, 'sensor-service'),
        orchestrator: await startPart(stage, 'orchestrator'),
        'plugin-host': await startHost(stage, held),
      };
      const follower = stage.follow();
      await follower.report('away');
      return new Rig(stage, held, parts, follower);
    } catch (error) {
      await stage.close();
      throw error;
    }
  }

  get orchestrator(): RunningLull {
    return this.parts.orchestrator;
  }

  /** Lets an updater be launched that never was, with one of them killed at this step. */
  async make(at: Step, victim: Victim): Promise<Came> {
    this.count += 1;
    const id = this.lastId();
    this.held.hold(at.program, at.stand);
    const file = await this.stage.bundle('program', { id });
    const app = installApp(join(this.stage.directory, id), '2.0.0');
    await enable(this.orchestrator, file, { apps: app });
    return { id, facts: await this.killed(id, at, victim) };
  }

  /** The same of the one that was made last, whose work directory is unmounted with its host. */
  async takeUp(at: Step, victim: Victim): Promise<Came> {
    const id = this.lastId();
    writeFileSync(join(this.workDir(id), 'kept'), id);
    await this.parts['plugin-host'].stop();
    expect(mountsBelow(this.stage.directory)).toEqual([]);
    this.held.hold(at.program, at.stand);
    this.parts['plugin-host'] = await startHost(this.stage, this.held);
    await runNow(this.stage, id);
    return { id, facts: await this.killed(id, at, victim) };
  }

  private lastId(): string {
    return `dev.lull.disk${String(this.count)}`;
  }

  /** @returns the facts of the run that was hit. */
  private async killed(id: string, at: Step, victim: Victim): Promise<readonly Fact[]> {
    const what = `${at.program} ${at.stand}`;
    await until(what, () => (this.held.isHeld() ? true : undefined));
    const endsBefore = this.ends(id).length;
    await killPart(this.parts[victim]);
    if (victim === 'plugin-host') {
      const image = `${this.workDir(id)}.img`;
      await until('the end of what it had started', () => processesNaming(image).length === 0);
      this.parts[victim] = await startHost(this.stage, this.held);
    } else {
      this.parts[victim] = await startPart(this.stage, victim);
      this.follower.close();
      this.follower = this.stage.follow();
    }
    this.held.letGo();
    return this.endOf(id, endsBefore);
  }

  private async endOf(id: string, endsBefore: number): Promise<readonly Fact[]> {
    const end = await until(`the end of a run of ${id}`, () => this.ends(id)[endsBefore]);
    return this.follower.facts.filter(({ runId }) => runId === end.runId);
  }

  private ends(id: string): readonly Fact[] {
    const { facts } = this.follower;
    const isOf = ({ runId }: Fact): boolean =>
      facts.some(
        (fact) => fact.kind === 'run.admitted' && fact.runId === runId && fact['updaterId'] === id,
      );
    return facts.filter((fact) => isLastEnd(fact) && isOf(fact));
  }

  workDir(id: string): string {
    const host = join(this.stage.stateDir, 'plugin-host');
    const uids = new Map(
      JSON.parse(readFileSync(join(host, 'uids.json'), 'utf8')) as [string, number][],
    );
    return join(host, 'updaters', String(uids.get(id)), 'work');
  }

  async stop(): Promise<void> {
    for (const part of ['plugin-host', 'orchestrator', 'sensor-service'] as const) {
      await this.parts[part].stop();
    }
  }

  async close(): Promise<void> {
    this.held.letGo();
    this.follower.close();
    await this.stage.close();
  }
}

function startHost(stage: Stage, { env }: HeldPrograms): Promise<RunningLull> {
  return stage.start(['--only', 'plugin-host'], env);
}

describe('a work directory', () => {
  let opening: Promise<Rig> | undefined;
  const opened = (): Promise<Rig> => (opening ??= Rig.open());

  afterAll(async () => {
    await (await opening)?.close();
  }, 60_000);

  const look = (rig: Rig, { id, facts }: Came): void => {
    const last = facts.findLast(({ kind }) => kind === 'run.finished');
    expect(last && outcomeOf(last)).toMatchObject({ kind: 'succeeded' });
    expect(mountsBelow(rig.workDir(id))).toEqual([rig.workDir(id)]);
  };

  making.forEach((at, index) => {
    const again = takingUp[index] ?? at;
    for (const victim of victims) {
      quotaTest(`is made: ${at.program} ${at.stand}, and the ${victim} is killed`, async () => {
        const rig = await opened();
        look(rig, await rig.make(at, victim));
      });

      const what = `${again.program} ${again.stand}, and the ${victim} is killed`;
      quotaTest(`is taken up: ${what}`, async () => {
        const rig = await opened();
        const came = await rig.takeUp(again, victim);
        look(rig, came);
        expect(readFileSync(join(rig.workDir(came.id), 'kept'), 'utf8')).toBe(came.id);
      });
    }
  });

  quotaTest('in the end each is whole, the journal is, and nothing is left behind', async () => {
    const rig = await opened();
    expect(await auditIsWhole(rig.orchestrator)).toBe(true);
    await rig.stop();
    expect(await leftoversAfterKill(rig.stage)).toEqual([]);
    const updaters = join(rig.stage.stateDir, 'plugin-host/updaters');
    for (const uid of readdirSync(updaters)) {
      expect(readdirSync(join(updaters, uid)).sort()).toEqual(['artifacts', 'work', 'work.img']);
      execFileSync('/sbin/e2fsck', ['-f', '-n', join(updaters, uid, 'work.img')], {
        stdio: 'ignore',
      });
    }
  });
});

test('what is taken up has as many steps as what is made', () => {
  expect(takingUp).toHaveLength(making.length);
});
