// Which updaters were withdrawn so long ago that nothing of theirs is kept any more.

/** By updater: since when it is known not to be registered, ms since the epoch. */
export type Absences = ReadonlyMap<string, number>;

/** Longer than a launch lingers: nobody is at home any more. */
const KEEP_MS_MIN = 10_000;

/** @param present who has something here; of everybody else nothing needs to be known. */
export function absencesNow(
  before: Absences,
  present: readonly string[],
  registered: ReadonlySet<string>,
  nowMs: number,
): Absences {
  const absent = present.filter((id) => !registered.has(id));
  return new Map(absent.map((id) => [id, before.get(id) ?? nowMs]));
}

/** Who is gone for good by now, and in how long somebody else will be. */
export function goneForGood(
  absences: Absences,
  keepMs: number,
  nowMs: number,
): { readonly gone: readonly string[]; readonly nextMs: number | undefined } {
  const gone: string[] = [];
  let nextMs: number | undefined;
  for (const [id, sinceMs] of absences) {
    // A clock that was set back makes nothing old.
    const leftMs = sinceMs + Math.max(keepMs, KEEP_MS_MIN) - nowMs;
    if (leftMs <= 0) gone.push(id);
    else nextMs = Math.min(leftMs, nextMs ?? leftMs);
  }
  return { gone, nextMs };
}
