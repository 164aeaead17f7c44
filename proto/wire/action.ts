// Actions on the wire and in the core. Generated enums stop here.

import type { Action as ActionName } from '../../bundle/manifest.js';
import { Action } from '../gen/lull/updater/v1/updater.js';

const toWire: Record<ActionName, Action> = {
  download: Action.DOWNLOAD,
  install: Action.INSTALL,
  verify: Action.VERIFY,
  rollback: Action.ROLLBACK,
  uninstall: Action.UNINSTALL,
  restart_app: Action.RESTART_APP,
  reboot: Action.REBOOT,
};

const fromWire = new Map(
  (Object.entries(toWire) as [ActionName, Action][]).map(([name, action]) => [action, name]),
);

export function actionToWire(action: ActionName): Action {
  return toWire[action];
}

/** The action, or undefined for one that is unspecified or that this version does not know. */
export function actionFromWire(action: Action): ActionName | undefined {
  return fromWire.get(action);
}
