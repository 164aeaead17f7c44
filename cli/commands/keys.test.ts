// What `lull keys` makes, and how it is replaced and taken back while a server and its clients are up.

import { X509Certificate } from 'node:crypto';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  jest,
  test,
} from '@jest/globals';
import { callerIn } from '../../orchestrator/trust/caller.js';
import { until } from '../../runtime/until.testing.js';
import { connectNats } from '../../runtime/nats.js';
import { natsServerProgram } from '../../runtime/nats-server.testing.js';
import { healthOf, startFleetServer, type FleetUnderTest } from '../keys/fleet.testing.js';
import {
  addAuthority,
  initKeys,
  issueKeys,
  listKeys,
  retireAuthorities,
  revokeKeys,
  rotateKeys,
} from './keys.js';

const DAY_MS = 86_400_000;

// Making keys is work, and the machine may have other.
jest.setTimeout(120_000);
const NOW_MS = Date.parse('2030-01-01T00:00:00Z');
const HOST = { role: 'host', name: 'h1' } as const;
const describeHere = natsServerProgram === undefined ? describe.skip : describe;
const missing = natsServerProgram === undefined ? ' (skipped: needs nats-server 2.10)' : '';

/** As in an authority that is older than the role. */
function forgetRole(dir: string, role: string): void {
  const [name = ''] = readdirSync(join(dir, 'authority')).filter((each) => each !== 'nats.json');
  const file = join(dir, 'authority', name);
  const authority = JSON.parse(readFileSync(file, 'utf8')) as { signing: object };
  const signing = { ...authority.signing, [role]: undefined };
  writeFileSync(file, JSON.stringify({ ...authority, signing }));
}

describe('lull keys', () => {
  let made: string;
  let parent: string;
  let dir: string;

  beforeAll(async () => {
    made = mkdtempSync(join(tmpdir(), 'lull-keys-'));
    await initKeys(
      join(made, 'keys'),
      {
        nats: { listen: '0.0.0.0:4222', directory: '/etc/lull/nats', store: '/var/lib/nats' },
        natsNames: ['nats.example', '10.0.0.1'],
        days: 100,
        wanted: [
          { role: 'orchestrator', name: 'o1', serves: [] },
          { ...HOST, serves: [] },
          { role: 'operator', name: 'alice', serves: [] },
        ],
      },
      NOW_MS,
    );
  });
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'lull-keys-'));
    cpSync(made, parent, { recursive: true });
    dir = join(parent, 'keys');
  });
  afterEach(() => {
    rmSync(parent, { recursive: true });
  });
  afterAll(() => {
    rmSync(made, { recursive: true });
  });

  const certificate = (holder: string): X509Certificate =>
    new X509Certificate(readFileSync(join(dir, holder, 'cert.pem')));
  const authorities = (holder: string): X509Certificate[] =>
    readFileSync(join(dir, holder, 'ca.pem'), 'utf8')
      .split(/(?<=-----END CERTIFICATE-----\n)/)
      .filter((pem) => pem.trim() !== '')
      .map((pem) => new X509Certificate(pem));
  const isTaken = (holder: string, by: string): boolean =>
    authorities(by).some((authority) => certificate(holder).verify(authority.publicKey));

  test('are for their owner alone', () => {
    const wide = readdirSync(parent, { recursive: true, encoding: 'utf8' }).filter(
      (path) => (statSync(join(parent, path)).mode & 0o077) !== 0,
    );
    expect(wide).toEqual([]);
    expect(readdirSync(join(dir, 'host-h1')).sort()).toEqual(
      ['ca.pem', 'cert.pem', 'key.pem', 'nats.creds'].sort(),
    );
  });

  test('say who somebody is, and what it may be used for', () => {
    expect(callerIn(certificate('operator-alice').subjectAltName)).toEqual({
      ...{ role: 'operator', name: 'alice' },
    });
    expect(certificate('orchestrator-o1').checkHost('o1')).toBe('o1');
    expect(certificate('nats-server').checkIP('10.0.0.1')).toBe('10.0.0.1');
    expect(callerIn(certificate('nats-server').subjectAltName)).toBeUndefined();
    const uses = (holder: string): string[] => certificate(holder).keyUsage.sort();
    expect(uses('host-h1')).toEqual(['1.3.6.1.5.5.7.3.2']);
    // Servers of a cluster call each other.
    expect(uses('nats-server')).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    expect(uses('orchestrator-o1')).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    expect(certificate('host-h1').ca).toBe(false);
    expect(Date.parse(certificate('host-h1').validTo)).toBe(NOW_MS + 100 * DAY_MS);
  });

  test('of an authority that is older than a role are as they were; a new one knows the role', async () => {
    forgetRole(dir, 'fleetlock');
    expect(await rotateKeys(dir, { kind: 'all' }, NOW_MS)).toHaveLength(4);
    const wanted = { role: 'fleetlock', name: 'agents', serves: [] } as const;
    await expect(issueKeys(dir, wanted, NOW_MS)).rejects.toThrow(/rotate DIR --authority/);
    await addAuthority(dir, NOW_MS);
    await issueKeys(dir, wanted, NOW_MS);
    // It is called, and writes groups.
    expect(certificate('fleetlock-agents').checkHost('agents')).toBe('agents');
    expect(readdirSync(join(dir, 'fleetlock-agents'))).toContain('nats.creds');
  });

  test('of a viewer get it into NATS too, but for an authority that is older than that', async () => {
    forgetRole(dir, 'viewer');
    const wanted = { role: 'viewer', name: 'victor', serves: [] } as const;
    await issueKeys(dir, wanted, NOW_MS);
    expect(readdirSync(join(dir, 'viewer-victor'))).not.toContain('nats.creds');
    await addAuthority(dir, NOW_MS);
    await rotateKeys(dir, { kind: 'all' }, NOW_MS);
    expect(readdirSync(join(dir, 'viewer-victor'))).toContain('nats.creds');
  });

  test('of a keeper hold for a day, are renewed for it alone, and keep no authority from being retired', async () => {
    const wanted = { role: 'keeper', name: 'k', serves: [] } as const;
    await issueKeys(dir, wanted, NOW_MS);
    expect(readdirSync(join(dir, 'keeper-k'))).toContain('nats.creds');
    expect(Date.parse(certificate('keeper-k').validTo)).toBe(NOW_MS + DAY_MS);
    const rolesOf = (handed: readonly { role: string }[]) => handed.map(({ role }) => role);
    await addAuthority(dir, NOW_MS);
    expect(rolesOf(await rotateKeys(dir, { kind: 'all' }, NOW_MS))).not.toContain('keeper');
    const soon = { kind: 'expiring', withinDays: 30 } as const;
    expect(rolesOf(await rotateKeys(dir, soon, NOW_MS))).not.toContain('keeper');
    expect((await retireAuthorities(dir)).authorities).toHaveLength(1);
    expect(rolesOf(await rotateKeys(dir, { kind: 'one', holder: wanted }, NOW_MS))).toEqual([
      'keeper',
    ]);
  });

  test('are not made twice, nor where there are none, nor for a name that is none', async () => {
    const options = {
      nats: { listen: 'x', directory: 'x', store: 'x' },
      ...{ natsNames: [], days: 1, wanted: [] },
    };
    await expect(initKeys(dir, options, NOW_MS)).rejects.toThrow('has keys already');
    await expect(issueKeys(join(parent, 'no'), { ...HOST, serves: [] }, NOW_MS)).rejects.toThrow(
      'there are no keys',
    );
    mkdirSync(join(parent, 'empty'));
    expect(() => listKeys(join(parent, 'empty'))).toThrow('there are no keys');
    for (const name of ['', '../x', 'a.b', 'A', '*', 'x'.repeat(64)]) {
      const wanted = { role: 'host', name, serves: [] } as const;
      await expect(issueKeys(dir, wanted, NOW_MS)).rejects.toThrow('is no name');
    }
    const serving = { ...HOST, serves: ['h1.example'] };
    await expect(issueKeys(dir, serving, NOW_MS)).rejects.toThrow('nobody calls a host');
  });

  test('that two make at once are all known', async () => {
    const wanted = ['a', 'b', 'c'].map((name) => ({ role: 'viewer', name, serves: [] }) as const);
    await Promise.allSettled(wanted.map((each) => issueKeys(dir, each, NOW_MS)));
    for (const { name } of listKeys(dir).filter(({ role }) => role === 'viewer')) {
      expect(certificate(`viewer-${name}`).serialNumber).toBe(
        listKeys(dir).find((each) => each.name === name)?.serial,
      );
    }
  });

  test('are replaced when they expire soon, and not before', async () => {
    const before = certificate('host-h1').serialNumber;
    const within = { kind: 'expiring', withinDays: 30 } as const;
    expect(await rotateKeys(dir, within, NOW_MS + 60 * DAY_MS)).toEqual([]);
    const rotated = await rotateKeys(dir, within, NOW_MS + 80 * DAY_MS);
    expect(rotated.map(({ role }) => role)).toEqual([
      ...['nats-server', 'orchestrator', 'host', 'operator'],
    ]);
    expect(certificate('host-h1').serialNumber).not.toBe(before);
    expect(isTaken('host-h1', 'nats-server')).toBe(true);
    // What has expired is forgotten.
    await rotateKeys(dir, { kind: 'one', holder: HOST }, NOW_MS + 101 * DAY_MS);
    expect(listKeys(dir).map(({ serial }) => serial)).not.toContain(before);
    const nobody = { kind: 'one', holder: { role: 'host', name: 'h2' } } as const;
    await expect(rotateKeys(dir, nobody, NOW_MS)).rejects.toThrow('nothing was issued to host h2');
  });

  test('outlive their authority by one step at a time', async () => {
    await addAuthority(dir, NOW_MS);
    expect(authorities('host-h1')).toHaveLength(2);
    await expect(retireAuthorities(dir)).rejects.toThrow('host-h1');
    // Half of the fleet has new keys, and everybody takes everybody.
    await rotateKeys(dir, { kind: 'one', holder: HOST }, NOW_MS);
    expect(isTaken('host-h1', 'nats-server')).toBe(true);
    expect(isTaken('nats-server', 'host-h1')).toBe(true);
    await rotateKeys(dir, { kind: 'all' }, NOW_MS);
    await retireAuthorities(dir);
    expect(authorities('host-h1')).toHaveLength(1);
    expect(isTaken('host-h1', 'nats-server')).toBe(true);
    expect(isTaken('operator-alice', 'orchestrator-o1')).toBe(true);
  });

  test('that were taken back are listed for orchestrators, those of all times', async () => {
    const first = certificate('host-h1').serialNumber;
    await rotateKeys(dir, { kind: 'one', holder: HOST }, NOW_MS);
    const second = certificate('host-h1').serialNumber;
    await revokeKeys(dir, HOST, NOW_MS);
    const listed = readFileSync(join(dir, 'orchestrator-o1/revoked'), 'utf8');
    expect(listed.trim().split('\n')).toEqual([first, second]);
    // Whoever was given nothing since is in nobody's way.
    expect(await rotateKeys(dir, { kind: 'all' }, NOW_MS)).toHaveLength(3);
    await issueKeys(dir, { ...HOST, serves: [] }, NOW_MS);
    const again = readFileSync(join(dir, 'orchestrator-o1/revoked'), 'utf8');
    expect(again).not.toContain(certificate('host-h1').serialNumber);
    const nobody = { role: 'viewer', name: 'x' } as const;
    await expect(revokeKeys(dir, nobody, NOW_MS)).rejects.toThrow('nothing was issued');
  });
});

describeHere(`a fleet whose keys change${missing}`, () => {
  let fleet: FleetUnderTest;

  beforeEach(async () => {
    fleet = await startFleetServer(['orchestrator:o1', 'host:h1']);
  });
  afterEach(() => fleet.close());

  /** Whether a holder comes in with the keys that lie in its directory now. */
  async function comesIn(holder: string): Promise<boolean> {
    try {
      await (await connectNats(fleet.optionsOf(holder))).close();
      return true;
    } catch {
      return false;
    }
  }

  /** What happens to a connection from now on. */
  function seenOf(connection: NatsConnection): string[] {
    const seen: string[] = [];
    void (async () => {
      for await (const { type } of connection.status()) seen.push(type);
    })();
    return seen;
  }

  test('the server says how it is at the address that was named for it, and at no other', async () => {
    const at = healthOf(fleet.server.url.port);
    expect((await fetch(`http://${at}/healthz`)).status).toBe(200);
    await expect(fetch(`http://${at.replace('127.0.0.2', '127.0.0.3')}/healthz`)).rejects.toThrow();
    // Also after the configuration was written anew.
    await rotateKeys(fleet.dir, { kind: 'all' }, Date.now());
    fleet.server.reload();
    expect((await fetch(`http://${at}/healthz`)).status).toBe(200);
  });

  test('a host that was taken back is thrown out, and is back with what it is given anew', async () => {
    const { connection } = await fleet.connect('host-h1');
    const seen = seenOf(connection);
    const other = await fleet.connect('orchestrator-o1');
    // A server takes a moment for what it reads anew.
    const happened = (type: string) => until(type, () => seen.includes(type));
    await revokeKeys(fleet.dir, HOST, Date.now());
    fleet.server.reload();
    await happened('disconnect');
    expect(await comesIn('host-h1')).toBe(false);
    expect(await comesIn('orchestrator-o1')).toBe(true);
    expect(seen).not.toContain('reconnect');
    // The process that was thrown out tries on, and reads what lies there at each try.
    await issueKeys(fleet.dir, { ...HOST, serves: [] }, Date.now());
    await happened('reconnect');
    await connection.flush();
    // The server makes everybody connect anew when an account changes; they are back by themselves.
    await until('the other is back', () => other.connection.rtt().then(Boolean, () => false));
  });

  test('a new authority is taken beside the old one, then alone, and whoever is connected is back', async () => {
    const { connection } = await fleet.connect('host-h1');
    const file = (name: string): string => readFileSync(join(fleet.dir, 'host-h1', name), 'utf8');
    const old = { ca: file('ca.pem'), cert: file('cert.pem'), key: file('key.pem') };
    const { url } = fleet.optionsOf('host-h1');
    const isTakenStill = async (): Promise<boolean> => {
      const refused = connect({ servers: url.host, tls: old, reconnect: false, timeout: 5_000 });
      return await refused.then(
        () => false,
        // The certificate was taken, and the credentials were asked for.
        (error: unknown) => /authorization/i.test(String(error)),
      );
    };

    await addAuthority(fleet.dir, Date.now());
    fleet.server.reload();
    await rotateKeys(fleet.dir, { kind: 'one', holder: HOST }, Date.now());
    await until('the host comes in', () => comesIn('host-h1'));
    expect(await comesIn('orchestrator-o1')).toBe(true);
    expect(await isTakenStill()).toBe(true);

    await rotateKeys(fleet.dir, { kind: 'all' }, Date.now());
    fleet.server.reload();
    await until('the host comes in', () => comesIn('host-h1'));
    await retireAuthorities(fleet.dir);
    fleet.server.reload();
    await until('the old one is refused', async () => !(await isTakenStill()));
    expect(await comesIn('host-h1')).toBe(true);
    expect(await comesIn('orchestrator-o1')).toBe(true);
    await until('it is back', () => connection.rtt().then(Boolean, () => false));
  });
});
