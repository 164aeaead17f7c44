import { describe, expect, test } from '@jest/globals';
import { parseWindows, windowColumns, WINDOWS_EPOCH_MS } from './windows.js';

const header = windowColumns.join(',');

function parse(...rows: string[]) {
  return parseWindows([header, ...rows].join('\n'));
}

function seconds(recording: ReturnType<typeof parse>) {
  return recording.traces.map(({ away }) =>
    away.map(({ fromMs, toMs }) =>
      [fromMs - WINDOWS_EPOCH_MS, toMs - WINDOWS_EPOCH_MS].map((ms) => ms / 1_000),
    ),
  );
}

describe('a recording of quiet windows', () => {
  test('is read device by device', () => {
    const recording = parse('a,0,100,10,20', 'a,0,100,30,40', 'b,5,50,6,7');
    expect(recording.faults.count).toBe(0);
    expect(recording.traces.map(({ device }) => device)).toEqual(['a', 'b']);
    expect(seconds(recording)).toEqual([
      [
        [10, 20],
        [30, 40],
      ],
      [[6, 7]],
    ]);
    expect(recording.traces[0]).toMatchObject({
      startMs: WINDOWS_EPOCH_MS,
      endMs: WINDOWS_EPOCH_MS + 100_000,
    });
  });

  test('touching windows are one, empty ones none', () => {
    const recording = parse('a,0,100,10,20', 'a,0,100,20,30', 'a,0,100,50,50');
    expect(seconds(recording)).toEqual([[[10, 30]]]);
    expect(recording.mended).toEqual({ emptyCount: 1, touchingCount: 1 });
    expect(recording.faults.count).toBe(0);
  });

  test.each([
    [
      'windows that overlap',
      ['a,0,100,10,20', 'a,0,100,15,30'],
      'before the one before it has ended',
    ],
    ['time that goes backwards', ['a,0,100,30,40', 'a,0,100,10,20'], 'time goes backwards'],
    ['a window that ends before it starts', ['a,0,100,20,10'], 'ends before it starts'],
    ['a window outside of its trace', ['a,0,100,90,110'], 'outside of its trace'],
    ['a trace with two ends', ['a,0,100,1,2', 'a,0,90,3,4'], 'two starts or two ends'],
    ['a trace that never was', ['a,100,100,100,100'], 'ends before it starts'],
    ['a trace of a thousand years', ['a,0,31536000000,1,2'], 'longer than'],
    ['a word for a number', ['a,0,100,1,2', 'a,0,100,soon,2'], 'ready_start_s is not a number'],
    ['a number that is none', ['a,0,100,NaN,2'], 'ready_start_s is not a number'],
    ['a missing column', ['a,0,100,1'], 'has not the 4 columns'],
    ['a line without end', [`a,0,100,1,${'9'.repeat(100_000)}`], 'has not the 4 columns'],
  ])('%s: named by its line, the others unharmed', (_what, rows, said) => {
    const recording = parse(...rows, 'good,0,100,1,2');
    const devices = recording.traces.map(({ device }) => device);
    expect(recording.faults.lines.join()).toContain(said);
    expect(recording.faults.lines[0]).toMatch(/^line \d+: /);
    expect(devices).toContain('good');
    expect(devices).not.toContain('a');
  });

  test('faults are counted, and only the first ones told', () => {
    const rows = Array.from({ length: 1_000 }, () => 'x');
    const { faults } = parse(...rows);
    expect(faults.count).toBe(1_000);
    expect(faults.lines.length).toBeLessThanOrEqual(20);
  });

  test.each(['', '\n', header, '\u0000\u0000', 'a,b\n1,2'])('%j is no trace', (text) => {
    expect(parseWindows(text).traces).toEqual([]);
  });
});
