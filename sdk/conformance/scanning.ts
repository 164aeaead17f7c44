// Clauses about Scan.

import type { Action, Update } from '../../proto/gen/lull/updater/v1/updater.js';
import { actionFromWire } from '../../proto/wire/action.js';
import type { EgressFault } from '../testing/connect.proxy.js';
import { wordsOf } from './answer.js';
import { hold, Inapplicable, manifest, update, type Clause } from './clause.js';
import type { Scene } from './scene.js';
import type { Trial } from './trial.js';

const LONGEST_RUN_ID = 'r'.repeat(64);
const SCAN_MS_MAX = 120_000;
const CUTS = 5;
const faults: readonly EgressFault[] = ['down', 'cut', 'elsewhere', 'endless', 404, 500];

export const scanning: readonly Clause[] = [
  {
    id: 'scan.valid',
    says: 'Streams the full current set of updates, each with an id, a title, a to_version and a next_action, within their limits.',
    try: async (trial) => {
      const problem = trial.judges.scan(await found(trial));
      hold(problem === undefined, `Lull would refuse it: ${problem ?? ''}`);
    },
  },
  {
    id: 'scan.ids',
    says: 'id: stable from scan to scan, unique within the updater.',
    try: async (trial) => {
      const scene = await trial.open();
      const [first, second] = [await scene.found(), await scene.found()];
      scene.retire();
      const third = await scene.found();
      const ids = first.map(({ id }) => id);
      hold(new Set(ids).size === ids.length, `an id is there twice: ${ids.join(', ')}`);
      for (const again of [second, third]) {
        hold(
          textOf(again) === textOf(first),
          `it found ${textOf(first)}, and then ${textOf(again)}`,
        );
      }
    },
  },
  {
    id: 'scan.declared',
    says: 'next_action: the action that the host should ask for next. What the manifest does not declare is not asked for.',
    needs: [manifest, update],
    try: async (trial) => {
      for (const { id, nextAction } of await found(trial)) requireDeclared(trial, nextAction, id);
    },
  },
  {
    id: 'scan.changes-nothing',
    says: 'Scan MUST NOT change the machine.',
    try: async (trial) => {
      const scene = await trial.open();
      const before = await scene.digest();
      await scene.found();
      hold((await scene.digest()) === before, 'a root was changed');
      const [refusal] = scene.host.refusals;
      hold(refusal === undefined, `it asked the host for what no scan may: ${refusal ?? ''}`);
      const isSection = scene.host.calls.includes('enterCritical');
      hold(!isSection, 'it entered a critical section in a scan');
    },
  },
  {
    id: 'scan.cut',
    says: 'Scan is cancellable at any time.',
    try: async (trial) => {
      const scene = await trial.open();
      const { client, exit } = await scene.launch();
      const first = textOf(await scene.found());
      for (let cut = 0; cut < CUTS; cut += 1) {
        const runId = `cut-${String(cut)}`;
        const stream = client.scan({ runId, dryRun: false, settings: scene.settings() });
        stream.on('error', () => undefined);
        await new Promise((resolve) => setTimeout(resolve, cut * 10));
        stream.cancel();
      }
      const again = textOf(await scene.found());
      hold(exit() === undefined, 'it ended after a scan that was cut');
      hold(again === first, `it found ${first}, and after scans that were cut ${again}`);
    },
  },
  {
    id: 'scan.fields',
    says: 'run_id: REQUIRED, at most 64 bytes. INVALID_ARGUMENT / FIELD_INVALID: malformed request.',
    try: async (trial) => {
      const scene = await trial.open();
      const { exit } = await scene.launch();
      for (const runId of ['', `${LONGEST_RUN_ID}r`]) {
        const { failure } = await scene.scan({ runId });
        const what = `a run_id of ${String(runId.length)} bytes`;
        hold(exit() === undefined, `it ended at ${what}`);
        hold(failure?.kind === 'status', `it took ${what}`);
      }
      const { failure } = await scene.scan({ runId: LONGEST_RUN_ID });
      hold(
        failure === undefined,
        `it refused a run_id of 64 bytes with ${failure ? wordsOf(failure) : ''}`,
      );
    },
  },
  {
    id: 'scan.upstream',
    says: 'The end of the stream is the end of the set, and what is absent from it has gone away: a scan that cannot know fails.',
    needs: [update],
    try: async (trial) => {
      const scene = await trial.open();
      const first = textOf(await scene.found());
      if (scene.host.targets.length === 0)
        throw new Inapplicable('its scan asks nobody by the proxy');
      for (const fault of faults) await scanWith(scene, fault, first);
      scene.host.egressFault = undefined;
      const after = textOf(await scene.found());
      hold(after === first, `once the server was back it found ${after}, and ${first} before`);
    },
  },
];

async function scanWith(scene: Scene, fault: EgressFault, first: string): Promise<void> {
  scene.host.egressFault = fault;
  const { exit } = await scene.launch();
  const { messages, failure } = await scene.scan({
    runId: `fault-${String(fault)}`,
    msMax: SCAN_MS_MAX,
  });
  const where = `where its server ${wordsOfFault(fault)}`;
  hold(exit() === undefined, `it ended ${where}`);
  hold(failure?.kind !== 'late', `it scanned for longer than two minutes ${where}`);
  if (failure !== undefined) return;
  const second = textOf(messages.flatMap(({ update: each }) => (each === undefined ? [] : [each])));
  hold(second === first, `it found ${second} ${where}, so that all else would have gone away`);
}

export function wordsOfFault(fault: EgressFault): string {
  switch (fault) {
    case 'down':
      return 'does not answer';
    case 'cut':
      return 'breaks the connection';
    case 'endless':
      return 'sends without an end';
    case 'elsewhere':
      return 'leads to where nothing is granted';
    case 404:
    case 500:
      return `answers ${String(fault)}`;
  }
}

/** @throws Violation where the manifest is known and lacks it. */
export function requireDeclared({ subject }: Trial, action: Action, whose: string): void {
  const name = actionFromWire(action);
  hold(name !== undefined, `${whose} names the action ${String(action)}, which there is not`);
  const isDeclared = subject.claims?.actions.includes(name) ?? true;
  hold(isDeclared, `${whose} names ${name}, which the manifest does not declare`);
}

async function found(trial: Trial): Promise<Update[]> {
  return (await trial.open()).found();
}

function textOf(updates: readonly Update[]): string {
  const all = updates.map(
    ({ id, toVersion, nextAction }) => `${id} ${toVersion} (${String(nextAction)})`,
  );
  return all.length === 0 ? 'nothing' : all.sort().join(', ');
}
