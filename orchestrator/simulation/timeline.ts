// One errand under every policy, drawn: when the machine was left alone, when each policy ran, and
// what it ran though somebody was there.

import { wallTime } from '../policy/zone.js';
import { intersection, lengthMs, within, type Span } from './span.js';
import { allowedIn, endOf, type Errand, type Ride } from './errand.js';
import { instantOf } from './wall.js';

const WIDTH = 1_080;
const LABEL = 190;
const MARGIN = 20;
/** Right of the drawing: what became of it, in words. */
const WORDS = 226;
const ROW = 30;
const TOP = 86;
const HOUR_MS = 3_600_000;
/** More hours would run into each other. */
const TICKS_MAX = 12;
/** What it takes to freeze is not drawn as a fault: as a mark that can be seen it would look like one. */
const BAD_MS_MIN = 100;
/** Shorter ones would not be seen. */
const MARK_PX_MIN = 3;

const ink = {
  text: '#1f2933',
  faint: '#7b8794',
  quiet: '#d9f0dd',
  ran: '#2f6fde',
  bad: '#d64545',
  done: '#1f2933',
};

export interface Row {
  readonly name: string;
  readonly ride: Ride;
}

/** The drawing as SVG. */
export function timelineOf(errand: Errand, rows: readonly Row[], title: string): string {
  const height = TOP + rows.length * ROW + 64;
  const untilMs = shownUntil(errand, rows);
  const x = scaleOf(errand, untilMs);
  const allowed = within(allowedIn(errand), errand.arrivalMs, endOf(errand));
  const shown = within(allowed, errand.arrivalMs, untilMs);
  const bottom = TOP + rows.length * ROW;
  const parts = [
    text(MARGIN, 28, title, 16, ink.text, 'font-weight="600"'),
    legend(),
    ...shown.map((span) => bar(span, x, TOP, bottom - TOP, ink.quiet)),
    ...ticks(errand, untilMs, x, bottom),
    ...rows.flatMap((row, i) => rowOf(row, allowed, errand.arrivalMs, x, TOP + i * ROW)),
  ];
  const size = `width="${String(WIDTH)}" height="${String(height)}" viewBox="0 0 ${String(WIDTH)} ${String(height)}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="system-ui, sans-serif">\n<rect width="100%" height="100%" fill="#ffffff"/>\n${parts.join('\n')}\n</svg>\n`;
}

function rowOf(
  { name, ride }: Row,
  allowed: readonly Span[],
  arrivalMs: number,
  x: Scale,
  top: number,
): string[] {
  const bad = outside(ride.ran, allowed).filter(({ fromMs, toMs }) => toMs - fromMs >= BAD_MS_MIN);
  const middle = top + ROW / 2;
  const line = `<path d="M${px(LABEL)} ${px(middle)}H${px(WIDTH - MARGIN - WORDS)}" stroke="${ink.faint}" stroke-opacity="0.3"/>`;
  const done = ride.finishedAtMs;
  const end =
    done === undefined
      ? []
      : [`<circle cx="${px(x(done) + 6)}" cy="${px(middle)}" r="4" fill="${ink.done}"/>`];
  const colour = done === undefined || bad.length > 0 ? ink.bad : ink.text;
  return [
    line,
    text(MARGIN, middle + 4, name, 13, ink.text),
    ...ride.ran.map((span) => bar(span, x, top + 6, ROW - 12, ink.ran)),
    ...bad.map((span) => bar(span, x, top + 6, ROW - 12, ink.bad)),
    ...end,
    text(
      WIDTH - MARGIN,
      middle + 4,
      wordsFor(ride, arrivalMs, bad),
      12,
      colour,
      'text-anchor="end"',
    ),
  ];
}

function wordsFor({ finishedAtMs }: Ride, arrivalMs: number, bad: readonly Span[]): string {
  const end =
    finishedAtMs === undefined
      ? 'missed'
      : `done after ${((finishedAtMs - arrivalMs) / HOUR_MS).toFixed(1)} h`;
  const badS = lengthMs(bad) / 1_000;
  return badS < 0.1 ? end : `${end}, ${badS.toFixed(0)} s not allowed`;
}

/** What of `spans` lies outside of `allowed`. */
function outside(spans: readonly Span[], allowed: readonly Span[]): Span[] {
  return spans.flatMap((span) => {
    const parts: Span[] = [];
    let fromMs = span.fromMs;
    for (const inside of intersection([span], allowed)) {
      if (inside.fromMs > fromMs) parts.push({ fromMs, toMs: inside.fromMs });
      fromMs = inside.toMs;
    }
    return fromMs < span.toMs ? [...parts, { fromMs, toMs: span.toMs }] : parts;
  });
}

type Scale = (atMs: number) => number;

/** A little beyond the last that anybody did: weeks in which nothing happens are not drawn. */
function shownUntil(errand: Errand, rows: readonly Row[]): number {
  const ends = rows.map(({ ride }) => ride.ran.at(-1)?.toMs ?? errand.arrivalMs);
  const lastMs = Math.max(errand.arrivalMs + HOUR_MS, ...ends);
  return Math.min(endOf(errand), lastMs + (lastMs - errand.arrivalMs) / 20);
}

function scaleOf({ arrivalMs }: Errand, untilMs: number): Scale {
  const perMs = (WIDTH - MARGIN - WORDS - LABEL) / Math.max(1, untilMs - arrivalMs);
  return (atMs) => LABEL + (Math.min(Math.max(atMs, arrivalMs), untilMs) - arrivalMs) * perMs;
}

/** Hours of the clock on the wall, as many as fit; midnight with its day. */
function ticks(
  { arrivalMs, timeZone = 'UTC' }: Errand,
  untilMs: number,
  x: Scale,
  bottom: number,
): string[] {
  const fits = (h: number): boolean => (untilMs - arrivalMs) / (h * HOUR_MS) <= TICKS_MAX;
  const stepMs = ([1, 3, 6, 12, 24, 48, 168].find(fits) ?? 168) * HOUR_MS;
  const marks: string[] = [];
  let wallMs = Math.ceil(wallTime(timeZone, arrivalMs) / stepMs) * stepMs;
  for (; instantOf(timeZone, wallMs) <= untilMs; wallMs += stepMs) {
    const left = x(instantOf(timeZone, wallMs));
    const wall = new Date(wallMs);
    const hour = wall.toISOString().slice(11, 16);
    const day = wall.toLocaleDateString('en-GB', { weekday: 'short', timeZone: 'UTC' });
    marks.push(
      `<path d="M${px(left)} ${String(TOP)}V${String(bottom + 6)}" stroke="${ink.faint}" stroke-opacity="0.25"/>`,
      text(left, bottom + 22, hour, 11, ink.faint, 'text-anchor="middle"'),
      ...(hour === '00:00'
        ? [text(left, bottom + 38, day, 11, ink.text, 'text-anchor="middle"')]
        : []),
    );
  }
  return marks;
}

/** Beside each other, each as wide as its words. */
const LEGEND_LEFT = [0, 170, 240, 450] as const;

function legend(): string {
  const entries = [
    [ink.quiet, 'left alone, on mains'],
    [ink.ran, 'ran'],
    [ink.bad, 'ran though it should not have'],
    [ink.done, 'done'],
  ] as const;
  const boxes = entries.map(([colour, words], i) => {
    const left = MARGIN + (LEGEND_LEFT[i] ?? 0);
    return `<rect x="${String(left)}" y="44" width="14" height="14" rx="2" fill="${colour}"/>${text(left + 20, 56, words, 12, ink.faint)}`;
  });
  return boxes.join('\n');
}

function bar(
  { fromMs, toMs }: Span,
  x: Scale,
  top: number,
  height: number,
  colour: string,
): string {
  const width = Math.max(MARK_PX_MIN, x(toMs) - x(fromMs));
  return `<rect x="${px(x(fromMs))}" y="${String(top)}" width="${px(width)}" height="${String(height)}" fill="${colour}"/>`;
}

function text(
  x: number,
  y: number,
  words: string,
  size: number,
  colour: string,
  more = '',
): string {
  return `<text x="${px(x)}" y="${String(y)}" font-size="${String(size)}" fill="${colour}" ${more}>${escaped(words)}</text>`;
}

function px(value: number): string {
  return value.toFixed(1);
}

function escaped(words: string): string {
  return words
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
