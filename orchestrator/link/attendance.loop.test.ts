// Who is attached, as whoever leads a partition keeps it.

import { expect, test } from '@jest/globals';
import type { AttachRequest } from '../../proto/gen/lull/link/v1/link.js';
import { Hello, HostState, Up, type Down } from '../../proto/gen/lull/link/v1/link.js';
import { createLog } from '../../runtime/log.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import { keepAttendance } from './attendance.loop.js';
import type { Heard } from './host-session.loop.js';
import type { Said } from './said.wire.js';

test('a machine that has said too much to be attached is asked for its hello until it may be', async () => {
  const clock = new VirtualClock();
  const sent: Down[] = [];
  const heard: string[] = [];
  let answer: Heard = 'too much said';
  const session = {
    hear: (kind: AttachRequest['kind']): Promise<Heard> => {
      heard.push(kind?.$case ?? '');
      return Promise.resolve(answer);
    },
    end: () => undefined,
  };
  const attendance = keepAttendance({
    ...{ leaderId: 'leader', isKnown: () => true, clock, log: createLog('test', 'silent') },
    attendantOf: () => ({
      sessions: { open: () => session, inherit: () => session, isReplaced: () => false },
      see: () => undefined,
      askForState: () => undefined,
    }),
    send: (_hostId, down) => sent.push(down),
  });
  const hello = (number: bigint): Said => {
    const value = Hello.fromPartial({ hostId: 'm1', instanceId: 'i' });
    const kind = { $case: 'hello', value } as const;
    return { hostId: 'm1', kind, up: Up.fromPartial({ instanceId: 'i', hello: number }) };
  };
  const tellState = (): void => {
    clock.advance(5_000);
    attendance.hearState('m1', HostState.fromPartial({ instanceId: 'i', snapshot: true }));
  };

  await attendance.hear(hello(1n));
  tellState();
  tellState();
  expect(sent.map(({ message }) => message?.kind?.$case)).toEqual(['acknowledge', 'acknowledge']);

  answer = 'heard';
  await attendance.hear(hello(2n));
  tellState();
  expect(heard).toEqual(['hello', 'hello']);
  expect(sent.length).toBe(2);
});

test('of two machines of one name the older one is asked for its hello, to be refused; one whose hello is on its way is not', async () => {
  const clock = new VirtualClock();
  const sent: Down[] = [];
  const session = { hear: () => Promise.resolve<Heard>('heard'), end: () => undefined };
  const isReplaced = ({ instanceId }: { instanceId: string }): boolean => instanceId === 'older';
  const attendance = keepAttendance({
    ...{ leaderId: 'leader', isKnown: () => true, clock, log: createLog('test', 'silent') },
    attendantOf: () => ({
      sessions: { open: () => session, inherit: () => session, isReplaced },
      see: () => undefined,
      askForState: () => undefined,
    }),
    send: (_hostId, down) => sent.push(down),
  });
  const value = Hello.fromPartial({ hostId: 'm1', instanceId: 'newer' });
  const kind = { $case: 'hello', value } as const;
  await attendance.hear({ hostId: 'm1', kind, up: Up.fromPartial({ instanceId: 'newer' }) });
  const asked = (): string[] => sent.splice(0).map(({ instanceId }) => instanceId);
  const tellState = (instanceId: string): void => {
    clock.advance(5_000);
    attendance.hearState('m1', HostState.fromPartial({ instanceId, snapshot: true }));
  };
  tellState('newest');
  tellState('newer');
  expect(asked()).toEqual([]);
  tellState('older');
  expect(asked()).toEqual(['older']);
});
