// Subjects: what could run, gathered from the world. One per updater for its scan, one per update
// for its next action.

import type { ActionName } from '../runs/run.js';
import type { Work } from '../runs/update.js';
import type { Manifest } from '../../bundle/manifest.js';
import type { Run } from '../runs/run.js';
import type { UpdateState, UpdaterState, World } from '../world/world.js';

export interface Subject {
  readonly updater: UpdaterState;
  /** The manifest that an operator accepted; absent until then. */
  readonly manifest?: Manifest;
  readonly action: ActionName;
  readonly work: Work;
  /** Absent for a scan. */
  readonly state?: UpdateState;
  /** A run that has to be taken up again rather than a new one started. */
  readonly interrupted?: Run;
}

/** Every subject that has no run with a slot already. */
export function subjectsOf(world: World): Subject[] {
  const taken = new Map<string, Run>();
  for (const run of world.runs.values()) taken.set(subjectKey(run.updaterId, run.work), run);
  const subjects: Subject[] = [];
  const add = (subject: Omit<Subject, 'interrupted'>): void => {
    const run = taken.get(subjectKey(subject.updater.id, subject.work));
    if (run === undefined) subjects.push(subject);
    else if (run.phase.kind === 'interrupted') subjects.push({ ...subject, interrupted: run });
  };
  for (const updater of world.updaters.values()) {
    const manifest = updater.accepted?.version.manifest;
    const accepted = manifest === undefined ? {} : { manifest };
    add({ updater, ...accepted, action: 'scan', work: { kind: 'scan' } });
  }
  for (const state of world.updates.values()) {
    const updater = world.updaters.get(state.updaterId);
    if (updater === undefined) continue;
    const manifest = updater.accepted?.version.manifest;
    add({
      updater,
      ...(manifest === undefined ? {} : { manifest }),
      action: state.update.nextAction,
      work: { kind: 'perform', update: state.update },
      state,
    });
  }
  return subjects;
}

export function subjectKey(updaterId: string, work: Work): string {
  return work.kind === 'scan' ? updaterId : `${updaterId} ${work.update.id}`;
}
