// What waits, and every reason why: value, limit, since when, until when, and in words.

import { AT_REST } from '../../conditions/reading.js';
import { formatBytes, formatDuration } from '../../conditions/words.js';
import { Reason, type Outlook, type Subject } from '../../proto/gen/lull/operator/v1/operator.js';
import { OUTLOOK_HOURS } from '../../proto/wire/outlook.js';
import { folded, indented } from './folded.js';
import { shortTime, zoneOf } from './local-time.js';
import { namesIn } from './named.js';
import { sharedReasons } from './shared-reasons.js';
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
/** What is longer stands in the words below, so that a long list of windows does not widen every line. */
const CELL_CHARS_MAX = 12;

export function showSubjects(subjects: readonly Subject[], page: Page): string {
  if (subjects.length === 0) return 'nothing';
  const nameOf = namesIn(subjects);
  const said = subjects.map((each) => ({ ...each, reasons: withoutRest(each.reasons) }));
  const shared = sharedReasons(said);
  const stands = linesOf([shared.reasons, ...shared.besides.map(({ reasons }) => reasons)], page);
  const [ofAll = [], ...ofEach] = stands.lines;
  const all = ofAll.length === 0 ? [] : ['all that wait do so for:', ...ofAll];
  const shown = shared.besides.map((each, index) => {
    const lines = ofEach[index] ?? [];
    const isHeld = (said[index]?.reasons.length ?? 0) > 0;
    const held = isHeld ? { lines, isShared: ofAll.length > 0 } : undefined;
    return showSubject(each, nameOf(each), held, page);
  });
  return [...stands.head, ...all, ...shown, ...notesOf(subjects)].join('\n');
}

/** Each reason with its words below it. One table for all, so that the columns of all stand below each other. */
function linesOf(
  groups: readonly (readonly Reason[])[],
  page: Page,
): { readonly head: readonly string[]; readonly lines: readonly (readonly string[])[] } {
  const rows = groups.flat().map((reason) => rowOf(reason, page.nowMs));
  if (rows.length === 0) return { head: [], lines: groups.map(() => []) };
  const zone = zoneOf(page.nowMs);
  const [wide = '', ...cells] = table([[...heads, `until (both ${zone})`], ...rows]).split('\n');
  const isTooWide = wide.length > page.columns - INDENT;
  const [narrow = ''] = table([[...heads, 'until'], ...rows]).split('\n');
  const head = isTooWide ? [`since and until on the clock of ${zone}`, narrow] : [wide];
  const lines = groups.map((group) =>
    group.flatMap((reason) => [
      indented(cells.shift() ?? '', INDENT),
      ...belowOf(wordsOf(reason), page.columns),
    ]),
  );
  return { head: head.map((line) => indented(line, INDENT)), lines };
}

/** Where to read what an update changes: of one that was asked about alone, not below each of many. */
function notesOf([only, ...others]: readonly Subject[]): string[] {
  const url = others.length === 0 ? (only?.releaseNotesUrl ?? '') : '';
  return url === '' ? [] : [indented(`its notes: ${url}`, INDENT)];
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
  const also = of('code') === first.code ? '' : `${of('code')}: `;
  const message = `${also}${AT_REST}: ${of('about')}`;
  const one = { code: first.code, message, about: '', unit: '', sinceUnixMs: first.sinceUnixMs };
  return [...reasons.filter((each) => !isAtRest(each)), Reason.fromPartial(one)];
}

/** @param held what stands in its way, beside what does in the way of all; undefined: nothing does. */
function showSubject(
  { updateId, title, action, outlook, runId }: Subject,
  name: string,
  held: { readonly lines: readonly string[]; readonly isShared: boolean } | undefined,
  page: Page,
): string {
  const head = `${action} ${updateId === '' || title === updateId ? name : `${name} (${title})`}`;
  if (held === undefined) {
    return runId === '' ? `${head}: nothing stands in its way` : `${head} runs: ${runId}`;
  }
  const { lines, isShared } = held;
  const chance = outlook === undefined ? [] : showOutlook(outlook, page);
  const state = runId === '' ? 'waits' : `stands still, ${runId}`;
  const besides = lines.length === 0 ? ' for that alone' : ' for that, and for:';
  return [`${head} ${state}${isShared ? besides : ':'}`, ...lines, ...chance].join('\n');
}

function rowOf(reason: Reason, nowMs: number): string[] {
  const { code, measured, limit, unit, sinceUnixMs, untilUnixMs } = reason;
  const at = (atMs: bigint | undefined): string =>
    atMs === undefined ? '' : shortTime(Number(atMs), nowMs);
  // There is a limit, and nobody knows how it stands.
  const isUnknown = measured === undefined && limit !== undefined;
  const cells = [isUnknown ? 'unknown' : quantity(measured, unit), quantity(limit, unit)];
  return [code, ...cells.map(inCell), at(sinceUnixMs), at(untilUnixMs)];
}

/** In the table, or below it. */
function inCell(text: string): string {
  return text.length > CELL_CHARS_MAX ? '' : text;
}

/** The words of a reason, with what is too long for the table. */
function wordsOf({ message, measured, limit, unit }: Reason): string {
  const [is, most] = [quantity(measured, unit), quantity(limit, unit)];
  const more = [
    ...(inCell(is) === is ? [] : [`it is ${is}`]),
    ...(inCell(most) === most ? [] : [`the limit is ${most}`]),
  ];
  return [message, ...more].join('; ');
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
      ? `not within ${String(OUTLOOK_HOURS)} h (${codes})`
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
