// The smallest updater that does its whole job. It keeps a directory at the version that a feed
// names; docs/vendors.md walks through it.
//
//   scan      latest.json of the feed × VERSION in the directory → one update, or none
//   download  the host fetches the file by its digest; it is laid out in the work directory
//   install   the host commits what was laid out
//   verify    the directory shows the version
//   rollback  the host swaps the version before back in
//
// Each step can be killed anywhere and repeated: `download` begins by throwing away what an earlier
// attempt left, and the host answers a repeated Commit or Revert with the first receipt.

import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EgressClient } from '../../sdk/egress/client.http.js';
import { fail } from '../../sdk/failure.js';
import { serve } from '../../sdk/serve.js';
import type { Call, Outcome, PerformCall, UpdateFound } from '../../sdk/updater.js';

/** The install root, as manifest.json names it. */
const ROOT = 'words';
/** The one update that there ever is. */
const UPDATE = 'words';
/** The layout of the next version, in the work directory. */
const STAGED = 'staged';
const FEED_BYTES_MAX = 64 * 1024;
const FILE_BYTES_MAX = 64 * 1024 * 1024;

interface Offer {
  readonly version: string;
  /** Relative to the feed. */
  readonly file: string;
  readonly sha256: string;
}

async function latest(call: Call): Promise<Offer> {
  const client = new EgressClient(call.egressSocket);
  try {
    const url = inFeed(call, 'latest.json');
    const offer = await client.getJson(url, { bytesMax: FEED_BYTES_MAX, signal: call.signal });
    const { version, file, sha256 } = (offer ?? {}) as Partial<Record<keyof Offer, unknown>>;
    if (typeof version === 'string' && typeof file === 'string' && typeof sha256 === 'string') {
      return { version, file, sha256 };
    }
    throw fail('UPSTREAM_DOWN', `${url} does not name a version, a file and its sha256`);
  } finally {
    client.close();
  }
}

function inFeed(call: Call, file: string): string {
  const feed = call.settings.get('feed') ?? '';
  return new URL(file, feed.endsWith('/') ? feed : `${feed}/`).href;
}

async function installedVersion(call: Call): Promise<string | undefined> {
  try {
    return (await readFile(join(call.rootDir(ROOT), 'VERSION'), 'utf8')).trim();
  } catch {
    // Nothing is installed yet.
    return undefined;
  }
}

async function* scan(call: Call): AsyncGenerator<UpdateFound> {
  const [{ version }, installed] = await Promise.all([latest(call), installedVersion(call)]);
  if (installed === version) return;
  yield {
    id: UPDATE,
    title: `Word list ${version}`,
    ...(installed !== undefined && { fromVersion: installed }),
    toVersion: version,
    nextAction: 'download',
  };
}

async function download(call: PerformCall, update: UpdateFound): Promise<Outcome> {
  const { version, file, sha256 } = await latest(call);
  if (version !== update.toVersion) return { kind: 'gone' };
  const artifact = await call.host.fetch(
    {
      url: inFeed(call, file),
      digests: [{ algorithm: 'sha256', hex: sha256 }],
      sizeMaxBytes: FILE_BYTES_MAX,
    },
    (received, total) => {
      call.progress(received / (total ?? FILE_BYTES_MAX), `fetching ${file}`);
    },
  );
  const staged = join(call.workDir, STAGED);
  await rm(staged, { recursive: true, force: true });
  await mkdir(staged);
  await copyFile(artifact.path, join(staged, 'words.txt'));
  await writeFile(join(staged, 'VERSION'), `${version}\n`);
  return { kind: 'more_to_do', nextAction: 'install' };
}

// What others may write to is refused by Commit, so nothing is made that way to begin with.
process.umask(0o022);
await serve({
  describe: {
    name: 'com.example.words',
    version: '1.0.0',
    capabilities: { rollback: true, verify: true },
    software: ['the word list'],
  },
  scan,
  perform: async (call, update, action): Promise<Outcome> => {
    if (update.id !== UPDATE) return { kind: 'gone' };
    switch (action) {
      case 'download':
        return download(call, update);
      case 'install':
        await call.host.commit(ROOT, STAGED);
        return { kind: 'more_to_do', nextAction: 'verify' };
      case 'verify':
        if ((await installedVersion(call)) === update.toVersion) return { kind: 'succeeded' };
        throw fail('VERIFY_FAILED', `the directory does not show ${update.toVersion}`);
      case 'rollback':
        await call.host.revert(ROOT);
        return { kind: 'succeeded' };
      case 'uninstall':
      case 'restart_app':
      case 'reboot':
        throw fail('CAPABILITY_ABSENT', `this updater does not offer ${action}`);
    }
  },
});
