// The scenes of the demo, in order. Each does something real and checks that it happened.

import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { pause } from '../runtime/deadline.js';
import type { Fact, Follower } from '../harness/follow.grpc.js';
import { lull, type RunningLull } from '../harness/lull.spawn.js';
import { demoPolicy, overrides } from './policy.js';
import { configuredRegistry, installPrograms, oldPrograms, versionOf } from './prefix.spawn.js';
import type { Screen } from './screen.js';

const SCAN_MS_MAX = 60_000;
const STEP_MS_MAX = 120_000;
const ALL_MS_MAX = 170_000;
/** How long the person stays when they come back. */
const VISIT_MS = 3_000;

export interface Places {
  readonly directory: string;
  readonly prefix: string;
  readonly policyFile: string;
  readonly bundleFile: string;
}

export function placesIn(directory: string): Places {
  return {
    directory,
    prefix: join(directory, 'apps'),
    policyFile: join(directory, 'policy.yaml'),
    bundleFile: join(directory, 'npm.lull'),
  };
}

export async function prepare(places: Places, screen: Screen): Promise<Map<string, string>> {
  screen.scene('An application prefix with three programs that are behind');
  const names = oldPrograms.map(({ name, version }) => `${name}@${version}`).join(' ');
  screen.command(`npm install --global --prefix APPS ${names}`);
  await installPrograms(places.prefix);
  const before = await versions(places.prefix);
  for (const [name, version] of before) screen.line('ok', `${name} --version: ${version}`);

  screen.scene('The npm updater as a signed bundle, and a policy that trusts its key');
  const key = join(places.directory, 'publisher.pem');
  const publicKey = (await lull(['bundle', 'key', key])).trim();
  const source = fileURLToPath(new URL('../updaters/npm/', import.meta.url));
  const manifest = join(source, 'manifest.json');
  screen.command('lull bundle pack updaters/npm --key publisher.pem --out npm.lull');
  await lull([
    ...['bundle', 'pack', join(source, 'bundle'), '--manifest', manifest],
    ...['--key', key, '--out', places.bundleFile],
  ]);
  writeFileSync(places.policyFile, demoPolicy(publicKey));
  screen.text('Shortened for the demo:');
  for (const { what, usually, here } of overrides) screen.text(`  ${what}: ${usually} → ${here}`);
  return before;
}

/** Registered while a person is there: nothing runs, and every reason is said. @returns reason codes. */
export async function engaged(
  running: RunningLull,
  follower: Follower,
  places: Places,
  screen: Screen,
): Promise<string[]> {
  screen.scene('A person is at the machine');
  await follower.report('engaged');
  screen.line('person', 'engaged');
  const settings = [`prefix=${places.prefix}`, `registry=${await configuredRegistry()}`];
  screen.command('lull updaters add npm.lull --enable --set prefix=APPS --set registry=…');
  await running.command(['updaters', 'add', places.bundleFile, '--enable', '--set', ...settings]);
  screen.command('lull explain');
  screen.text(await running.command(['explain']));
  const subjects = JSON.parse(await running.command(['--json', 'explain'])) as {
    reasons: { code: string }[];
  }[];
  const codes = [...new Set(subjects.flatMap(({ reasons }) => reasons.map(({ code }) => code)))];
  const ran = follower.facts.some(({ kind }) => kind === 'run.admitted');
  if (ran || !codes.includes('PERSON_PRESENT')) throw new Error('something ran beside a person');
  screen.line('wait', 'nothing runs');
  return codes;
}

/** Away: it scans and works. Back in the middle of an install: frozen. Away again: it goes on. */
export async function awayAndBack(
  follower: Follower,
  screen: Screen,
): Promise<{ latency_ms: number; cpu_ms_while_frozen: number }> {
  screen.scene('The person leaves');
  await follower.report('away');
  screen.line('person', 'away');
  await follower.fact('the scan', ({ kind }) => kind === 'scan.found', SCAN_MS_MAX);
  const started = await startOfInstall(follower);

  await follower.report('engaged');
  screen.clearBar();
  screen.scene('The person comes back in the middle of an installation');
  screen.line('person', 'engaged');
  const paused = await follower.fact('the freeze', ofRun(started, 'run.paused'), STEP_MS_MAX);
  const latencyMs = Number(paused['reactionNs']) / 1e6;
  screen.line(
    'freeze',
    `the plugin-host froze it by itself ${latencyMs.toFixed(2)} ms after the sensor's event`,
  );
  await pause(VISIT_MS);

  screen.scene('The person leaves again');
  await follower.report('away');
  screen.line('person', 'away');
  const thawed = await follower.fact('the thaw', ofRun(started, 'run.thawed'), STEP_MS_MAX);
  const cpuMs = Number(thawed['cpuUsWhileFrozen']) / 1e3;
  const frozenS = (Number(thawed['frozenMs']) / 1e3).toFixed(1);
  screen.line('freeze', `in those ${frozenS} s it used ${cpuMs.toFixed(3)} ms of CPU`);
  return { latency_ms: latencyMs, cpu_ms_while_frozen: cpuMs };
}

export async function untilUpdated(follower: Follower): Promise<void> {
  const done = new Set<string>();
  while (done.size < oldPrograms.length) {
    const verified = await follower.fact('every update', isVerified(follower), ALL_MS_MAX);
    done.add(verified.runId ?? '');
  }
}

export async function proof(
  running: RunningLull,
  places: Places,
  before: ReadonlyMap<string, string>,
  screen: Screen,
) {
  screen.scene('What is there now');
  const after = await versions(places.prefix);
  const updated = [...before].map(([name, from]) => ({ name, from, to: after.get(name) ?? '' }));
  for (const { name, from, to } of updated) {
    if (from === to) throw new Error(`${name} is still at ${from}`);
    screen.line('ok', `${name} --version: ${to} (was ${from})`);
  }
  screen.command('lull history');
  screen.text(await running.command(['history']));
  const runs = JSON.parse(await running.command(['--json', 'history'])) as unknown[];
  screen.command('lull audit verify');
  const audit = JSON.parse(await running.command(['--json', 'audit', 'verify'])) as {
    entryCount: number;
    verified: boolean;
    why: string;
  };
  if (!audit.verified) throw new Error(`the audit does not verify: ${audit.why}`);
  screen.line('ok', `${String(audit.entryCount)} entries, the chain is whole`);
  return { updated, runs, audit: { entries: audit.entryCount, verified: audit.verified } };
}

async function startOfInstall(follower: Follower): Promise<Fact> {
  const installs = new Set<string>();
  return follower.fact(
    'an installation',
    (fact) => {
      const work = fact['work'] as { update?: { nextAction: string } } | undefined;
      if (fact.kind === 'run.admitted' && work?.update?.nextAction === 'install') {
        installs.add(fact.runId ?? '');
      }
      return fact.kind === 'run.started' && installs.has(fact.runId ?? '');
    },
    STEP_MS_MAX,
  );
}

function ofRun(run: Fact, kind: string): (fact: Fact) => boolean {
  return (fact) => fact.kind === kind && fact.runId === run.runId;
}

/** Whether a fact says that a `verify` succeeded; any failure ends the demo. */
function isVerified(follower: Follower): (fact: Fact) => boolean {
  return (fact) => {
    if (fact.kind !== 'run.finished') return false;
    const outcome = fact['outcome'] as { kind: string; message?: string };
    if (outcome.kind === 'failed') throw new Error(outcome.message ?? 'a run failed');
    const admitted = follower.facts.find(
      ({ kind, runId }) => kind === 'run.admitted' && runId === fact.runId,
    );
    const work = admitted?.['work'] as { update?: { nextAction: string } } | undefined;
    return outcome.kind === 'succeeded' && work?.update?.nextAction === 'verify';
  };
}

async function versions(prefix: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const { name } of oldPrograms) found.set(name, await versionOf(prefix, name));
  return found;
}
