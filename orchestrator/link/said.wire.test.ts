import { describe, expect, test } from '@jest/globals';
import { Hello, Up } from '../../proto/gen/lull/link/v1/link.js';
import { headers } from '@nats-io/transport-node';
import { FROM_MACHINE, partitionOf, partitions, subjects } from '../../proto/subjects.js';
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

/** As it is delivered where the host said it itself. */
function delivered(where: string, host: string, data: Uint8Array) {
  const mark = headers();
  mark.set(FROM_MACHINE, '1');
  return { subject: subjects.up(where, host), data, headers: mark };
}

test('a hello of its own is heard', () => {
  const said = saidIn(partition, delivered(partition, HOST, hello()));
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
    const problem = saidIn(where, delivered(where, host, data));
    expect(problem).toEqual(expect.any(String));
    if (why !== 'nothing') expect(problem).toContain(why);
  });

  test('a hello of the right bytes that the server sent for somebody', () => {
    const sent = { subject: subjects.up(partition, HOST), data: hello() };
    expect(saidIn(partition, sent)).toContain('a server said it');
    expect(saidIn(partition, { ...sent, headers: headers() })).toContain('a server said it');
  });
});
