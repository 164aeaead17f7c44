// The parts of Lull, by the names that `--only` knows.

export const parts = ['sensor-service', 'orchestrator', 'plugin-host'] as const;
export type Part = (typeof parts)[number];
