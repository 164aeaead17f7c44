// Words of a tool as one line that a terminal and a log show as it is.

/** Colours and the like (CSI), titles and links (OSC and its relatives), and what else follows an escape. */
// eslint-disable-next-line no-control-regex -- they are what is looked for
const escapes = /\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])/g;
/** Controls, what turns the direction of writing, what takes no room, and halves of characters. */
const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu;

/** @param charsMax beyond which it is cut. */
export function plain(text: string, charsMax: number): string {
  // Twice as much is enough: what is longer is cut anyway, and a megabyte need not be looked through.
  const line = text
    .slice(0, 4 * charsMax)
    .replace(escapes, '')
    .replace(invisible, ' ')
    .replace(/ {2,}/g, ' ')
    .trim();
  const chars = Array.from(line);
  return chars.length <= charsMax ? line : `${chars.slice(0, charsMax - 1).join('')}…`;
}
