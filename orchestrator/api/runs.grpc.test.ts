import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { status } from '@grpc/grpc-js';
import { unary } from '../../runtime/grpc.js';
import { reasonOf } from '../../runtime/reason.js';
import {
  admitted,
  enabled,
  failure,
  finished,
  found,
  interrupted,
  paused,
  perform,
  started,
  submitted,
  updateOf,
} from '../world/history.testing.js';
import { openOperator, type OperatorUnderTest } from './operator.testing.js';

const options = { deadlineMs: 5_000 };
const scan = { kind: 'scan' } as const;
let operator: OperatorUnderTest;

beforeEach(async () => {
  operator = await openOperator();
});

afterEach(() => operator.close());

async function refusalOf(promise: Promise<unknown>): Promise<object> {
  try {
    await promise;
    return { code: 'none' };
  } catch (error) {
    return { code: (error as { code: number }).code, reason: reasonOf(error) };
  }
}

describe('history', () => {
  function list(pageSize: number, pageToken = '', runId = '') {
    const { client } = operator;
    return unary(client.listRuns.bind(client), { pageSize, pageToken, runId }, options);
  }

  test('comes newest first, in pages without gap or repetition', async () => {
    await operator.append(submitted(), enabled());
    for (let n = 1; n <= 5; n += 1) {
      const id = `r${String(n)}`;
      await operator.append(
        admitted(id, scan),
        finished(id, n === 3 ? failure('UPSTREAM_DOWN') : { kind: 'succeeded' }),
      );
    }
    await operator.append(admitted('r6', scan));
    const ids: string[] = [];
    for (let token: string | undefined = ''; token !== undefined;) {
      const { runs, nextPageToken }: Awaited<ReturnType<typeof list>> = await list(2, token);
      ids.push(...runs.map(({ id }) => id));
      token = nextPageToken === '' ? undefined : nextPageToken;
    }
    expect(ids).toEqual(['r6', 'r5', 'r4', 'r3', 'r2', 'r1']);
    const { runs } = await list(0);
    expect(runs[3]).toMatchObject({
      outcome: 'failed',
      reason: 'UPSTREAM_DOWN',
      message: 'it said why',
    });
    expect(runs[0]).toMatchObject({ state: 'admitted', outcome: '', finishedAtUnixMs: undefined });
  });

  test('tells why a run was interrupted, what holds one, how long it ran and was held', async () => {
    await operator.append(
      submitted(),
      enabled(),
      found([updateOf('a')]),
      admitted('r1', scan),
      started('r1'),
    );
    operator.clock.advance(5_000);
    await operator.append(interrupted('r1'), admitted('r2', perform(updateOf('a'))), started('r2'));
    operator.clock.advance(2_000);
    await operator.append(paused('r2', 'PERSON_PRESENT', 'ON_BATTERY'));
    operator.clock.advance(60_000);
    expect((await list(0)).runs).toMatchObject([
      { id: 'r2', reason: 'PERSON_PRESENT, ON_BATTERY', ranMs: 2_000n, heldMs: 60_000n },
      { id: 'r1', reason: 'HOST_LOST', message: 'it went away', ranMs: 5_000n, heldMs: 0n },
    ]);
  });

  test('has one run by its id or by how that begins, and its entries alone', async () => {
    await operator.append(submitted(), enabled(), found([updateOf('a')]));
    await operator.append(admitted('run-1', scan), admitted('run-10', perform(updateOf('a'))));
    await operator.append(
      started('run-10'),
      started('run-1'),
      finished('run-1', { kind: 'succeeded' }),
    );
    await operator.append(admitted('run-20', scan));
    const idsOf = async (name: string) => (await list(0, '', name)).runs.map(({ id }) => id);
    expect(await idsOf('run-1')).toEqual(['run-1']);
    expect(await idsOf('run-2')).toEqual(['run-20']);
    const several = { reason: 'AMBIGUOUS_SUBJECT', code: status.INVALID_ARGUMENT };
    expect(await refusalOf(list(0, '', 'run-'))).toMatchObject(several);
    const none = { reason: 'UNKNOWN_SUBJECT', code: status.NOT_FOUND };
    expect(await refusalOf(list(0, '', 'run-3'))).toMatchObject(none);
    const { client } = operator;
    const entries = (runId: string, pageSize = 0) =>
      unary(client.listEntries.bind(client), { fromSequence: 0n, pageSize, runId }, options);
    const sequences = (page: Awaited<ReturnType<typeof entries>>) =>
      page.entries.map(({ sequence }) => Number(sequence));
    expect(sequences(await entries('run-1'))).toEqual([4, 7, 8]);
    expect(sequences(await entries('run-1', 2))).toEqual([4, 7]);
    expect(sequences(await entries('run-10'))).toEqual([5, 6]);
    expect(await refusalOf(entries('run-3'))).toMatchObject(none);
  });

  test("has a run's entries apart from those of another machine's run of that name", async () => {
    await operator.append({ ...submitted() }, { ...enabled() }, admitted('run-1', scan));
    await operator.append({ ...started('run-1'), machine: 'other' }, started('run-1'));
    const { client } = operator;
    const request = { fromSequence: 0n, pageSize: 0, runId: 'run-1' };
    const { entries } = await unary(client.listEntries.bind(client), request, options);
    expect(entries.map(({ sequence }) => Number(sequence))).toEqual([3, 5]);
  });
});
