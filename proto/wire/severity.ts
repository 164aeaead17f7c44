// How bad it is to be without an update, on the wire and in the core. Generated enums stop here.

import { Severity } from '../gen/lull/updater/v1/updater.js';

const toWire = {
  low: Severity.LOW,
  moderate: Severity.MODERATE,
  important: Severity.IMPORTANT,
  critical: Severity.CRITICAL,
} as const;

export type SeverityName = keyof typeof toWire;

const fromWire = new Map(
  (Object.entries(toWire) as [SeverityName, Severity][]).map(([name, each]) => [each, name]),
);

export function severityToWire(severity: SeverityName | undefined): Severity {
  return severity === undefined ? Severity.UNSPECIFIED : toWire[severity];
}

/** As a member of an update; none for one that is unspecified or that this version does not know. */
export function severityMember(severity: Severity): { severity?: SeverityName } {
  const name = fromWire.get(severity);
  return name === undefined ? {} : { severity: name };
}
