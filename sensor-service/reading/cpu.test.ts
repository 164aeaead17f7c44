import { describe, expect, test } from '@jest/globals';
import { parseCores, parseCpuTimes } from './cpu.js';

describe('/proc/stat', () => {
  test('waiting for a disk is idle, stolen time is busy, guests are not counted twice', () => {
    const text = 'cpu  10 20 30 400 50 6 7 8 9 1\ncpu0 1 1 1 1\ncpu1 1 1 1 1\nintr 5\n';
    expect(parseCpuTimes(Buffer.from(text))).toEqual({ busy: 81, total: 531 });
    expect(parseCores(text)).toBe(2);
  });

  test("is a share of all cores, not a load average as uupd's: four busy ones of sixteen are 25 %", () => {
    const cores = Array.from({ length: 16 }, (_, i) => `cpu${String(i)} 1 1 1 1\n`).join('');
    const text = `cpu  400 0 0 1200 0 0 0 0 0 0\n${cores}`;
    expect(parseCpuTimes(Buffer.from(text))).toEqual({ busy: 400, total: 1_600 });
    expect(parseCores(text)).toBe(16);
  });

  test.each([
    ['nothing', ''],
    ['a line cut in a number', 'cpu  10 20 30 40'],
    ['too few columns', 'cpu  10 20 30\ncpu0 1 1 1 1\n'],
    ['words', 'cpu  a b c d\ncpu0 1 1 1 1\n'],
    ['a negative count', 'cpu  10 -20 30 40\ncpu0 1 1 1 1\n'],
    ['no time', 'cpu  0 0 0 0\ncpu0 0 0 0 0\n'],
    ['one core only', 'cpu0 10 20 30 40\n'],
    ['bytes', '\u0000\u0001\ufffd\n'],
  ])('%s gives nothing', (_what, text) => {
    expect(parseCpuTimes(Buffer.from(text))).toBeUndefined();
  });

  test('an old kernel has four columns, and a line without cores below it names none', () => {
    expect(parseCpuTimes(Buffer.from('cpu  10 20 30 40\n'))).toEqual({ busy: 60, total: 100 });
    expect(parseCores('cpu  10 20 30 40\n')).toBeUndefined();
  });
});
