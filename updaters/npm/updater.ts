// Keeps the programs of an npm prefix up to date.
//
//   scan      what is installed × what the registry offers → updates
//   download  the closure is worked out, the host fetches each tarball by its digest
//   install   the new version is unpacked offline, and committed by the host in place of the old one
//   verify    the version is there, and its commands start
//   rollback  the host swaps the tree before back in
//
// Each action can be killed anywhere and repeated: what is half done is thrown away or recognised.

import { rm } from 'node:fs/promises';
import semver from 'semver';
import { fail } from '../../sdk/failure.js';
import type { ActionName } from '../../sdk/action.js';
import type { Outcome, PerformCall, UpdaterDefinition } from '../../sdk/updater.js';
import { download } from './download.js';
import { description } from './identity.js';
import { install } from './install.js';
import { nameOfUpdate } from './package-name.js';
import { scan } from './scan.js';
import { verify } from './verify.js';
import { ROOT, workOf, type Target } from './work.js';

export const npmUpdater: UpdaterDefinition = {
  describe: description,
  scan,
  perform: (call, update, action) => {
    const name = nameOfUpdate(update.id);
    // T7: both become parts of paths.
    if (name === undefined || semver.valid(update.toVersion) !== update.toVersion) {
      throw fail('FIELD_INVALID', `${update.id} ${update.toVersion} is no update of this updater`);
    }
    return act(call, { name, version: update.toVersion }, action);
  },
  forget: async (updateId, workDir) => {
    const name = nameOfUpdate(updateId);
    if (name === undefined) return;
    await rm(workOf(workDir, { name, version: '' }).packageDir, { recursive: true, force: true });
  },
};

async function act(call: PerformCall, target: Target, action: ActionName): Promise<Outcome> {
  switch (action) {
    case 'download':
      return download(call, target);
    case 'install':
      return install(call, target);
    case 'verify':
      return verify(call, target);
    case 'rollback':
      await call.host.revert(ROOT);
      return { kind: 'succeeded' };
    case 'uninstall':
    case 'restart_app':
    case 'reboot':
      throw fail('CAPABILITY_ABSENT', `this updater does not offer ${action}`);
  }
}
