// Following the fleet's journal: what ends it, and what does not.

import type { ConsumerMessages, JetStreamClient, JsMsg } from '@nats-io/jetstream';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createLog } from '../../runtime/log.js';
import type { Nats } from '../../runtime/nats.js';
import { until } from '../../runtime/until.testing.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import { chainEntry, genesis, type Head } from '../journal/chain.js';
import type { Fact } from '../journal/fact.js';
import { messagesOf } from '../journal/message.js';
import { defaultPolicy } from '../policy/policy.js';
import { followFleet, type FleetFollower } from './follower.nats.js';

const log = createLog('test', 'silent');
const nats = { onReconnect: () => () => undefined } as unknown as Nats;
/** As a fault of whoever wrote it would leave it. */
const unfoldable = { kind: 'updater.submitted' } as unknown as Fact;

/** A server's stream: each consumer gives what comes after the message that it was asked from. */
function streamOf(bodies: readonly Uint8Array[]) {
  let wake: () => void = () => undefined;
  let failure: Error | undefined;
  const kept = [...bodies];
  const asked: number[] = [];

  async function* from(first: number): AsyncGenerator<JsMsg> {
    const closing = new AbortController();
    over = () => {
      closing.abort();
      wake();
    };
    for (let seq = first; ; seq += 1) {
      while (seq > kept.length && failure === undefined && !closing.signal.aborted) {
        await new Promise<void>((resolve) => (wake = resolve));
      }
      const [failed, data] = [failure, kept[seq - 1]];
      failure = undefined;
      if (failed !== undefined) throw failed;
      if (data === undefined) return;
      yield { data, seq, info: { pending: kept.length - seq } } as unknown as JsMsg;
    }
  }

  let over: () => void = () => undefined;
  const get = (_stream: string, { opt_start_seq: first = 1 }: { opt_start_seq?: number }) => {
    asked.push(first);
    const messages = Object.assign(from(first), {
      status: () => [],
      close: () => {
        over();
        return Promise.resolve();
      },
    }) as unknown as ConsumerMessages;
    return Promise.resolve({
      info: () => Promise.resolve({ num_pending: Math.max(0, kept.length - first + 1) }),
      consume: () => Promise.resolve(messages),
    });
  };
  return {
    js: { consumers: { get } } as unknown as JetStreamClient,
    asked,
    say: (body: Uint8Array) => {
      kept.push(body);
      wake();
    },
    fail: (error: Error) => {
      failure = error;
      wake();
    },
  };
}

let head: Head;
let stream: ReturnType<typeof streamOf>;
let follower: FleetFollower;
let ends: number;

function messageOf(fact: Fact): Uint8Array {
  const { sequence, atMs, body, hash } = chainEntry(head, 1_000, fact);
  head = { sequence, hash };
  const [message] = messagesOf([{ sequence, atMs, body, hash }], 1_000_000);
  return message ?? new Uint8Array();
}

function trip(why: string): Fact {
  return { kind: 'switch.tripped', why, untilMs: 5, actor: 'operator' };
}

beforeEach(async () => {
  [head, ends] = [genesis, 0];
  stream = streamOf([messageOf(trip('first'))]);
  follower = await followFleet({
    ...{ nats, js: stream.js, retry: () => defaultPolicy.retry, clock: new VirtualClock(), log },
    onStopped: () => (ends += 1),
  });
});

afterEach(() => follower.close());

describe('the fleet is followed', () => {
  test('no further than what can be folded: nothing is decided by the rest (F1)', async () => {
    stream.say(messageOf(unfoldable));
    await until('it stops', () => follower.stopped);
    stream.say(messageOf(trip('later')));
    expect(follower.stopped).toMatchObject({ code: 'NOT_FOLDED' });
    expect(follower.stopped?.message).toMatch(/^entry 2 of the journal/);
    expect([follower.head.sequence, follower.entries.length, ends]).toEqual([1, 1, 1]);
  });

  test('on when one that listens fails, and the others hear it', async () => {
    const heard: number[] = [];
    follower.onEntry(() => {
      throw new Error('a fault of whoever listens');
    });
    follower.onEntry(({ sequence }) => heard.push(sequence));
    stream.say(messageOf(trip('second')));
    await follower.until(2, 1_000);
    expect(heard).toEqual([2]);
    expect(follower.world.tripped?.why).toBe('second');
    expect([follower.stopped, ends]).toEqual([undefined, 0]);
  });

  test('from the last entry on when the library gives up on what it asked for (F2)', async () => {
    stream.fail(new Error('consumer create failed 30 times'));
    stream.say(messageOf(trip('second')));
    await until('it was heard', () => follower.head.sequence === 2);
    expect(stream.asked).toEqual([1, 2]);
    expect(follower.world.tripped?.why).toBe('second');
  });
});
