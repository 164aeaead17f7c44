import { describe, expect, test } from '@jest/globals';
import { Hello, Up } from '../../proto/gen/lull/link/v1/link.js';
import { partitionOf, partitions, subjects } from '../../proto/subjects.js';
import { saidIn } from './said.wire.js';

const HOST = 'till-1';
const partition = partitionOf(HOST);
const elsewhere = partitions.find((each) => each !== partition) ?? '';

function hello(changes: Partial<Hello> = {}, instanceId = 'one'): Uint8Array {
  const value = Hello.fromPartial({ hostId: HOST, instanceId, ...changes });
  return Up.encode({
    instanceId,
    message: { kind: { $case: 'hello', value } },
    hello: 1n,
  }).finish();
}

test('a hello of its own is heard', () => {
  const said = saidIn(partition, subjects.up(partition, HOST), hello());
  expect(said).toMatchObject({ hostId: HOST, kind: { $case: 'hello' }, up: { hello: 1n } });
});

describe('not heard is', () => {
  test.each<[string, string, string, Uint8Array]>([
    ['what cannot be read', partition, HOST, new Uint8Array([255, 255, 1])],
    ['nothing', partition, HOST, new Uint8Array()],
    ['where it does not belong', elsewhere, HOST, hello()],
    ['the name of another', partition, HOST, hello({ hostId: 'till-2' })],
    ['the name of another', partition, HOST, hello({ instanceId: 'two' })],
    ['too long', partition, HOST, hello({}, 'x'.repeat(65))],
    ['a name that is none', partition, '*', hello()],
  ])('%s', (why, where, host, data) => {
    const problem = saidIn(where, subjects.up(where, host), data);
    expect(problem).toEqual(expect.any(String));
    if (why !== 'nothing') expect(problem).toContain(why);
  });
});
