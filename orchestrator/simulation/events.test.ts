import { describe, expect, test } from '@jest/globals';
import { parseEvents, powerColumns, screenColumns } from './events.js';

function parse(screen: string[], power: string[]) {
  const text = (columns: readonly string[], rows: string[]): string =>
    [columns.join(','), ...rows].join('\n');
  return parseEvents(text(screenColumns, screen), text(powerColumns, power), 'phone');
}

const always = ['0,50,2,2,1', '100000,50,2,2,1'];

describe('a recording of events', () => {
  test('presence and power stand apart', () => {
    const screen = ['0,1', '100,0', '110,2', '500,1', '501,3', '900,0'];
    const power = ['0,50,3,2,0', '200,50,2,2,2', '800,60,3,2,0', '900,60,3,2,0'];
    const { traces, faults } = parse(screen, power);
    expect(faults.count).toBe(0);
    expect(traces).toMatchObject([
      {
        device: 'phone',
        startMs: 0,
        endMs: 900_000,
        away: [{ fromMs: 100_000, toMs: 500_000 }],
        quiet: [{ fromMs: 200_000, toMs: 500_000 }],
      },
    ]);
  });

  test('a screen is locked from when it is said until somebody unlocks it, and before that dark', () => {
    const screen = ['0,1', '100,0', '110,2', '500,1', '510,0', '600,1', '601,3', '700,0', '900,1'];
    const [trace] = parse(screen, always).traces;
    const presence = trace?.readings.filter(({ signal }) => signal === 'presence') ?? [];
    const away = (sinceMs: number, locked: boolean) => ({
      kind: 'presence',
      presence: { kind: 'away', sinceMs, ...(locked ? { locked: true } : { dark: true }) },
    });
    const engaged = { kind: 'presence', presence: { kind: 'engaged' } };
    expect(presence.map(({ observedAtMs, value }) => [observedAtMs / 1_000, value])).toEqual([
      [0, engaged],
      [100, away(100_000, false)],
      [110, away(100_000, true)],
      [500, engaged],
      [510, away(510_000, true)],
      [600, engaged],
      [700, away(700_000, false)],
      [900, engaged],
    ]);
  });

  test('the charge of the battery is recorded with its power', () => {
    const [trace] = parse(
      ['0,1', '100,0', '900,1'],
      ['0,50,3,2,0', '300,49,3,2,0', '900,49,3,2,0'],
    ).traces;
    const charge = trace?.readings.filter(({ signal }) => signal === 'power.battery').at(-2);
    expect(charge).toMatchObject({ observedAtMs: 300_000, value: { number: 49 } });
    expect(trace?.tells).toContain('power.battery');
  });

  test('a clock that was set back: the event is left out and named', () => {
    const { traces, faults } = parse(['0,0', '500,1', '400,0', '600,0', '100000,1'], always);
    expect(faults.lines[0]).toBe('line 4: screen: time goes backwards by 100 s');
    expect(traces[0]?.away).toEqual([{ fromMs: 0, toMs: 500_000 }]);
  });

  test('while nothing was recorded, nobody counts as away', () => {
    const { traces, faults } = parse(['0,0', '90000,1', '100000,0'], always);
    expect(faults.lines[0]).toContain('nothing was recorded for 25 h');
    expect(traces[0]?.away).toEqual([]);
  });

  test('recordings that never meet are no trace', () => {
    expect(parse(['0,0', '10,1'], ['20,50,2,2,1', '30,50,2,2,1']).traces).toEqual([]);
    expect(parse([], []).traces).toEqual([]);
  });

  test('garbage is named', () => {
    const { faults } = parse(['0,0', 'x,1', '5', '100000,1'], always);
    expect(faults.lines.join('\n')).toContain('time is not a number');
    expect(faults.lines.join('\n')).toContain('has not the 2 columns');
  });
});
