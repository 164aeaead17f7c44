// What takes long is done once for all who ask for it at the same time.

/** @returns `act`, once at a time: who asks while it goes on shares the next time with all others who do. */
export function oneAtATime<T>(act: () => Promise<T>): () => Promise<T> {
  let now: Promise<T> | undefined;
  let next: Promise<T> | undefined;

  function begin(): Promise<T> {
    next = undefined;
    const begun = act().finally(() => {
      if (now === begun) now = undefined;
    });
    now = begun;
    return begun;
  }

  return () => {
    if (next !== undefined) return next;
    if (now === undefined) return begin();
    next = now.then(begin, begin);
    return next;
  };
}
