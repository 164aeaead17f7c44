import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Reading, Signal, Value } from './reading.js';
import { isTraceHead, parseTrace, playedValue, TRACE_HEAD, traceHead, traceRow } from './trace.js';

const START = 1_900_000_000_000;
const reading = (signal: Signal, value: Value, atMs: number, instance = ''): Reading => ({
  signal,
  instance,
  value,
  source: '/home/alice/secret',
  observedAtMs: START + atMs,
  observedMonotonicNs: 0n,
});

/** What comes back when a reading is written and played again at once. */
function roundTrip(each: Reading): Value | string {
  const parsed = parseTrace(TRACE_HEAD + (traceRow(each, START) ?? ''));
  if (parsed.kind === 'broken') return parsed.why;
  const [event] = parsed.events;
  return event === undefined ? 'no row' : playedValue(event, START, 1);
}

describe('what is recorded and played again', () => {
  test.each<[string, Reading]>([
    [
      'a dark screen',
      reading(
        'presence',
        { kind: 'presence', presence: { kind: 'away', sinceMs: START, dark: true } },
        9_500,
      ),
    ],
    [
      'a locked screen',
      reading(
        'presence',
        {
          kind: 'presence',
          presence: { kind: 'away', sinceMs: START, locked: true },
        },
        9_500,
      ),
    ],
    ['a person', reading('presence', { kind: 'presence', presence: { kind: 'engaged' } }, 0)],
    [
      'an absence, since when',
      reading('presence', { kind: 'presence', presence: { kind: 'away', sinceMs: START } }, 9_500),
    ],
    ['a flag', reading('power.ac', { kind: 'flag', flag: false }, 10)],
    ['a share', reading('cpu.busy', { kind: 'number', number: 12.5 }, 10)],
    ['an instant', reading('boot.at', { kind: 'number', number: START - 3_600_000 }, 10)],
    ['a word', reading('thermal', { kind: 'word', word: 'serious' }, 10)],
    ['another word', reading('network.metered', { kind: 'word', word: 'guess-no' }, 10)],
    ['a lock', reading('lock.held', { kind: 'flag', flag: true }, 10, 'dpkg')],
  ])('%s', (_what, each) => {
    expect(roundTrip(each)).toEqual(each.value);
  });

  test('unknown stays unknown, without the words that said why', () => {
    const why = 'the camera of alice is hidden';
    const row = traceRow(reading('attention.call', { kind: 'unknown', why }, 10), START);
    expect(row).toBe('0.01,attention.call,\n');
  });

  test.each([
    reading('app.running', { kind: 'flag', flag: true }, 1, '/home/alice/bin/game'),
    reading('disk.free', { kind: 'number', number: 5 }, 1, '/home/alice'),
  ])('what names somebody’s things is left out', (each) => {
    expect(traceRow(each, START)).toBeUndefined();
  });

  test('at ten times the speed absences are a tenth as long', () => {
    const parsed = parseTrace(`${TRACE_HEAD}600,presence,away 300\n`);
    const [event] = parsed.kind === 'trace' ? parsed.events : [];
    expect(event && playedValue(event, START, 10)).toEqual({
      kind: 'presence',
      presence: { kind: 'away', sinceMs: START + 30_000 },
    });
  });
});

test('what the clock on the wall showed at the start comes back to the minute', () => {
  const head = traceHead(Date.UTC(2030, 0, 7, 12, 34, 56), 3_600_000);
  expect(head).toBe('lull-trace 1 2030-01-07T13:34\nat_s,signal,value\n');
  expect(parseTrace(head)).toEqual({
    kind: 'trace',
    events: [],
    wallStartMs: Date.UTC(2030, 0, 7, 13, 34),
  });
  expect(head.split('\n').slice(0, 1).every(isTraceHead)).toBe(true);
  expect(parseTrace(TRACE_HEAD)).toEqual({ kind: 'trace', events: [] });
});

describe('a trace that cannot be played says where', () => {
  test.each([
    ['at_s,signal,value\n', /does not begin with/],
    ['', /does not begin with/],
    ['lull-trace 1 yesterday\nat_s,signal,value\n', /does not begin with/],
    ['lull-trace 1 2030-13-40T99:99\nat_s,signal,value\n', /does not begin with/],
    ['lull-trace 2\nat_s,signal,value\n', /does not begin with/],
    [`${TRACE_HEAD}1,presence\n`, /line 3: .*three columns/],
    [`${TRACE_HEAD}x,presence,engaged\n`, /line 3: at_s/],
    [`${TRACE_HEAD}1,mood,good\n`, /line 3: there is no signal "mood"/],
    [`${TRACE_HEAD}1,cpu.busy,130\n`, /line 3: "130" is no value/],
    [`${TRACE_HEAD}1,thermal,warm\n`, /line 3: "warm" is no value/],
    [`${TRACE_HEAD}2,power.ac,true\n1,power.ac,true\n`, /line 4: time runs backwards/],
  ])('%j', (text, why) => {
    expect(parseTrace(text)).toEqual({
      kind: 'broken',
      why: expect.stringMatching(why) as unknown,
    });
  });

  test('in one line, however many it is about', () => {
    const parsed = parseTrace('hello\n');
    expect(parsed.kind === 'broken' && parsed.why).toMatch(
      /^it does not begin with the lines "lull-trace 1" and "at_s,signal,value"$/,
    );
  });

  test('lines that end as on Windows are lines', () => {
    const text = `${TRACE_HEAD}1,power.ac,true\n2,power.ac,\n`;
    expect(parseTrace(text.replaceAll('\n', '\r\n'))).toEqual(parseTrace(text));
  });

  test('a last row that was cut short is left out', () => {
    const parsed = parseTrace(`${TRACE_HEAD}1,power.ac,true\n2,power.ac,fal`);
    expect(parsed.kind === 'trace' && parsed.events).toHaveLength(1);
  });

  test('whatever it holds, nothing throws', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { maxLength: 9 }), (rows) => {
        const { kind } = parseTrace(`${TRACE_HEAD}${rows.join('\n')}\n`);
        expect(['trace', 'broken']).toContain(kind);
      }),
    );
  });
});
