// What waits, and every reason why: value, limit, since when, until when, and in words.

import { AT_REST } from '../../conditions/reading.js';
import { formatBytes, formatDuration } from '../../conditions/words.js';
import { Reason, type Outlook, type Subject } from '../../proto/gen/lull/operator/v1/operator.js';
import { folded, indented } from './folded.js';
import { shortTime, zoneOf } from './local-time.js';
import { table } from './table.js';

/** What a text is shown on: when, and how wide. */
export interface Page {
  readonly nowMs: number;
  /** Infinity: nothing is folded. */
  readonly columns: number;
}

const INDENT = 2;
const WORDS_INDENT = 4;
const heads = ['reason', 'is', 'limit', 'since'];

export function showSubjects(subjects: readonly Subject[], page: Page): string {
  if (subjects.length === 0) return 'nothing';
  const said = subjects.map((each) => ({ ...each, reasons: withoutRest(each.reasons) }));
  const rows = said.flatMap(({ reasons }) => reasons.map((reason) => rowOf(reason, page.nowMs)));
  if (rows.length === 0) return said.map((each) => showSubject(each, [], page)).join('\n');
  // One table for all, so that the columns of all stand below each other.
  const until = `until (both ${zoneOf(page.nowMs)})`;
  const [head = '', ...lines] = table([[...heads, until], ...rows]).split('\n');
  const shown = said.map((each) => showSubject(each, lines.splice(0, each.reasons.length), page));
  return [indented(head, INDENT), ...shown].join('\n');
}

/** What an operator wants now: what still stands in its way, and that the order is not forgotten. */
export function showWanted(subject: Subject, page: Page): string {
  const shown = showSubjects([subject], page);
  if (subject.reasons.length === 0) return shown;
  const order =
    'It is wanted for an hour: within that it starts by itself as soon as nothing of this stands in its way.';
  return [shown, ...folded(order, page.columns)].join('\n');
}

/**
 * What is not measured at rest is one reason for whoever reads: it is measured as soon as one of the
 * others is gone, and nobody has to mend it.
 */
function withoutRest(reasons: readonly Reason[]): Reason[] {
  const isAtRest = ({ message }: Reason): boolean => message.includes(AT_REST);
  const [first, ...more] = reasons.filter(isAtRest);
  if (first === undefined || more.length === 0) return [...reasons];
  const all = [first, ...more];
  const of = (key: 'code' | 'about'): string =>
    [...new Set(all.map((each) => each[key]))].join(', ');
  const message = `${AT_REST}: ${of('about')}`;
  const one = { code: of('code'), message, about: '', unit: '', sinceUnixMs: first.sinceUnixMs };
  return [...reasons.filter((each) => !isAtRest(each)), Reason.fromPartial(one)];
}

function showSubject(subject: Subject, lines: readonly string[], page: Page): string {
  const { updateId, updaterId, title, action, reasons, outlook, runId } = subject;
  const named = title === updateId ? updateId : `${updateId} (${title})`;
  const head = `${action} ${updateId === '' ? updaterId : named}`;
  if (reasons.length === 0) {
    return runId === '' ? `${head}: nothing stands in its way` : `${head} runs: ${runId}`;
  }
  const stands = reasons.flatMap(({ message }, index) => [
    indented(lines[index] ?? '', INDENT),
    ...belowOf(message, page.columns),
  ]);
  const chance = outlook === undefined ? [] : showOutlook(outlook, page);
  const state = runId === '' ? 'waits' : `stands still, ${runId}`;
  return [`${head} ${state}:`, ...stands, ...chance].join('\n');
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
  const when = (atMs: bigint): string =>
    `${shortTime(Number(atMs), page.nowMs)} ${zoneOf(Number(atMs))}`;
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
