// A vendor puts another manifest in the place of the one that an operator looked at, or is about to accept: the
// same version, the same files, and other hosts.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { packLullFile } from '../../bundle/tar.js';
import { openOperator, type OperatorUnderTest } from '../../orchestrator/api/operator.testing.js';
import type { Fact } from '../../orchestrator/journal/fact.js';
import { packed, submit } from '../../orchestrator/registry/submission.testing.js';
import { newVendor } from '../../orchestrator/trust/signed-manifest.testing.js';
import { UPDATER } from '../../orchestrator/world/history.testing.js';
import { RegistryServiceClient } from '../../proto/gen/lull/registry/v1/registry.js';
import { dialUnix, unary } from '../../runtime/grpc.js';
import { typed } from './typed.testing.js';

const acme = newVendor();
let operator: OperatorUnderTest;
let vendor: RegistryServiceClient;

const manifestWith = (host: string) => packed({ main: 'run' }, { egress: [host] }, acme);

beforeEach(async () => {
  operator = await openOperator();
  vendor = dialUnix(RegistryServiceClient, join(operator.rig.directory, 'operator.sock'));
});

afterEach(async () => {
  vendor.close();
  await operator.close();
});

async function bring(host: string): Promise<void> {
  expect(await submit(vendor, await manifestWith(host))).toMatchObject({ kind: 'accepted' });
}

async function replaceBy(host: string): Promise<void> {
  await unary(vendor.withdraw.bind(vendor), { id: UPDATER }, { deadlineMs: 5_000 });
  await bring(host);
}

/** The command that `lull updaters` shows below what waits. */
async function shown(): Promise<string> {
  const listed = await typed(operator, 'updaters');
  return /to accept that: lull (.*)/.exec(listed)?.[1] ?? listed;
}

async function acceptances(): Promise<Fact[]> {
  return (await operator.rig.facts()).filter(({ kind }) => kind === 'updater.enabled');
}

test('the command that is shown accepts what was shown, and nothing that came in its place', async () => {
  await bring('good.example');
  const looked = await shown();
  expect(looked).toMatch(/^updaters enable com\.acme\.tool 1\.0\.0@[0-9a-f]{64}$/);
  await replaceBy('evil.example');
  await expect(typed(operator, looked)).rejects.toMatchObject({
    details: expect.stringMatching(/registered now, not .*"lull updaters" shows/) as unknown,
  });
  expect(await acceptances()).toEqual([]);
  const [, digest = ''] = looked.split('@');
  await replaceBy('good.example'); // The same manifest again is the one that was looked at.
  expect(await typed(operator, looked)).toContain('enabled');
  expect(await acceptances()).toMatchObject([{ version: '1.0.0', manifestSha256: digest }]);
});

test('whoever removes what is not there hears that, and may have mistyped it', async () => {
  await bring('good.example');
  expect(await typed(operator, 'updaters remove com.acme.tol')).toBe(
    'com.acme.tol was not registered: see "lull updaters"\n',
  );
  const gone = `${UPDATER} is not registered now\n`;
  expect(await typed(operator, `updaters remove ${UPDATER}`)).toBe(gone);
});

describe('"updaters add --enable" accepts the manifest in its file', () => {
  let file: string;
  let others: Fact[];

  beforeEach(async () => {
    const { envelope, tar } = await manifestWith('good.example');
    file = join(operator.rig.directory, 'tool.lull');
    writeFileSync(file, await packLullFile(envelope, tar));
    const evil = await manifestWith('evil.example');
    const version = { version: '1.0.0', publisher: 'acme', bundleSha256: evil.sha256, keyIds: [] };
    others = [
      { kind: 'updater.withdrawn', id: UPDATER, actor: 'vendor' },
      {
        ...{ kind: 'updater.submitted', id: UPDATER, ...version },
        envelope: evil.envelope.toString('base64'),
      },
    ];
  });

  afterEach(() => {
    const updater = operator.rig.ledger.world.updaters.get(UPDATER);
    expect(updater).toMatchObject({ state: 'verified' });
    expect(updater?.current.manifest.egress).toEqual(['evil.example']);
  });

  const addIt = () => typed(operator, `updaters add ${file} --enable`);
  const refused = { details: expect.stringContaining('registered now, not') as unknown };

  test('and none that has taken its place before the order to enable it came', async () => {
    const { ledger } = operator.rig;
    const append = ledger.append.bind(ledger);
    ledger.append = async (facts) => {
      ledger.append = append;
      await append(facts);
      await append(others);
    };
    await expect(addIt()).rejects.toMatchObject(refused);
    expect(await acceptances()).toEqual([]);
  });

  test('and none that was on its way into the journal when that was decided on', async () => {
    const { ledger } = operator.rig;
    ledger.onEntry(({ sequence }) => {
      if (sequence === 1) void ledger.append(others);
    });
    await expect(addIt()).rejects.toMatchObject(refused);
  });
});

test('"updaters add --enable" of a manifest that is there already, signed by whomever, accepts it', async () => {
  await bring('good.example');
  const { envelope, tar } = await packed(
    { main: 'run' },
    { egress: ['good.example'] },
    newVendor(),
  );
  const file = join(operator.rig.directory, 'tool.lull');
  writeFileSync(file, await packLullFile(envelope, tar));
  expect(await typed(operator, `updaters add ${file} --enable`)).toContain('enabled');
});

test.each(['1.0.0@', '1.0.0@9f86d081', `1.0.0@${'A'.repeat(64)}`, `@${'a'.repeat(64)}`])(
  'what is no whole digest is refused, and not taken for a version: %s',
  async (lookedAt) => {
    await bring('good.example');
    await expect(typed(operator, `updaters enable ${UPDATER} ${lookedAt}`)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining('64 hexadecimal digits') as unknown,
    });
    expect(await acceptances()).toEqual([]);
  },
);

test('who names a version alone, or nothing, accepts what is registered', async () => {
  await bring('good.example');
  expect(await typed(operator, `updaters enable ${UPDATER} 1.0.0`)).toContain('enabled');
  expect(await typed(operator, `updaters enable ${UPDATER}`)).toContain('enabled');
});
