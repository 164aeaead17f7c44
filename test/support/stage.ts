// A stage: one Lull (or what remains of one) in directories of its own, with a policy that waits for
// little and trusts the stage's key. Closing it ends what it started and removes what it made.

import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { followLull, type Follower } from '../../harness/follow.grpc.js';
import { startLull, type RunningLull } from '../../harness/lull.spawn.js';
import { claim } from '../../runtime/claim.fs.js';
import { installApp } from './apps.js';
import { packFixture, type BundleOptions } from './bundle.js';
import { carrierUnderTest } from './carrier.js';
import type { FaultProxy } from './fault-proxy.tcp.js';
import { clearStage, placesOf, STAGE, STAGE_PREFIX } from './cleared.js';
import {
  spawnLull,
  type LullProcess,
  type ProcessOptions,
  type Said,
} from './lull-process.spawn.js';
import { createPublisherKey } from './publisher-key.js';
import { stagePolicy, type PolicyChange } from './policy.js';

/** Tests keep the machine busy; at the lowest priority an updater would hardly start beside them. */
export const besideOthers = ['--priority', 'normal'];

export type FixtureOptions = Partial<Omit<BundleOptions, 'directory'>>;

export interface Stage {
  /** Short: sockets lie below it. */
  readonly directory: string;
  readonly runDir: string;
  readonly stateDir: string;
  readonly policyFile: string;
  /** The machine of a fleet that calls are about; undefined where there is only this one. */
  readonly host: string | undefined;
  /** The key that the policy trusts for publisher "lull" and every dev.lull.* id. */
  readonly keyFile: string;
  /** A trusted publisher "rival" may have the same ids. */
  readonly rivalKeyFile: string;
  /** Before anything is spawned: what carries messages is there. `start` sees to it as well. */
  readonly open: () => Promise<void>;
  /**
   * `lull up` in a process of its own.
   * @param through a command that becomes it.
   * @throws StartError
   */
  start(
    args?: readonly string[],
    env?: ProcessOptions['env'],
    through?: readonly string[],
  ): Promise<RunningLull>;
  /** Of a fleet: a network of its own before the server, for "--nats" of whoever is to be behind it. */
  network(): Promise<FaultProxy>;
  /**
   * Follows the running Lull: from its first journal entry on.
   * @param options.ofAll of a fleet: what holds for all of its machines, and not what is about this one.
   */
  follow(options?: { readonly ofAll?: boolean }): Follower;
  /** `lull …` against this stage, to its end, whatever that is. */
  say(args: readonly string[], options?: ProcessOptions): Promise<Said>;
  /** The same, while it is still going on. */
  spawn(args: readonly string[], options?: ProcessOptions): LullProcess;
  /** A signed bundle of test/fixtures/<name>.ts. @returns the path of the .lull file. */
  bundle(name: string, options?: FixtureOptions): Promise<string>;
  close(): Promise<void>;
}

/** @param options.isFleet its machine is one of a fleet, whatever the other situations are tried with. */
export function openStage(options: { policy?: PolicyChange; isFleet?: boolean } = {}): Stage {
  const directory = mkdtempSync(join(tmpdir(), STAGE_PREFIX));
  const { runDir, stateDir } = placesOf(directory);
  // Whose tests are killed clears nothing away: whoever starts the next ones does. See sweep.ts.
  void claim(directory, STAGE, '');
  const policyFile = join(directory, 'policy.yaml');
  const keyFile = join(directory, 'publisher.pem');
  const rivalKeyFile = join(directory, 'rival.pem');
  const trusted = [createPublisherKey('lull', keyFile), createPublisherKey('rival', rivalKeyFile)];
  writeFileSync(policyFile, stagePolicy(trusted, options.policy));
  const running: RunningLull[] = [];
  const spawned: LullProcess[] = [];
  const followers: Follower[] = [];
  let bundleCount = 0;

  const carrier = carrierUnderTest(options.isFleet);
  const spawn = (args: readonly string[], how: ProcessOptions = {}): LullProcess => {
    const env = { ...(how.env ?? process.env), ...carrier.env };
    const each = spawnLull(['--state', stateDir, '--run', runDir, ...args], { ...how, env });
    spawned.push(each);
    return each;
  };
  return {
    directory,
    runDir,
    stateDir,
    policyFile,
    get host() {
      return carrier.env['LULL_HOST'];
    },
    keyFile,
    rivalKeyFile,
    open: carrier.open,
    start: async (args = [], env = process.env, through = []) => {
      await carrier.open();
      const each = await startLull({
        directory,
        policyFile,
        args: [...besideOthers, ...args],
        env: { ...env, ...carrier.env },
        through,
      });
      running.push(each);
      return each;
    },
    network: carrier.network,
    follow: ({ ofAll = false } = {}) => {
      const host = ofAll ? undefined : carrier.env['LULL_HOST'];
      const follower = followLull(runDir, () => undefined, host);
      followers.push(follower);
      return follower;
    },
    spawn,
    say: (args, how) => spawn(args, how).ended,
    bundle: (name, how = {}) => {
      bundleCount += 1;
      const place = join(directory, `bundle-${String(bundleCount)}`);
      mkdirSync(place);
      return packFixture(name, { keyFiles: [keyFile], ...how, directory: place });
    },
    close: async () => {
      for (const each of followers) each.close();
      for (const each of spawned) each.kill('SIGTERM');
      await Promise.all(spawned.map(({ ended }) => ended));
      await Promise.all(running.map((each) => each.stop()));
      await carrier.close();
      await clearStage(directory);
    },
  };
}

/** Plays on a stage of its own, with an application of version 1.0.0 in `apps`. */
export async function onStage(
  play: (stage: Stage, apps: string) => Promise<void>,
  options: { policy?: PolicyChange } = {},
): Promise<void> {
  const stage = openStage(options);
  try {
    await stage.open();
    await play(stage, installApp(join(stage.directory, 'apps'), '1.0.0'));
  } finally {
    await stage.close();
  }
}
