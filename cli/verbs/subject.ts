/** What `<subject>` may be, for `--help`. */
export const A_SUBJECT = `an updater's id, or an update's; "UPDATER UPDATE" where two updaters use the same`;
