// What a version writes and says, for those that come after it: a journal with every kind of fact, and messages of
// every kind that go between machines.

import {
  AttachRequest,
  AttachResponse,
  Down,
  HostState,
  Lead,
  Up,
} from '../../proto/gen/lull/link/v1/link.js';
import type { Entry } from '../../orchestrator/journal/chain.js';
import { emptyWorld, foldEntry } from '../../orchestrator/world/fold.js';
import { everyFact, journalOf } from '../../orchestrator/world/partition-story.testing.js';
import { defaultPolicy } from '../../orchestrator/policy/policy.js';

/** Every fact that the tests of the fold know, one after the other, of one machine. */
export function wholeJournal(): Entry[] {
  return journalOf(everyFact.map((_fact, index) => [index, 'm1']));
}

/** What a journal amounts to, in what is promised of it: who is known, what is held, what became of runs. */
export function whatItSays(entries: readonly Entry[]): object {
  const world = emptyWorld();
  for (const entry of entries) foldEntry(world, entry, defaultPolicy.retry);
  return {
    sequence: world.sequence,
    epoch: world.epoch,
    updaters: [...world.updaters.values()].map(({ id, state }) => [id, state]),
    updates: [...world.updates.keys()],
    holds: [...world.holds.keys()],
    vetoes: [...world.vetoes.keys()],
    isTripped: world.tripped !== undefined,
    demands: [...world.demands.keys()],
    runs: [...world.runs.values()].map(({ id, epoch, phase }) => [id, epoch, phase.kind]),
    history: world.history.map(({ id, epoch, phase }) => [id, epoch, phase.kind]),
    rollouts: [...world.rollouts.keys()],
    bad: [...world.bad.keys()],
  };
}

const types = { Up, Down, HostState, Lead } as const;
type TypeName = keyof typeof types;

/** A message as it goes over the wire, and what is in it. */
export interface Message {
  readonly type: TypeName;
  readonly base64: string;
  readonly json: unknown;
}

export function jsonOf({ type, base64 }: Pick<Message, 'type' | 'base64'>): unknown {
  const decoded = types[type].decode(Buffer.from(base64, 'base64'));
  const plain = (_key: string, value: unknown): unknown =>
    typeof value === 'bigint' ? `${String(value)}n` : value;
  return JSON.parse(JSON.stringify(decoded, plain));
}

function messageOf(type: TypeName, bytes: Uint8Array): Message {
  const base64 = Buffer.from(bytes).toString('base64');
  return { type, base64, json: jsonOf({ type, base64 }) };
}

function up(message: Parameters<typeof AttachRequest.fromPartial>[0]): Message {
  const said = { instanceId: 'i1', message: AttachRequest.fromPartial(message), hello: 2n };
  return messageOf('Up', Up.encode(Up.fromPartial(said)).finish());
}

function down(message: Parameters<typeof AttachResponse.fromPartial>[0]): Message {
  const said = {
    ...{ instanceId: 'i1', leaderId: 'l1', sequence: 3n, hello: 2n },
    message: AttachResponse.fromPartial(message),
  };
  return messageOf('Down', Down.encode(Down.fromPartial(said)).finish());
}

function event(kind: { readonly $case: string; readonly value: object }): Message {
  const value = { sequence: 4n, runId: 'run-1', epoch: 5n, atUnixMs: 1_000n, kind };
  return up({ kind: { $case: 'event', value } } as Parameters<typeof up>[0]);
}

const run = { runId: 'run-1', epoch: 5n };

export function messages(): Message[] {
  const reading = {
    ...{ signal: 'cpu.busy', instance: '', observedAtUnixMs: 1_000n, source: '/proc/stat' },
    value: { $case: 'number' as const, number: 0.25 },
  };
  const state = { instanceId: 'i1', sequence: 7n, snapshot: true, sentAtUnixMs: 1_001n };
  const update = { id: 'a', title: 'A', toVersion: '2.0.0', security: true };
  return [
    up({
      kind: {
        $case: 'hello',
        value: { hostId: 'm1', instanceId: 'i1', runIds: ['run-1'], bootId: 'boot-1', held: [run] },
      },
    }),
    up({ kind: { $case: 'restartFailed', value: { message: 'no logind' } } }),
    event({ $case: 'started', value: { sandboxSha256: 'aa', launchMs: 12 } }),
    event({ $case: 'updateFound', value: update }),
    event({ $case: 'frozen', value: { reasons: ['PERSON_PRESENT'], reactionNs: 9n, cpuUs: 1n } }),
    event({ $case: 'downloaded', value: { url: 'https://example.com/a', sizeBytes: 3n } }),
    event({ $case: 'finished', value: { outcome: { $case: 'succeeded', value: {} } } }),
    down({ kind: { $case: 'welcome', value: {} } }),
    down({
      kind: {
        $case: 'grant',
        value: {
          ...{ ...run, attempt: 1, leaseMs: 2_000, work: { $case: 'perform', value: { update } } },
          updater: { id: 'dev.lull.fixture', version: '1.0.0', bundleSha256: 'bb' },
          guard: [{ kind: { $case: 'onAc', value: {} } }],
        },
      },
    }),
    down({ kind: { $case: 'renew', value: { ...run, leaseMs: 2_000 } } }),
    down({ kind: { $case: 'pause', value: { ...run, reasons: ['POLICY'] } } }),
    down({ kind: { $case: 'stop', value: { ...run, reason: 'OPERATOR' } } }),
    down({ kind: { $case: 'acknowledge', value: { sequence: 4n } } }),
    messageOf(
      'HostState',
      HostState.encode(HostState.fromPartial({ ...state, readings: [reading] })).finish(),
    ),
    messageOf('Lead', Lead.encode(Lead.fromPartial({ leaderId: 'l1' })).finish()),
  ];
}
