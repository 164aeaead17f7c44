import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isApp, isPackaged } from '../reading/app.js';
import { flagValue, unknownValue, type Measurement, type Subject } from '../reading/measurement.js';
import { anyProcess, linkAt } from './open-files.js';
import type { Probe } from './probe.js';
import { readText } from './text-file.js';

/** Programs are closed by people, who take seconds. */
const EVERY_MS = 4_900;

const FOR_ROOT = "other people's programs are for root to see; run the sensor-service as root";
const NOT_ALL = 'not every process is shown here; run the sensor-service as root';

/** Which of the programs run. @param apps what is looked for now. */
export function appsProbe(procRoot: string, apps: () => readonly string[]): Probe {
  const subjectsOf = (asked: readonly string[]): Subject[] =>
    asked.map((app) => ({ signal: 'app.running', instance: app }));
  const source = join(procRoot, '*', 'exe');
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
      const { whole } = await anyProcess(procRoot, (directory) => {
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
        !whole || (isPackaged(app) ? hidden.groups : hidden.executables);
      const why = whole ? FOR_ROOT : NOT_ALL;
      return subjectsOf(asked).map((subject) => {
        const runs = running.has(subject.instance);
        const value = !runs && isBlind(subject.instance) ? unknownValue(why) : flagValue(runs);
        return { ...subject, source, value };
      });
    },
  };
}

/** What is said of a program once nobody asks about it. */
export function notLookedFor(app: string): Measurement {
  const value = unknownValue('no update asks about it');
  return { signal: 'app.running', instance: app, source: 'nobody', value };
}
