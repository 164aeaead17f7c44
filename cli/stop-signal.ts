/** A terminal's Ctrl-C, and what whoever started us sends on of it, are one: at most so far apart they come. */
const TOGETHER_MS = 500;

/** Aborted by the first SIGINT or SIGTERM; another one, a while later, ends the process at once. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  let firstAtMs = Infinity;
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (performance.now() - firstAtMs > TOGETHER_MS) process.exit(130);
      firstAtMs = Math.min(firstAtMs, performance.now());
      controller.abort();
    });
  }
  return controller.signal;
}

/** Aborted as well at the end of stdin: whoever started us holds the other end of that pipe. */
export function orEndOfInput(signal: AbortSignal): AbortSignal {
  const controller = new AbortController();
  process.stdin.resume();
  // It is no reason to stay.
  process.stdin.unref();
  process.stdin.once('close', () => {
    controller.abort();
  });
  return AbortSignal.any([signal, controller.signal]);
}
