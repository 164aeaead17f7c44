// What could be updated: each installed package held against the registry's document about it.

import { EgressClient } from '../../sdk/egress/client.http.js';
import { fail } from '../../sdk/failure.js';
import type { Call, ScanCall, UpdateFound } from '../../sdk/updater.js';
import { installedPackages, isDirectory, type InstalledPackage } from './installed.fs.js';
import { offerOf } from './offer.js';
import { documentUrl, updateIdOf } from './package-name.js';
import { inParallel } from '../../sdk/parallel.js';
import { chooseTarget } from './target.js';
import { ROOT } from './work.js';

/** The short form of the document: versions, digests and engines, without readmes. */
const ACCEPT = 'application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*';
/** The largest known short documents have about 15 MiB; eight at once fit into the memory limit. */
const DOCUMENT_BYTES_MAX = 24 * 1024 * 1024;
const REQUESTS_MAX = 8;

export function registryOf(call: Call): string {
  const registry = call.settings.get('registry');
  if (registry === undefined) throw fail('FIELD_INVALID', 'the setting "registry" has no value');
  return registry;
}

/** The registry's document about a package; undefined where it knows none. @throws UpdaterFailure */
export function documentOf(
  { signal }: Call,
  client: EgressClient,
  registry: string,
  name: string,
): Promise<unknown> {
  const options = { headers: { accept: ACCEPT }, bytesMax: DOCUMENT_BYTES_MAX, signal };
  return client.getJson(documentUrl(registry, name), options);
}

/** @throws UpdaterFailure UPSTREAM_DOWN: half a set would make the rest look as if it went away. */
export async function* scan(call: ScanCall): AsyncGenerator<UpdateFound> {
  const registry = registryOf(call);
  await requirePrefix(call);
  const installed = await installedPackages(call.rootDir(ROOT));
  const client = new EgressClient(call.egressSocket);
  try {
    const found = await inParallel(installed, REQUESTS_MAX, (each) =>
      look(call, client, registry, each),
    );
    for (const update of found) if (update !== undefined) yield update;
  } finally {
    client.close();
  }
}

/** An empty prefix has nothing to update. One that is not there is mostly a slip of the pen. */
async function requirePrefix(call: ScanCall): Promise<void> {
  if (await isDirectory(call.rootDir(ROOT))) return;
  const prefix = call.settings.get('prefix') ?? '';
  throw fail(
    'PREFIX_MISSING',
    `there is no directory ${prefix}. Make it, or bind the setting "prefix" to the one that ` +
      '"npm config get prefix" names',
  );
}

async function look(
  call: ScanCall,
  client: EgressClient,
  registry: string,
  installed: InstalledPackage,
): Promise<UpdateFound | undefined> {
  const { name, version } = installed;
  const document = await documentOf(call, client, registry, name);
  if (document === undefined) {
    call.host.log('warn', `${name} is installed, but the registry does not know it: left alone`);
    return undefined;
  }
  const offer = offerOf(document);
  if (offer === undefined) {
    call.host.log('warn', `the registry names no latest version of ${name}: left alone`);
    return undefined;
  }
  const target = chooseTarget(version, offer, process.version);
  if (target === undefined) return undefined;
  return {
    id: updateIdOf(name),
    title: `${name} ${target.version}`,
    fromVersion: version,
    toVersion: target.version,
    ...(target.unpackedBytes !== undefined && { installBytes: target.unpackedBytes }),
    // Every installation replaces the whole prefix, so two of them never overlap.
    conflictKeys: [ROOT],
    nextAction: 'download',
  };
}
