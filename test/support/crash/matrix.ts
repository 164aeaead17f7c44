// One Lull of three processes, in which one after another is killed -9 and started again, while
// updates of two applications go on. A set-up of its own for each case would take minutes.

import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Action } from '../../../bundle/manifest.js';
import type { Fact, Follower } from '../../../harness/follow.grpc.js';
import type { RunningLull } from '../../../harness/lull.spawn.js';
import type { ActionName } from '../../../orchestrator/runs/run.js';
import type { SteppingPlan } from '../../fixtures/stepping.js';
import { installApp, versionOfApp } from '../apps.js';
import { updaterProcesses } from '../leftovers.js';
import { startHaltingSource, type HaltingSource } from '../source.http.js';
import { openStage, type Stage } from '../stage.js';
import { isFrozen } from '../processes.js';
import { actionOf, enable, isLastEnd } from '../story.js';
import { killPart, startPart } from '../three-processes.js';
import { until } from '../told.js';
import type { Boundary, Case, Victim } from './boundary.js';
import { makeReadingLong, makeReadingShort } from './long-read.js';
import { answers, runNow } from './operator.js';

/** Their updates come by turns, so that neither starts more runs in a minute than policy can allow. */
const APPS = 2;
const policy = {
  // A section would wait for a longer absence; this one may last until a killed part is back.
  quiet_chance: { normal: 0, due: 0, overdue: 0 },
  quotas: { runs_per_minute: 64 },
  // Updaters are killed a dozen times, which says nothing of them.
  breaker: { failures: 16 },
};
/** A part that was killed is back long before. */
const SECTION_S_MAX = 60;

/** What came of a case. */
export interface Aftermath {
  /** What the installed program said while the victim was dead. */
  readonly said: string;
  /** Every fact of the run that was hit. */
  readonly facts: readonly Fact[];
}

/** An update that is offered. */
export interface Offered {
  /** Versions: what is installed, and what is offered. */
  readonly before: string;
  readonly after: string;
}

/** What the updaters of a matrix declare, and how an update of theirs goes on. */
export interface Declared {
  readonly actions: readonly Action[];
  /** What is done first of an update. */
  readonly first: SteppingPlan['first'];
  /** Whether an update does, once it is installed. */
  readonly works: boolean;
}

export async function openCrashMatrix(declared: Declared): Promise<CrashMatrix> {
  const stage = openStage({ policy });
  const source = await startHaltingSource((path) => Buffer.alloc(100_000, path));
  try {
    return await CrashMatrix.open(stage, source, declared);
  } catch (error) {
    await stage.close();
    await source.close();
    throw error;
  }
}

const idOf = (app: number): string => `dev.lull.stepping${String(app)}`;

export class CrashMatrix {
  private follower: Follower;
  private app = 0;
  private updateCount = 0;
  /** Facts that were there before the present update. */
  private factsBefore = 0;

  private constructor(
    readonly stage: Stage,
    private readonly source: HaltingSource,
    private readonly declared: Declared,
    private readonly sensors: RunningLull,
    private readonly parts: { orchestrator: RunningLull; 'plugin-host': RunningLull },
  ) {
    this.follower = stage.follow();
  }

  static async open(stage: Stage, source: HaltingSource, declared: Declared): Promise<CrashMatrix> {
    const sensors = await startPart(stage, 'sensor-service');
    const orchestrator = await startPart(stage, 'orchestrator');
    const host = await startPart(stage, 'plugin-host');
    const parts = { orchestrator, 'plugin-host': host };
    const rig = new CrashMatrix(stage, source, declared, sensors, parts);
    const apps = Array.from({ length: APPS }, (_, app) => app);
    await Promise.all(apps.map((app) => rig.register(app)));
    await rig.follower.report('away');
    // Each has looked once, and found nothing: now it has a work directory.
    await until('the first scans', () =>
      rig.follower.facts.filter(isLastEnd).length >= APPS ? true : undefined,
    );
    return rig;
  }

  get orchestrator(): RunningLull {
    return this.parts.orchestrator;
  }

  private async register(app: number): Promise<void> {
    const { stage, source, declared } = this;
    const apps = installApp(join(stage.directory, `app-${String(app)}`), '1.0.0');
    const settings = [
      { name: 'apps', kind: 'path', why: 'the application that is kept up to date' },
      { name: 'source', kind: 'url', why: 'where it comes from' },
    ];
    const manifest = {
      ...{ settings, fetch: ['{source}'], critical_max_s: SECTION_S_MAX },
      actions: declared.actions,
    };
    const file = await stage.bundle('stepping', { id: idOf(app), manifest });
    await enable(this.orchestrator, file, { apps, source: source.url });
  }

  /** Begins the next update, whose course has these boundaries. */
  async begin(boundaries: readonly Boundary[]): Promise<Offered> {
    this.app = this.updateCount % APPS;
    this.updateCount += 1;
    const before = await versionOfApp(this.appDir());
    const after = `${String(this.updateCount + 1)}.0.0`;
    for (const name of readdirSync(this.workDir())) {
      if (/^(?:at|go)-/.test(name)) rmSync(join(this.workDir(), name));
    }
    const plan: SteppingPlan = {
      to: after,
      halts: boundaries.flatMap(({ halt }) => halt ?? []),
      first: this.declared.first,
      works: this.declared.works,
      download: this.source.file(`${idOf(this.app)}/${after}`),
    };
    this.source.halt(boundaries.some(({ halfSent }) => halfSent === true));
    if (boundaries.some(({ reading }) => reading === true)) makeReadingLong(this.appDir());
    writeFileSync(join(this.workDir(), 'plan.json'), JSON.stringify(plan));
    this.factsBefore = this.follower.facts.length;
    await runNow(this.stage, idOf(this.app));
    return { before, after };
  }

  /** Waits for the boundary, kills, looks, starts again, and waits for the end of the run. */
  async kill({ boundary, victim }: Case): Promise<Aftermath> {
    const runId = await this.reach(boundary);
    await this.fell(victim);
    const said = await versionOfApp(this.appDir());
    await this.raise(victim);
    this.letGo(boundary);
    if (boundary.person === 'has come back') await this.follower.report('away');
    const facts = await until(`the end after: ${boundary.action}, ${boundary.when}`, () => {
      const all = this.news().filter((fact) => fact.runId === runId);
      return all.some(isLastEnd) ? all : undefined;
    });
    return { said, facts };
  }

  /** Waits for the end of the update's last action; answers what the program says then. */
  async end(last: ActionName): Promise<string> {
    await until('the end of the update', () =>
      this.news().some((fact) => isLastEnd(fact) && this.is(fact.runId, last)) ? true : undefined,
    );
    await answers(this.stage);
    return versionOfApp(this.appDir());
  }

  /** @returns the id of the run that is there. */
  private async reach(boundary: Boundary): Promise<string> {
    const { action, when, fact, halt, halfSent, person, lingers } = boundary;
    const what = `${action}, ${when}`;
    const runId = await until(what, () => {
      const admitted = ({ kind, runId }: Fact): boolean =>
        kind === 'run.admitted' && this.is(runId, action);
      return this.news().find(admitted)?.runId;
    });
    if (halfSent === true) await this.source.halted();
    if (halt !== undefined) {
      await until(what, () => (existsSync(this.mark('at', halt)) ? true : undefined));
    }
    if (person !== undefined) {
      await this.follower.report('engaged');
      if (person === 'has come back and left') {
        await this.told('run.paused', runId);
        await this.follower.report('away');
      }
    }
    if (fact !== undefined) await this.told(fact, runId);
    if (lingers === true) await until(what, () => (isFrozen(this.stage) ? true : undefined));
    return runId;
  }

  private async fell(victim: Victim): Promise<void> {
    if (victim !== 'updater') {
      await killPart(this.parts[victim]);
      return;
    }
    for (const pid of updaterProcesses(this.stage)) process.kill(pid, 'SIGKILL');
  }

  private async raise(victim: Victim): Promise<void> {
    if (victim === 'updater') return;
    this.parts[victim] = await startPart(this.stage, victim);
    if (victim !== 'orchestrator') return;
    this.follower.close();
    this.follower = this.stage.follow();
  }

  /** What survived goes on. */
  private letGo({ halt, halfSent, reading }: Boundary): void {
    if (halt !== undefined) writeFileSync(this.mark('go', halt), '');
    if (halfSent === true) this.source.goOn();
    if (reading === true) makeReadingShort(this.appDir());
  }

  private news(): readonly Fact[] {
    return this.follower.facts.slice(this.factsBefore);
  }

  private async told(kind: string, runId: string): Promise<void> {
    await until(kind, () =>
      this.news().some((fact) => fact.kind === kind && fact.runId === runId) ? true : undefined,
    );
  }

  private is(runId: string | undefined, action: string): boolean {
    return actionOf(this.follower.facts, runId) === action;
  }

  private appDir(): string {
    return join(this.stage.directory, `app-${String(this.app)}`);
  }

  /** As the plugin-host names it: by the uid, in the order of the first launches. */
  private workDir(): string {
    const host = join(this.stage.stateDir, 'plugin-host');
    const uids = new Map(
      JSON.parse(readFileSync(join(host, 'uids.json'), 'utf8')) as [string, number][],
    );
    return join(host, 'updaters', String(uids.get(idOf(this.app))), 'work');
  }

  private mark(which: 'at' | 'go', step: string): string {
    return join(this.workDir(), `${which}-${step.replaceAll(' ', '-')}`);
  }

  /** Ends the three processes as an operator does. */
  async stop(): Promise<void> {
    for (const part of [this.parts['plugin-host'], this.parts.orchestrator, this.sensors]) {
      await part.stop();
    }
  }

  async close(): Promise<void> {
    this.follower.close();
    await this.stage.close();
    await this.source.close();
  }
}
