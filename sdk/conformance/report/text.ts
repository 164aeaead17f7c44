// What came of the clauses, for a terminal.

import { countOf, type Report, type Tried } from '../suite.js';

const ID_CHARS = 24;
const words = { passed: 'ok', failed: 'FAILED', skipped: 'skipped' } as const;

export function lineOf({ id, says, verdict, tookMs }: Tried): string {
  const head = `${words[verdict.kind].padEnd(7)}  ${id.padEnd(ID_CHARS)}`;
  switch (verdict.kind) {
    case 'passed':
      return `${head}  ${secondsOf(tookMs)}`;
    case 'skipped':
      return `${head}  ${verdict.why}`;
    case 'failed':
      return `${head}  ${verdict.why}\n${' '.repeat(9)}the contract: ${says}`;
  }
}

/** What there is to say at the end; its last line sums up. */
export function summaryOf(report: Report): string[] {
  const [passed, failed, skipped] = (['passed', 'failed', 'skipped'] as const).map((kind) =>
    String(countOf(report, kind)),
  );
  const tookMs = report.tried.reduce((sum, each) => sum + each.tookMs, 0);
  const counts = `${passed ?? ''} passed, ${failed ?? ''} failed, ${skipped ?? ''} skipped`;
  return [...nothingFound(report), `${report.subject}: ${counts}, in ${secondsOf(tookMs)}`];
}

export function nothingFound({ withoutUpdateCount }: Report): string[] {
  if (withoutUpdateCount === 0) return [];
  return [
    `found nothing to update: ${String(withoutUpdateCount)} clauses not tried. Give it something: what it looks after with --root NAME=DIR, an older version than its feed has, or another feed with --set NAME=VALUE.`,
  ];
}

export function secondsOf(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
