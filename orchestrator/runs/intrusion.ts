/** How much a run may be felt, from what nobody notices to what everybody does. */
export const intrusions = ['silent', 'gentle', 'noticeable', 'forced'] as const;
export type Intrusion = (typeof intrusions)[number];

export function atLeast(level: Intrusion, wanted: Intrusion): boolean {
  return intrusions.indexOf(level) >= intrusions.indexOf(wanted);
}
