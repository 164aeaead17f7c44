// SUBJECT of a command means the same to every verb that takes one.

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js';
import type {
  ResumeRolloutRequest,
  ResumeRolloutResponse,
} from '../../proto/gen/lull/operator/v1/fleet.js';
import { unary } from '../../runtime/grpc.js';
import { enabled, found, submitted, updateOf, UPDATER } from '../world/history.testing.js';
import { fleetHandlers } from './fleet.grpc.js';
import { openOperator, type OperatorUnderTest } from './operator.testing.js';

const options = { deadlineMs: 30_000 };
/** Another one, with an update of the same name, and one that is called as the first updater is. */
const OTHER = 'com.acme.other';
let operator: OperatorUnderTest;

beforeEach(async () => {
  operator = await openOperator();
  const started = { kind: 'rollout.started', toVersion: '2.0.0' } as const;
  await operator.rig.ledger.append([
    ...[submitted(), enabled(), submitted(OTHER), enabled(OTHER)],
    found([updateOf('a'), updateOf('both')]),
    found([updateOf('both'), updateOf(UPDATER)], OTHER),
    ...['a', 'both'].map((updateId) => ({ ...started, updaterId: UPDATER, updateId })),
    ...['both', UPDATER].map((updateId) => ({ ...started, updaterId: OTHER, updateId })),
  ]);
});

afterEach(() => operator.close());

type Named = readonly { readonly updaterId: string; readonly updateId: string }[];

function texts(named: Named): string[] {
  return named.map(({ updaterId, updateId }) => `${updaterId} ${updateId}`).sort();
}

/** What `lull explain` is about. */
async function explained(subject: string): Promise<string[]> {
  const { client } = operator;
  const { subjects } = await unary(client.explain.bind(client), { subject }, options);
  return texts(subjects.filter(({ updateId }) => updateId !== ''));
}

test('whoever asks is told where the release notes are', async () => {
  const releaseNotesUrl = 'https://acme.example/notes';
  await operator.rig.ledger.append([found([updateOf('noted', { releaseNotesUrl })])]);
  const { client } = operator;
  const { subjects } = await unary(client.explain.bind(client), { subject: 'noted' }, options);
  expect(subjects).toMatchObject([{ updateId: 'noted', releaseNotesUrl }]);
});

/** What `lull fleet resume` is about. */
async function resumed(subject: string): Promise<string[]> {
  const nobody = () => Promise.reject(new Error('it is not about groups or hosts'));
  const { resumeRollout } = fleetHandlers({
    ...operator.deps,
    groups: { holders: nobody, release: nobody },
    listHosts: nobody,
    problem: () => undefined,
  });
  const { rollouts } = await new Promise<ResumeRolloutResponse>((resolve, reject) => {
    const call = { request: { subject } } as unknown as ServerUnaryCall<
      ResumeRolloutRequest,
      ResumeRolloutResponse
    >;
    const callback: sendUnaryData<ResumeRolloutResponse> = (error, answer) => {
      if (error !== null) reject(new Error(error.details ?? ''));
      else if (answer) resolve(answer);
    };
    resumeRollout(call, callback);
  });
  return texts(rollouts);
}

/** What `lull hold` holds. */
async function held(subject: string): Promise<string> {
  const { client } = operator;
  const request = { subject, why: 'not this one', forMs: 3_600_000n };
  await unary(client.placeHold.bind(client), request, options);
  const { orders } = await unary(client.listOrders.bind(client), {}, options);
  return orders.map((each) => each.subject).join();
}

describe.each([`${UPDATER} both`, `${UPDATER}/both`])(
  'where two updaters use the same name, "%s" is one of both',
  (word) => {
    test('to explain and to fleet', async () => {
      expect(await explained(word)).toEqual([`${UPDATER} both`]);
      expect(await resumed(word)).toEqual([`${UPDATER} both`]);
    });

    test('to hold, unhold and run-now', async () => {
      const { client } = operator;
      expect(await held(word)).toBe(`${UPDATER} both`);
      await unary(client.liftHold.bind(client), { subject: word }, options);
      const { orders } = await unary(client.listOrders.bind(client), {}, options);
      expect(orders).toEqual([]);
      const { subject } = await unary(client.runNow.bind(client), { subject: word }, options);
      expect(texts(subject === undefined ? [] : [subject])).toEqual([`${UPDATER} both`]);
    });
  },
);

test("an update's id alone is every update of that name, to explain and to fleet", async () => {
  const both = [`${OTHER} both`, `${UPDATER} both`].sort();
  expect(await explained('both')).toEqual(both);
  expect(await resumed('both')).toEqual(both);
});

test("an updater's id is the updater, though another one calls an update so", async () => {
  const all = [`${UPDATER} a`, `${UPDATER} both`];
  expect(await explained(UPDATER)).toEqual(all);
  expect(await resumed(UPDATER)).toEqual(all);
  expect(await held(UPDATER)).toBe(UPDATER);
});
