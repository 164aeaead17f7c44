// Programs that are looked for: those of the settings, and those that watchers ask for while they watch.

/** Looking through every process for more is no use to any machine. */
export const APPS_MAX = 256;

export interface AskedApps {
  /** What is looked for now, each once. */
  readonly current: () => readonly string[];
  /** Looks for these, too, until the returned function is called. */
  ask(apps: readonly string[]): () => void;
}

/** Told when something is looked for that was not before, and what is not looked for any more. */
interface Ears {
  readonly onMore: () => void;
  readonly onGone: (apps: readonly string[]) => void;
}

export function createAskedApps(own: readonly string[], { onMore, onGone }: Ears): AskedApps {
  const asking = new Map<symbol, readonly string[]>();
  const together = (): string[] =>
    [...new Set([...own, ...[...asking.values()].flat()])].slice(0, APPS_MAX);
  let current = together();
  return {
    current: () => current,
    ask: (apps) => {
      const key = Symbol('watcher');
      const before = new Set(current);
      asking.set(key, apps.slice(0, APPS_MAX));
      current = together();
      if (current.some((app) => !before.has(app))) onMore();
      return () => {
        const before = current;
        asking.delete(key);
        current = together();
        const gone = before.filter((app) => !current.includes(app));
        if (gone.length > 0) onGone(gone);
      };
    },
  };
}
