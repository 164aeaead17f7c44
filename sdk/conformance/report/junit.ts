// What came of the clauses, as the programs of CI read it: a suite for each group, a case for each clause.

import type { Report, Tried } from '../suite.js';
import { escapedMarkup } from './markup.js';
import { nothingFound } from './text.js';

export function junitOf(report: Report): string {
  const { tried, subject } = report;
  const suites = groupsOf(tried).map(({ group, members }) => suiteOf(subject, group, members));
  const said = nothingFound(report).map(
    (line) => `  <!-- ${escapedMarkup(line).replaceAll('--', '&#45;&#45;')} -->`,
  );
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="${escapedMarkup(`lull conformance ${subject}`)}" ${counts(tried)}>`,
    ...said,
    ...suites,
    '</testsuites>',
  ];
  return `${lines.join('\n')}\n`;
}

export function groupsOf(
  tried: readonly Tried[],
): readonly { readonly group: string; readonly members: readonly Tried[] }[] {
  const groups = new Map<string, Tried[]>();
  for (const each of tried) {
    const group = each.id.split('.')[0] ?? '';
    groups.set(group, [...(groups.get(group) ?? []), each]);
  }
  return [...groups].map(([group, members]) => ({ group, members }));
}

function suiteOf(subject: string, group: string, members: readonly Tried[]): string {
  const cases = members.map((each) => caseOf(group, each));
  return [
    `  <testsuite name="${escapedMarkup(group)}" hostname="${escapedMarkup(subject)}" ${counts(members)}>`,
    ...cases,
    '  </testsuite>',
  ].join('\n');
}

function counts(tried: readonly Tried[]): string {
  const of = (kind: string): string =>
    String(tried.filter(({ verdict }) => verdict.kind === kind).length);
  const seconds = tried.reduce((sum, { tookMs }) => sum + tookMs, 0) / 1_000;
  return `tests="${String(tried.length)}" failures="${of('failed')}" errors="0" skipped="${of('skipped')}" time="${seconds.toFixed(3)}"`;
}

function caseOf(group: string, { id, says, verdict, tookMs }: Tried): string {
  const head = `    <testcase classname="lull.${escapedMarkup(group)}" name="${escapedMarkup(id)}" time="${(tookMs / 1_000).toFixed(3)}"`;
  switch (verdict.kind) {
    case 'passed':
      return `${head}/>`;
    case 'skipped':
      return `${head}><skipped message="${escapedMarkup(verdict.why)}"/></testcase>`;
    case 'failed':
      return `${head}><failure message="${escapedMarkup(verdict.why)}">The contract: ${escapedMarkup(says)}</failure></testcase>`;
  }
}
