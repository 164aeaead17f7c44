// Two orchestrators share a fleet, and one of them dies.

import { expect } from '@jest/globals';
import type { RunningLull } from '../../harness/lull.spawn.js';
import { timesDone, type FleetHost } from './fleet-host.nats.js';
import { entriesOf, hostsOf } from './ask.grpc.js';
import { everythingOnce, inMidScan } from './once.js';
import { fleetTest } from '../support/confinement.js';
import { stageForEach } from './on-stage.js';

const HOSTS = 24;
const MS_MAX = 180_000;

const stage = stageForEach();

function machines(count: number, runMs: number): Promise<FleetHost[]> {
  return Promise.all(
    Array.from({ length: count }, (_, index) =>
      stage().machine({ hostId: `machine-${String(index)}`, runMs }),
    ),
  );
}

fleetTest(
  'killed in the middle: the other serves its machines, each update is installed once, none is lost',
  async () => {
    const first = await stage().orchestrator('orchestrator-1');
    const second = await stage().orchestrator('orchestrator-2');
    const hosts = await machines(HOSTS, 1_500);
    await stage().accept(first);
    await stage().until('installs are on', () => hosts.some(({ granted }) => granted.length > 1));
    process.kill(first.pid, 'SIGKILL');
    await first.exited;
    // Who asks in the moment without a leader waits for the next one, and is not sent away.
    const journals = hosts.map(({ hostId }) => entriesOf(second, hostId));
    for (const entries of await Promise.all(journals)) expect(entries.length).toBeGreaterThan(0);
    await stage().until('every update is installed', () =>
      hosts.every((host) => timesDone(host)['install update'] !== undefined),
    );
    // Anything that is done twice would be by now or when the leader looks again.
    await stage().until('everybody is attached', async () => {
      const told = await hostsOf(second);
      return told.length === HOSTS && told.every(({ attached }) => attached);
    });
    for (const host of hosts) expect(timesDone(host)['install update']).toBe(1);
    const audit = await second.command(['--json', 'audit', 'verify']);
    expect(JSON.parse(audit)).toMatchObject({ verified: true });
  },
  MS_MAX,
);

fleetTest(
  'stopped by its operator: the other takes over, and what runs goes on',
  async () => {
    const first = await stage().orchestrator('orchestrator-1');
    const second = await stage().orchestrator('orchestrator-2');
    const hosts = await machines(8, 4_000);
    await inMidScan(stage(), hosts, second, () => first.stop());
    expect(await second.command(['fleet', 'hosts'])).toContain('machine-0');
    await everythingOnce(stage(), hosts, second);
  },
  MS_MAX,
);

fleetTest(
  'both are upgraded, one after the other, while installs are on: each goes on, is begun once, and ends once',
  async () => {
    const names = ['orchestrator-1', 'orchestrator-2'] as const;
    const orchestrators = await Promise.all(names.map((name) => stage().orchestrator(name)));
    const hosts = await machines(8, 300);
    for (const host of hosts) host.holdRuns('install update');
    const [first] = orchestrators;
    if (first === undefined) throw new Error('there is none');
    await stage().accept(first);
    const installs = (host: FleetHost) => host.granted.filter(({ what }) => what !== 'scan');
    await stage().until('every machine installs', () =>
      hosts.every((host) => host.running === 1 && installs(host).length === 1),
    );
    const said = hosts.map(({ commands }) => commands.length);
    for (const [index, name] of names.entries()) {
      await orchestrators[index]?.stop();
      const anew = await stage().orchestrator(name);
      orchestrators[index] = anew;
      await stage().until(`${name} is well`, () => isWell(anew)); // As operators are told to.
    }
    const since = hosts.flatMap(({ commands }, index) => commands.slice(said[index]));
    // Some are held for the moment in which nobody has told the next one what its machine is like.
    expect(since).toContain('renew');
    expect(since).not.toContain('stop');
    for (const host of hosts) host.letRunsEnd();
    await everythingOnce(stage(), hosts, orchestrators[0] ?? first);
    for (const host of hosts) expect(installs(host).length).toBe(1);
  },
  MS_MAX,
);

function isWell(lull: RunningLull): Promise<boolean> {
  return lull.command(['health']).then(
    () => true,
    () => false,
  );
}
