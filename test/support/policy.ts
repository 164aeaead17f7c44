// The policy of a stage: what the defaults make people wait for, shortened.

export interface TrustedKey {
  readonly publisher: string;
  readonly publicKey: string;
}

/** Members of a policy file that a test wants otherwise; each replaces the stage's whole member. */
export type PolicyChange = Readonly<Record<string, unknown>>;

/** The text of a policy file. It is YAML, and JSON is YAML. */
export function stagePolicy(trusted: readonly TrustedKey[], change: PolicyChange = {}): string {
  const policy = {
    publishers: trusted.map(({ publisher, publicKey }) => ({
      name: publisher,
      keys: [publicKey],
      ids: ['dev.lull.*'],
    })),
    waiting: {
      away: '100ms',
      away_for_install: '100ms',
      away_to_resume: '100ms',
      between_resumes: '0s',
      start_up: '0s',
      set_up: '0s',
      boot: '0s',
      resume: '0s',
      login: '0s',
    },
    // Other tests are busy beside this one.
    load: Object.fromEntries(
      [
        'cpu.busy',
        'disk.busy',
        'pressure.cpu',
        'pressure.io',
        'pressure.memory',
        'memory.used',
      ].map((signal) => [signal, 'off']),
    ),
    disk: { free_min_mb: 16 },
    retry: { first: '100ms', install: '500ms', give_up: '2s' },
    ...change,
  };
  return JSON.stringify(policy, undefined, 2);
}
