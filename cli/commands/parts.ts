// The services that are parts of Lull, each of which may run alone.

export const parts = ['sensor-service', 'orchestrator', 'plugin-host'] as const;
export type Part = (typeof parts)[number];
