import { expect } from '@jest/globals';
import type { Fact } from '../../orchestrator/journal/fact.js';
import { figuresOf } from '../../orchestrator/world/figures.js';
import { startCollector } from '../support/collector.http.js';
import { sandboxTest } from '../support/confinement.js';
import { onStage } from '../support/stage.js';
import { enable, ended, factOf, noticed } from '../support/story.js';

/** Of what is over by the time that Lull is stopped: nothing of it is added then. */
const settled = [
  ...['lull.runs.admitted', 'lull.runs.finished', 'lull.run.launch', 'lull.content.installed'],
  ...['lull.pause.reaction', 'lull.run.frozen'],
];

sandboxTest('what a collector was told in figures is what the journal says', async () => {
  const collector = await startCollector();
  try {
    await onStage(async (stage, apps) => {
      const env = { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
      const running = await stage.start([], env);
      const follower = stage.follow();
      await follower.report('away');
      await enable(running, await stage.bundle('program', { behaviour: { stagingMs: 1_000 } }), {
        apps,
      });
      await noticed(follower, 'attempt 1 from step 0');
      await follower.report('engaged');
      await factOf(follower, 'run.paused', 'install');
      await follower.report('away');
      await ended(follower, 'install', 'succeeded');
      await running.stop(); // The last figures are sent at the end.

      const figures = (follower.facts as unknown as Fact[]).flatMap(figuresOf);
      for (const name of settled) {
        const [first, ...rest] = figures.filter((each) => each.name === name);
        expect([name, first?.kind]).toEqual([name, expect.any(String)]);
        const total = [first, ...rest]
          .map((each) => (each?.kind === 'count' ? each.by : 1))
          .reduce((sum, each) => sum + each, 0);
        expect([name, collector.totals.get(name)]).toEqual([name, expect.closeTo(total, 6)]);
      }
    });
  } finally {
    await collector.close();
  }
});
