import { expect, test } from '@jest/globals';
import type { HostConnection } from '../link/host-session.loop.js';
import type { Ledger } from '../world/ledger.loop.js';
import { tellRegistered } from './registered.loop.js';
import { trustingPolicy } from '../world/history.testing.js';

type World = Ledger['world'];

function hostOf(heard: unknown[]): HostConnection {
  const send: HostConnection['send'] = (message) => void heard.push(message);
  return {
    ...{ hostId: 'h', instanceId: 'i', confinement: undefined, bootId: undefined },
    ...{ held: new Map(), diskPath: '', send },
  };
}

const registered = (updaterIds: readonly string[], keepMs = 1_209_600_000n) => ({
  $case: 'registered',
  value: { updaterIds, keepMs },
});

test('a host hears who is registered once over each connection, and when others are', () => {
  const updaters = new Map([
    ['org.b', undefined],
    ['org.a', undefined],
  ]);
  const world = { updaters } as unknown as World;
  let policy = trustingPolicy;
  let host: HostConnection | undefined;
  const tell = tellRegistered({ ledger: { world }, policy: () => policy, host: () => host });
  tell();

  const heard: unknown[] = [];
  host = hostOf(heard);
  tell();
  tell();
  expect(heard).toEqual([registered(['org.a', 'org.b'])]);

  updaters.delete('org.b');
  tell();
  policy = { ...policy, disk: { ...policy.disk, keepWithdrawnMs: 1 } };
  tell();
  tell();
  expect(heard.slice(1)).toEqual([registered(['org.a']), registered(['org.a'], 1n)]);

  const heardAnew: unknown[] = [];
  host = hostOf(heardAnew);
  tell();
  expect(heardAnew).toEqual([registered(['org.a'], 1n)]);
});
