// The demo: Lull's main job on real input, from an empty folder to verified updates.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { followLull, type Follower } from '../harness/follow.grpc.js';
import { startLull, type RunningLull } from '../harness/lull.spawn.js';
import { narrate, type RunNames } from './narrate.js';
import { awayAndBack, engaged, placesIn, prepare, proof, untilUpdated } from './scenes.js';
import { openScreen } from './screen.js';

const resultFile = fileFor(process.argv.slice(2));
const screen = openScreen(process.stdout);
const places = placesIn(mkdtempSync(join(tmpdir(), 'lull-demo-')));
let starting: Promise<RunningLull> | undefined;
let follower: Follower | undefined;
let cleaned: Promise<void> | undefined;

/** Nothing of the demo stays: no process, no socket, no directory. */
function clean(): Promise<void> {
  cleaned ??= (async () => {
    screen.clearBar();
    follower?.close();
    // One that did not start has said so to whoever waits for it.
    const lull = await starting?.catch(() => undefined);
    await lull?.stop();
    // What was cut off may still be writing.
    rmSync(places.directory, { recursive: true, force: true, maxRetries: 5 });
  })();
  return cleaned;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (cleaned !== undefined) return; // Told twice: by the terminal, and by whoever started us.
    screen.line('wait', 'interrupted: stopping, and clearing up');
    void clean().finally(() => process.exit(130));
  });
}

try {
  const before = await prepare(places, screen);
  screen.scene('Lull: three services in one process');
  screen.command('lull up --policy policy.yaml');
  // In a session for itself: a Ctrl-C is for the demo, which stops it once, in order.
  starting = startLull({ ...places, ownSession: true });
  const running = await starting;
  await cleaned; // Interrupted meanwhile: ends with the process.
  screen.line('ok', 'up: sensor-service, orchestrator, plugin-host');
  const names: RunNames = new Map();
  follower = followLull(running.runDir, (happening) => {
    if (happening.kind === 'fact') narrate(happening.fact, names, screen);
    else screen.bar(names.get(happening.runId) ?? '', happening.fraction, happening.step);
  });

  const reasons = await engaged(running, follower, places, screen);
  const freeze = await awayAndBack(follower, screen);
  await untilUpdated(follower);
  const result = await proof(running, places, before, screen);

  if (resultFile !== undefined) {
    const { updated, runs, audit } = result;
    writeFileSync(
      resultFile,
      `${JSON.stringify({ updated, reasons, freeze, runs, audit }, null, 2)}\n`,
    );
  }
  screen.scene('Done: updated while nobody was looking, and it can be proved.');
} catch (error) {
  await cleaned; // What an interruption cut off is no failure.
  screen.clearBar();
  process.stderr.write(`\ndemo: ${(error as Error).message}\n`);
  // A machine on battery, with music on, or too hot is left alone in the demo too.
  const lull = await starting?.catch(() => undefined);
  const waiting = await lull?.command(['explain']).catch(() => undefined);
  if (waiting !== undefined) process.stderr.write(`What stands in the way:\n${waiting}`);
  process.exitCode = 1;
} finally {
  await clean();
}

/** Where the result is written, as JSON; undefined: nowhere. */
function fileFor(args: readonly string[]): string | undefined {
  try {
    return parseArgs({ args: [...args], options: { json: { type: 'string' } } }).values.json;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\nnpm run demo [-- --json FILE]\n`);
    process.exit(2);
  }
}
