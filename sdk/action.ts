/** One step of an update, as the contract names them. */
export type ActionName =
  'download' | 'install' | 'verify' | 'rollback' | 'uninstall' | 'restart_app' | 'reboot';
