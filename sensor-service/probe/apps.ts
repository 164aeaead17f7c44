import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isApp, isPackaged } from '../reading/app.js';
import {
  flagValue,
  measurement,
  unknownValue,
  type Measurement,
  type Subject,
} from '../reading/measurement.js';
import { FOR_ROOT, type Roots } from './machine-processes.js';
import { anyProcess, linkAt } from './open-files.js';
import type { Probe } from './probe.js';
import { readText } from './text-file.js';

/** Programs are closed by people, who take seconds. */
const EVERY_MS = 4_900;

const OF_OTHERS = `other people's programs are for root to see; ${FOR_ROOT}`;

/** Which of the programs run. @param apps what is looked for now. */
export function appsProbe(roots: Roots, apps: () => readonly string[]): Probe {
  const subjectsOf = (asked: readonly string[]): Subject[] =>
    asked.map((app) => ({ signal: 'app.running', instance: app }));
  const source = join(roots.procRoot, '*', 'exe');
  return {
    name: source,
    get subjects() {
      return subjectsOf(apps());
    },
    everyMs: EVERY_MS,
    measure: async () => {
      const asked = apps();
      if (asked.length === 0) return [];
      const running = new Set<string>();
      // What a packaged program is told by can be read where an executable cannot, and the other way.
      const hidden = { executables: false, groups: false };
      const anyPackaged = asked.some(isPackaged);
      const { unseen } = await anyProcess(roots, (directory) => {
        const exe = linkAt(join(directory, 'exe'));
        const group = anyPackaged ? readText(join(directory, 'cgroup'), '') : undefined;
        const seen = {
          exe: exe.kind === 'leads' ? exe.to : undefined,
          cgroup: group?.kind === 'text' ? group.text : undefined,
        };
        hidden.executables ||= exe.kind === 'not permitted';
        hidden.groups ||= group?.kind === 'missing' && existsSync(directory);
        for (const app of asked) if (isApp(app, seen)) running.add(app);
        return running.size === asked.length;
      });
      const isBlind = (app: string): boolean =>
        unseen !== undefined || (isPackaged(app) ? hidden.groups : hidden.executables);
      const why = unseen ?? OF_OTHERS;
      return subjectsOf(asked).map((subject) => {
        const runs = running.has(subject.instance);
        const value = !runs && isBlind(subject.instance) ? unknownValue(why) : flagValue(runs);
        return measurement(subject, source, value);
      });
    },
  };
}

/** What is said of a program once nobody asks about it. */
export function notLookedFor(app: string): Measurement {
  const value = unknownValue('no update asks about it');
  return { signal: 'app.running', instance: app, source: 'nobody', value };
}
