// What Lull tells an updater at its launch, read once.

export interface LaunchEnvironment {
  readonly socketPath: string;
  readonly hostSocketPath: string;
  readonly egressSocket: string | undefined;
  readonly token: string;
  readonly workDir: string;
  /** Where install roots are shown, one directory each. */
  readonly rootsDir: string;
  readonly traceparent: string | undefined;
}

/**
 * Reads the LULL_* variables. LULL_ROOTS is where the sandbox shows the install roots; without it
 * they are where the contract says, so that only a run outside a sandbox needs it.
 * @throws Error that names every variable that is missing.
 */
export function readEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): LaunchEnvironment {
  const names = ['LULL_SOCKET', 'LULL_HOST_SOCKET', 'LULL_TOKEN', 'LULL_WORK'] as const;
  const missing = names.filter((name) => (env[name] ?? '') === '');
  if (missing.length > 0) {
    throw new Error(
      `${missing.join(', ')} not set: this program is an updater, which Lull's plugin-host starts`,
    );
  }
  const protocols = (env['LULL_PROTOCOLS'] ?? '1').split(',').map((each) => each.trim());
  if (!protocols.includes('1')) {
    throw new Error(
      `the host speaks versions ${protocols.join(', ')} of the contract, this updater version 1`,
    );
  }
  const value = (name: (typeof names)[number]): string => env[name] ?? '';
  return {
    socketPath: value('LULL_SOCKET'),
    hostSocketPath: value('LULL_HOST_SOCKET'),
    egressSocket: env['LULL_EGRESS_SOCKET'],
    token: value('LULL_TOKEN'),
    workDir: value('LULL_WORK'),
    rootsDir: env['LULL_ROOTS'] ?? '/lull/roots',
    traceparent: env['TRACEPARENT'],
  };
}
