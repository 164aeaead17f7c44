// The `command` updater with a shell script as its tool, which lies in the bundle and writes a database of its
// own, record by record, from a server that it reaches through the proxy. Somebody comes in the middle of it.

import { expect } from '@jest/globals';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { lull } from '../../harness/lull.spawn.js';
import { pause } from '../../runtime/deadline.js';
import { repositoryRoot } from '../architecture/tree.fs.js';
import { shellTest } from '../support/confinement.js';
import { leftovers } from '../support/leftovers.js';
import { cpuTicks, isFrozen } from '../support/processes.js';
import { onStage, type Stage } from '../support/stage.js';
import { auditIsWhole, enable, ended, factOf, noticed } from '../support/story.js';
import { until } from '../support/told.js';

const VISIT_MS = 500;
const RECORDS = ['one', 'two', 'three'];
const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

const tool = `#!/bin/sh
set -eu
get() { curl -fsS "$LULL_SETTING_SERVER/$1" || exit 69; }
case $1 in
offers) echo lull-tool 1 install verify ;;
scan)
  (echo >"$LULL_ROOT/by-scan") 2>/dev/null && exit 1
  latest=$(get latest)
  [ "$(cat "$LULL_ROOT/version")" = "$latest" ] ||
    printf 'db\\t%s\\tfrom=%s\\n' "$latest" "$(cat "$LULL_ROOT/version")"
  ;;
install)
  setsid sleep 1000 &
  : >"$LULL_ROOT/db.next"
  for record in ${RECORDS.join(' ')}; do
    echo "fetching $record"
    get "$record" >>"$LULL_ROOT/db.next"
  done
  mv "$LULL_ROOT/db.next" "$LULL_ROOT/db"
  echo "$3" >"$LULL_ROOT/version"
  ;;
verify) grep -q three "$LULL_ROOT/db" ;;
esac
`;

/** Serves records; the second one not before it is told to. */
async function startServer() {
  let held: ServerResponse | undefined;
  const server = createServer((request, response) => {
    const name = (request.url ?? '').slice(1);
    if (name === 'two') held = response;
    else response.end(name === 'latest' ? '2' : `${name}\n`);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    isHeld: () => held !== undefined,
    letGo: () => held?.end('two\n'),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** As README.md says it, but for the hour between two scans, which nobody who tests has. */
async function packWith(stage: Stage, script: string): Promise<string> {
  const place = join(stage.directory, 'command');
  const bundler = join(repositoryRoot(), 'updaters/bundle.mjs');
  await promisify(execFile)(process.execPath, [bundler, 'command', place]);
  writeFileSync(join(place, 'bundle/tool'), script, { mode: 0o755 });
  const manifest = join(place, 'manifest.json');
  const published = JSON.parse(readFileSync(manifest, 'utf8')) as object;
  writeFileSync(manifest, JSON.stringify({ ...published, scan: { sla_h: 22, floor_h: 0 } }));
  const out = join(place, 'command.lull');
  const how = ['--manifest', manifest, '--key', stage.keyFile, '--out', out];
  await lull(['bundle', 'pack', join(place, 'bundle'), ...how]);
  return out;
}

shellTest('a script in the bundle stands still, goes on, and all it changed is told', () =>
  onStage(async (stage) => {
    const server = await startServer();
    try {
      const root = join(stage.directory, 'database');
      mkdirSync(root);
      writeFileSync(join(root, 'version'), '1\n');
      const running = await stage.start();
      const follower = stage.follow();
      const bundle = await packWith(stage, tool);
      await enable(running, bundle, { root, server: server.url, tool: '/lull/bundle/tool' });
      await follower.report('away');

      await until('the second record is asked for', () => server.isHeld() || undefined);
      await follower.report('engaged');
      const paused = await factOf(follower, 'run.paused', 'install');
      await until('it stands still', () => isFrozen(stage) || undefined);
      const before = cpuTicks(stage);
      expect(before.size).toBeGreaterThan(2); // The updater, the shell, curl.
      server.letGo();
      await pause(VISIT_MS);
      expect(cpuTicks(stage)).toEqual(before);
      expect(readFileSync(join(root, 'db.next'), 'utf8')).toBe('one\n');

      await follower.report('away');
      expect((await factOf(follower, 'run.thawed', 'install')).runId).toBe(paused.runId);
      // Also what had made itself a session of its own.
      await noticed(follower, 'install: what the tool left running was ended');
      expect((await ended(follower, 'install', 'more_to_do')).runId).toBe(paused.runId);
      await ended(follower, 'verify', 'succeeded');

      expect(readdirSync(root).sort()).toEqual(['db', 'version']);
      const text = RECORDS.map((record) => `${record}\n`).join('');
      expect(readFileSync(join(root, 'db'), 'utf8')).toBe(text);
      const { facts } = follower;
      expect(facts.filter(({ kind }) => kind === 'root.changed')).toMatchObject([
        {
          ...{ runId: paused.runId, root: 'root', path: root },
          changes: [
            { path: 'db', beforeSha256: '', afterSha256: digestOf(text) },
            { path: 'version', beforeSha256: digestOf('1\n'), afterSha256: digestOf('2\n') },
          ],
        },
      ]);
      const { hostname, port } = new URL(server.url);
      const seen = { runId: paused.runId, host: hostname, port: Number(port), allowed: true };
      expect(facts).toContainEqual(expect.objectContaining({ kind: 'egress.seen', ...seen }));
      expect(await auditIsWhole(running)).toBe(true);
      await running.stop();
      expect(leftovers(stage)).toEqual([]);
    } finally {
      await server.close();
    }
  }),
);
