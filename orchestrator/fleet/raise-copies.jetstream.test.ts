// Giving streams more copies, in virtual time, of servers that answer as they do.

import { JetStreamApiError, type JetStreamManager, type StreamInfo } from '@nats-io/jetstream';
import { expect, test } from '@jest/globals';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import { raiseCopies } from './raise-copies.jetstream.js';

const HOUR_MS = 3_600_000;

interface Copies {
  count: number;
  /** By server, beside the one that leads. */
  readonly copies: Record<string, boolean>;
}

/** @param after called after each look, with how many there were. */
function servers(
  streams: Record<string, Copies>,
  after: (looks: number) => void = () => undefined,
) {
  const done: string[] = [];
  let looks = 0;
  const found = (stream: string): Copies => {
    const kept = streams[stream];
    if (kept === undefined) {
      throw new JetStreamApiError({ code: 404, err_code: 10_059, description: 'stream not found' });
    }
    return kept;
  };
  const info = (stream: string): Promise<StreamInfo> => {
    const { count, copies } = found(stream);
    const replicas = Object.entries(copies).map(([name, current]) => ({ name, current }));
    after((looks += 1));
    const config = { num_replicas: count, max_age: 7 };
    return Promise.resolve({
      config,
      cluster: { leader: 'nats-1', replicas },
    } as unknown as StreamInfo);
  };
  const update = (stream: string, change: { num_replicas: number }): Promise<StreamInfo> => {
    done.push(`${stream} ${JSON.stringify(change)}`);
    const kept = found(stream);
    kept.count = change.num_replicas;
    kept.copies['nats-2'] = false;
    kept.copies['nats-3'] = false;
    return info(stream);
  };
  const jsm = { streams: { info, update } } as unknown as JetStreamManager;
  return { jsm, done };
}

function raise(jsm: JetStreamManager, streams: string[], wantedCount = 3, withinMs = HOUR_MS) {
  const clock = new VirtualClock();
  const seen: string[] = [];
  const raised = raiseCopies(streams, {
    ...{ jsm, wantedCount, withinMs, clock, isClustered: true },
    pause: (ms) => {
      clock.advance(ms);
      return Promise.resolve();
    },
    onLook: ({ stream, count, behind }, before) =>
      seen.push(`${stream} ${String(before)}-${String(count)} ${behind.join(' ')}`.trimEnd()),
  });
  return { raised, seen };
}

test('one after the other, the next when every copy of the one before has been up to date, and nothing else is changed', async () => {
  const all = { a: { count: 1, copies: {} }, b: { count: 1, copies: {} } } as Record<
    string,
    Copies
  >;
  const { jsm, done } = servers(all, (looks) => {
    const { copies = {} } = all['a'] ?? {};
    // Under load a copy is up to date for moments.
    if (looks === 4) copies['nats-2'] = true;
    if (looks === 5) copies['nats-2'] = false;
    if (looks === 6) copies['nats-3'] = true;
    if (looks === 10) Object.assign(all['b']?.copies ?? {}, { 'nats-2': true, 'nats-3': true });
  });
  const { raised, seen } = raise(jsm, ['a', 'b']);
  expect(await raised).toEqual(['a', 'b'].map((stream) => ({ stream, count: 3, behind: [] })));
  expect(done).toEqual(['a {"num_replicas":3}', 'b {"num_replicas":3}']);
  expect(seen[0]).toBe('a 1-3 nats-2 nats-3');
  expect(seen.indexOf('a 1-3')).toBeLessThan(seen.findIndex((each) => each.startsWith('b')));
});

test('what has as many, or more, stays as it is; what is not there is passed over', async () => {
  const enough = { count: 3, copies: { 'nats-2': true, 'nats-3': true } };
  const more = { count: 5, copies: { s2: true, s3: true, s4: true, s5: true } };
  const { jsm, done } = servers({ enough, more });
  expect(await raise(jsm, ['enough', 'none', 'more']).raised).toEqual([
    { stream: 'enough', count: 3, behind: [] },
    { stream: 'none', count: 0, behind: [] },
    { stream: 'more', count: 5, behind: [] },
  ]);
  expect(done).toEqual([]);
});

test('a copy that is not up to date in time is told, with its server, and what to do', async () => {
  const { jsm } = servers({ a: { count: 1, copies: {} } });
  await expect(raise(jsm, ['a'], 3, 60_000).raised).rejects.toThrow(
    /^1 of the 3 copies of a are up to date after 60 s, without nats-2 and nats-3\..*see whether all are up.*the same command goes on/,
  );
});

test('time is up when the turn of one has only come: nothing is said of copies that nobody has looked at', async () => {
  const { jsm } = servers({ a: { count: 1, copies: {} } });
  await expect(raise(jsm, ['a'], 3, 0).raised).rejects.toThrow(
    /^nothing is known of the copies of a after 0 .*their turn had only come\. .*the same command goes on/,
  );
});

test('servers that say no are believed at once; that they have not heard of each other yet only after a while', async () => {
  const refusing = (code: number) => {
    const { jsm } = servers({ a: { count: 1, copies: {} } });
    let tries = 0;
    jsm.streams.update = () => {
      tries += 1;
      const description = `no, ${String(code)}`;
      return Promise.reject(new JetStreamApiError({ code: 400, err_code: code, description }));
    };
    return { raised: raise(jsm, ['a']).raised, tries: () => tries };
  };
  const [never, notYet] = [refusing(10_074), refusing(10_005)];
  await expect(never.raised).rejects.toThrow(
    /^a was not given 3 copies: no, 10074\. The servers said so/,
  );
  expect(never.tries()).toBe(1);
  await expect(notYet.raised).rejects.toThrow(/no, 10005.*The servers said so: there have to be 3/);
  expect(notYet.tries()).toBeGreaterThan(10);
});

test('a moment in which nobody leads a stream is waited for', async () => {
  const all = { a: { count: 1, copies: {} } } as Record<string, Copies>;
  const { jsm } = servers(all, (looks) => {
    if (looks > 3) Object.assign(all['a']?.copies ?? {}, { 'nats-2': true, 'nats-3': true });
  });
  const update = jsm.streams.update.bind(jsm.streams);
  let tries = 0;
  jsm.streams.update = (...given) => {
    tries += 1;
    if (tries > 2) return update(...given);
    const away = { code: 503, err_code: 10_008, description: 'temporarily unavailable' };
    return Promise.reject(new JetStreamApiError(away));
  };
  expect(await raise(jsm, ['a']).raised).toEqual([{ stream: 'a', count: 3, behind: [] }]);
});
