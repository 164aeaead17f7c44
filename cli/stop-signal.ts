/** Aborted by the first SIGINT or SIGTERM; a second one ends the process at once. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130);
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
