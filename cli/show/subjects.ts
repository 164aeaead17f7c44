// What waits, and every reason why: value, limit, since when, until when, and in words.

import { formatBytes, formatDuration } from '../../conditions/words.js';
import type { Outlook, Reason, Subject } from '../../proto/gen/lull/operator/v1/operator.js';
import { folded, indented } from './folded.js';
import { shortTime } from './local-time.js';
import { table } from './table.js';

/** What a text is shown on: when, and how wide. */
export interface Page {
  readonly nowMs: number;
  /** Infinity: nothing is folded. */
  readonly columns: number;
}

const INDENT = 2;
const WORDS_INDENT = 4;
const heads = ['reason', 'is', 'limit', 'since', 'until'];

export function showSubjects(subjects: readonly Subject[], page: Page): string {
  if (subjects.length === 0) return 'nothing';
  const rows = subjects.flatMap(({ reasons }) =>
    reasons.map((reason) => rowOf(reason, page.nowMs)),
  );
  if (rows.length === 0) return subjects.map((each) => showSubject(each, [], page)).join('\n');
  // One table for all, so that the columns of all stand below each other.
  const [head = '', ...lines] = table([heads, ...rows]).split('\n');
  const shown = subjects.map((each) =>
    showSubject(each, lines.splice(0, each.reasons.length), page),
  );
  return [indented(head, INDENT), ...shown].join('\n');
}

function showSubject(subject: Subject, lines: readonly string[], page: Page): string {
  const { updateId, updaterId, title, action, reasons, outlook } = subject;
  const named = title === updateId ? updateId : `${updateId} (${title})`;
  const head = `${action} ${updateId === '' ? updaterId : named}`;
  if (reasons.length === 0) return `${head}: nothing stands in its way`;
  const stands = reasons.flatMap(({ message }, index) => [
    indented(lines[index] ?? '', INDENT),
    ...belowOf(message, page.columns),
  ]);
  const chance = outlook === undefined ? [] : showOutlook(outlook, page);
  return [`${head} waits:`, ...stands, ...chance].join('\n');
}

function rowOf(reason: Reason, nowMs: number): string[] {
  const { code, measured, limit, unit, sinceUnixMs, untilUnixMs } = reason;
  const at = (atMs: bigint | undefined): string =>
    atMs === undefined ? '' : shortTime(Number(atMs), nowMs);
  return [code, quantity(measured, unit), quantity(limit, unit), at(sinceUnixMs), at(untilUnixMs)];
}

/** A number with its unit, or a word. */
function quantity(text: string | undefined, unit: string): string {
  if (text === undefined || unit === '') return text ?? '';
  const number = Number(text);
  switch (unit) {
    case '%':
      return `${number.toFixed(0)} %`;
    case 'B':
      return formatBytes(number);
    case 'B/s':
      return `${formatBytes(number)}/s`;
    case 'ms':
      return formatDuration(number);
    default:
      return text;
  }
}

function showOutlook({ atUnixMs, reasons, computedUntilUnixMs }: Outlook, page: Page): string[] {
  const when = (atMs: bigint): string => shortTime(Number(atMs), page.nowMs);
  const codes = [...new Set(reasons.map(({ code }) => code))].join(', ');
  const never =
    computedUntilUnixMs === undefined
      ? `not within 48 h (${codes})`
      : `not until ${when(computedUntilUnixMs)}, and not computed further`;
  const chance = atUnixMs === undefined ? never : when(atUnixMs);
  const condition =
    'if nobody uses the machine from now on, all else stays as it is, and what runs before it succeeds';
  const [first = '', ...more] = folded(
    `next chance: ${chance}, ${condition}`,
    page.columns - WORDS_INDENT,
  );
  return [indented(first, INDENT), ...more.map((line) => indented(line, WORDS_INDENT))];
}

function belowOf(text: string, columns: number): string[] {
  const lines = folded(text, columns - WORDS_INDENT);
  return lines.map((line) => indented(line, WORDS_INDENT));
}
