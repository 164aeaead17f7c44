// What is looked at only because somebody asks: programs and file systems, those of the settings, and
// those that watchers ask for while they watch.

/** Looking through every process for more is no use to any machine. */
export const APPS_MAX = 256;
/** Each may be a file system that answers slowly, or never. */
export const DISKS_MAX = 64;

export interface Asked {
  /** What is looked at now, each once. */
  readonly current: () => readonly string[];
  /** Looks at these, too, until the returned function is called. */
  ask(names: readonly string[]): () => void;
}

/** Told when something is looked at that was not before, and what is not looked at any more. */
interface Ears {
  readonly onMore: () => void;
  readonly onGone: (names: readonly string[]) => void;
}

/** @param max looked at in all, `own` first. */
export function createAsked(own: readonly string[], max: number, { onMore, onGone }: Ears): Asked {
  const asking = new Map<symbol, readonly string[]>();
  const together = (): string[] =>
    [...new Set([...own, ...[...asking.values()].flat()])].slice(0, max);
  let current = together();
  return {
    current: () => current,
    ask: (names) => {
      const key = Symbol('watcher');
      const before = new Set(current);
      asking.set(key, names.slice(0, max));
      current = together();
      if (current.some((name) => !before.has(name))) onMore();
      return () => {
        const before = current;
        asking.delete(key);
        current = together();
        const gone = before.filter((name) => !current.includes(name));
        if (gone.length > 0) onGone(gone);
      };
    },
  };
}
