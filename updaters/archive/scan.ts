// What could be updated: the version in the root held against the newest of the feed.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ScanCall, UpdateFound } from '../../sdk/updater.js';
import { offersOf } from './feed.http.js';
import { chooseOffer, digestText, hasRelease } from './offer.js';
import { installedIn } from './record.fs.js';
import { programName, updateIdOf, wantedOf } from './wanted.js';
import { ROOT, STAGE } from './work.fs.js';

export async function* scan(call: ScanCall): AsyncGenerator<UpdateFound> {
  const wanted = wantedOf(call.settings);
  // Of an installation that was cut, and that nobody may go on with.
  await rm(join(call.workDir, STAGE), { recursive: true, force: true });
  const installed = await installedIn(call.rootDir(ROOT), wanted.rootPath);
  const offers = await offersOf(call, wanted);
  if (!hasRelease(offers)) {
    const words = `every version of ${wanted.assetText} is a prerelease, such as`;
    call.host.log('warn', `${words} ${offers[0]?.version ?? 'none'}: none is taken`);
  }
  const offer = chooseOffer(offers, installed?.version);
  if (offer === undefined) return;
  yield {
    id: updateIdOf(wanted),
    title: `${programName(wanted)} ${offer.version}`,
    ...(installed !== undefined && { fromVersion: installed.text }),
    toVersion: offer.version,
    ...(offer.sizeBytes !== undefined && { downloadBytes: offer.sizeBytes }),
    ...(offer.notesUrl !== undefined && { releaseNotesUrl: offer.notesUrl }),
    digest: digestText(offer.digest),
    nextAction: 'download',
  };
}
