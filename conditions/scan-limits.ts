// How much one scan may find. The contract states it (Scan in updater.proto); the plugin-host ends a
// run that goes beyond, and the orchestrator believes no host that lets more through.

/** More than any scan of one updater finds. */
export const UPDATES_PER_SCAN_MAX = 2_000;
/** Sixteen programs to be closed, by their longest paths, and some lines. */
export const UPDATE_BYTES_MAX = 96 * 1024;
/** Of all together, each with what it takes beside its own bytes: as many as an entry of the journal holds. */
export const SCAN_BYTES_MAX = 928 * 1024;
/** What the journal adds to each: names of its members. */
export const UPDATE_BYTES_BESIDE = 320;
