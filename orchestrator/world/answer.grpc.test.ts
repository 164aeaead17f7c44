import { status } from '@grpc/grpc-js';
import { expect, test } from '@jest/globals';
import { reasonOf } from '../../runtime/reason.js';
import { answer, RpcFailure } from './answer.grpc.js';
import { JournalBusyError } from '../journal/journal.js';

async function toldOf(error: Error): Promise<object> {
  const told = await new Promise((resolve) => {
    answer(resolve, () => Promise.reject(error));
  });
  const { code, details } = told as { code: status; details: string };
  return { code, reason: reasonOf(told), details };
}

test.each([
  [
    'a journal that cannot keep up',
    new JournalBusyError(),
    { code: status.RESOURCE_EXHAUSTED, reason: 'JOURNAL_BUSY' },
  ],
  [
    'an expected failure',
    new RpcFailure(status.NOT_FOUND, 'UNKNOWN_SUBJECT', 'none'),
    { code: status.NOT_FOUND, reason: 'UNKNOWN_SUBJECT', details: 'none' },
  ],
  [
    'an error of the system, whose code is no reason',
    Object.assign(new Error('no'), { code: 'ENOENT' }),
    { code: status.INTERNAL, reason: 'INTERNAL', details: 'no' },
  ],
])('%s is told as what it is', async (_what, error, told) => {
  expect(await toldOf(error)).toMatchObject(told);
});
