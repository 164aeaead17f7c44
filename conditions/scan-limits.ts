// How much one scan may find. The contract states it (Scan in updater.proto); the plugin-host ends a
// run that goes beyond, and the orchestrator believes no host that lets more through.

/** More than any scan of one updater finds. */
export const UPDATES_PER_SCAN_MAX = 2_000;
/** Sixteen programs to be closed, by their longest paths, and some lines. */
export const UPDATE_BYTES_MAX = 96 * 1024;
/** Of all together: 4 kB each for as many as may come. */
export const SCAN_BYTES_MAX = 8 * 1024 * 1024;
