import { join } from 'node:path';
import { isApp, isPackaged } from '../reading/app.js';
import { flagValue, unknownValue, type Measurement, type Subject } from '../reading/measurement.js';
import { anyProcess, linkAt } from './open-files.js';
import type { Probe } from './probe.js';
import { readText } from './text-file.js';

/** Programs are closed by people, who take seconds. */
const EVERY_MS = 4_900;

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
      const anyPackaged = asked.some(isPackaged);
      const running = new Set<string>();
      const hidden = new Set<string>();
      await anyProcess(procRoot, (directory) => {
        const exe = linkAt(join(directory, 'exe'));
        const group = anyPackaged ? readText(join(directory, 'cgroup'), '') : undefined;
        const cgroup = group?.kind === 'text' ? group.text : undefined;
        if (exe === undefined && cgroup === undefined) hidden.add(directory);
        for (const app of asked) if (isApp(app, { exe, cgroup })) running.add(app);
        return running.size === asked.length;
      });
      // A kernel thread has no executable either, so that this can only be told by who asks.
      const blind = hidden.size > 0 && process.getuid?.() !== 0;
      const why = "other people's programs are for root to see; run the sensor-service as root";
      return subjectsOf(asked).map((subject) => {
        const runs = running.has(subject.instance);
        const value = !runs && blind ? unknownValue(why) : flagValue(runs);
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
