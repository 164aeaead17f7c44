// Of several that wait, what stands in the way of all of them: said once, above them.

import type { Reason, Subject } from '../../proto/gen/lull/operator/v1/operator.js';

export interface Shared {
  /** In the order of the first; empty: there is none, or one alone waits. */
  readonly reasons: readonly Reason[];
  /** What each has besides. */
  readonly besides: readonly Subject[];
}

/** The same in each field: one that stands since another instant is another one. */
export function sharedReasons(subjects: readonly Subject[]): Shared {
  const waiting = subjects.filter(({ reasons }) => reasons.length > 0);
  const [first, ...others] = waiting.map(({ reasons }) => new Set(reasons.map(textOf)));
  const shared = new Set(
    [...(others.length === 0 ? [] : (first ?? []))].filter((text) =>
      others.every((each) => each.has(text)),
    ),
  );
  const isShared = (reason: Reason): boolean => shared.has(textOf(reason));
  return {
    reasons: (waiting[0]?.reasons ?? []).filter(isShared),
    besides: subjects.map((each) => ({
      ...each,
      reasons: each.reasons.filter((reason) => !isShared(reason)),
    })),
  };
}

function textOf(reason: Reason): string {
  return JSON.stringify(reason, (_key, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );
}
