import { join } from 'node:path';
import { isApp, isPackaged } from '../reading/app.js';
import { flagValue, unknownValue, type Subject } from '../reading/measurement.js';
import { anyProcess, linkAt } from './open-files.js';
import type { Probe } from './probe.js';
import { readText } from './text-file.js';

/** Programs are closed by people, who take seconds. */
const EVERY_MS = 4_900;
export const APPS_MAX = 256;

/** Which of the programs run. */
export function appsProbe(procRoot: string, apps: readonly string[]): Probe {
  const asked = [...new Set(apps)].slice(0, APPS_MAX);
  const subjects = asked.map((app): Subject => ({ signal: 'app.running', instance: app }));
  const anyPackaged = asked.some(isPackaged);
  const source = join(procRoot, '*', 'exe');
  return {
    name: source,
    subjects,
    everyMs: EVERY_MS,
    measure: async () => {
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
      return subjects.map((subject) => {
        const runs = running.has(subject.instance);
        const value = !runs && blind ? unknownValue(why) : flagValue(runs);
        return { ...subject, source, value };
      });
    },
  };
}
