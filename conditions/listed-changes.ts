// Which changes of a directory are listed: as many as an entry of the journal has room for. The plugin-host
// tells no more, on whichever carrier, and the orchestrator writes no more.

export const CHANGES_MAX = 1_000;
/** Of all that are listed, as the journal has them: half of what an entry holds. */
const CHANGES_BYTES_MAX = 480 * 1024;
/** Of each, beside its path: two digests, a mode, and their names. */
const CHANGE_BYTES = 256;

/** The first ones that have room. */
export function listedChanges<C extends { readonly path: string }>(
  changes: readonly C[],
): { readonly changes: C[]; readonly isCut: boolean } {
  const listed: C[] = [];
  let bytes = 0;
  for (const change of changes) {
    bytes += CHANGE_BYTES + storedBytes(change.path);
    if (listed.length >= CHANGES_MAX || bytes > CHANGES_BYTES_MAX) break;
    listed.push(change);
  }
  return { changes: listed, isCut: listed.length < changes.length };
}

/** A text in an entry, which is JSON, in a message, which is JSON again. */
function storedBytes(text: string): number {
  return Buffer.byteLength(JSON.stringify(JSON.stringify(text)));
}
