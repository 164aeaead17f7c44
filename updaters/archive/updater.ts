// Keeps one program up to date that its makers publish as an archive, or as one file.
//
//   scan      the version in the root × the newest of the feed → one update, or none
//   download  the host fetches the file by the digest that the feed has of it
//   install   the file is unpacked, and the tree committed by the host
//   verify    the version is there, and the program starts
//   rollback  the host swaps the tree before back in
//
// Each action can be killed anywhere and repeated: what is half done is thrown away or recognised.

import type { ActionName } from '../../sdk/action.js';
import { fail } from '../../sdk/failure.js';
import type { Description, Outcome, PerformCall, UpdaterDefinition } from '../../sdk/updater.js';
import { download } from './download.js';
import { install } from './install.js';
import { scan } from './scan.js';
import { verify } from './verify.js';
import { readVersion } from './version.js';
import { updateIdOf, wantedOf, type Wanted } from './wanted.js';
import { ROOT, type Target } from './work.fs.js';

/** @param identity as its manifest has it: a machine has many programs, and each an updater of its own. */
export function archiveUpdater(identity: Pick<Description, 'name' | 'version'>): UpdaterDefinition {
  return {
    describe: {
      ...identity,
      capabilities: { rollback: true, verify: true },
      software: ['a program published as an archive or as one file'],
    },
    scan,
    perform: (call, { id: updateId, toVersion, digest }, action) => {
      const wanted = wantedOf(call.settings);
      // T7: the version becomes a line of the record, which is read again.
      const isOurs = updateId === updateIdOf(wanted) && readVersion(toVersion) !== undefined;
      if (!isOurs || digest === undefined) {
        throw fail(
          'FIELD_INVALID',
          `${updateId} ${toVersion} is no update of this updater, as it is set now`,
        );
      }
      return act(call, wanted, { version: toVersion, digest }, action);
    },
  };
}

async function act(
  call: PerformCall,
  wanted: Wanted,
  target: Target,
  action: ActionName,
): Promise<Outcome> {
  switch (action) {
    case 'download':
      return download(call, wanted, target);
    case 'install':
      return install(call, wanted, target);
    case 'verify':
      return verify(call, wanted, target);
    case 'rollback':
      await call.host.revert(ROOT);
      return { kind: 'succeeded' };
    case 'uninstall':
    case 'restart_app':
    case 'reboot':
      throw fail('CAPABILITY_ABSENT', `this updater does not offer ${action}`);
  }
}
