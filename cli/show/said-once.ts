/** What is shorter is read faster than where it stands. */
const REPEATED_CHARS_MAX = 40;

/** Why each is not known; where that has been said of another one above, which one that is. */
export function saidOnce(
  rows: readonly { readonly name: string; readonly why: string | undefined }[],
): (string | undefined)[] {
  const first = new Map<string, string>();
  return rows.map(({ name, why }) => {
    if (why === undefined || why.length <= REPEATED_CHARS_MAX) return why;
    const above = first.get(why);
    if (above === undefined) first.set(why, name);
    return above === undefined ? why : `see ${above}`;
  });
}
