import { describe, expect, test } from '@jest/globals';
import { plain } from './plain.js';
import { Lines, Progress } from './said.js';

function linesOf(...chunks: (string | Buffer)[]): string[] {
  const heard: string[] = [];
  const lines = new Lines((line) => heard.push(line));
  for (const chunk of chunks) lines.take(Buffer.from(chunk));
  lines.end();
  return heard;
}

describe('what a tool prints', () => {
  test('comes in lines, however it is cut, and also where it draws over itself', () => {
    expect(linesOf('a', 'b\nc\r', '\n\nd')).toEqual(['ab', 'c', 'd']);
    const [first = 0, second = 0] = Buffer.from('ä');
    expect(linesOf(Buffer.from([first]), Buffer.from([second, 0x0a]))).toEqual(['ä']);
  });

  test('is held to the beginning of a line, and to what is UTF-8', () => {
    const endless = Array.from({ length: 100 }, () => 'x'.repeat(1_000));
    expect(linesOf(...endless, '\nnext')).toEqual(['x'.repeat(1_000), 'next']);
    expect(linesOf(Buffer.from([0xff, 0xfe, 0x41]))).toEqual(['\ufffd\ufffdA']);
  });

  test.each([
    ['\u001b[1;31mred\u001b[0m', 'red'],
    ['\u001b]0;a title\u0007text', 'text'],
    ['\u001b]8;;https://evil.example\u001b\\a link\u001b]8;;\u001b\\', 'a link'],
    ['\u001bcreset', 'reset'],
    ['\u001b', ''],
    ['a\u0000b\tc\u009b31m', 'a b c 31m'],
    ['\u202edesrever\u202c', 'desrever'],
    ['a   b', 'a b'],
    ['x'.repeat(60), `${'x'.repeat(49)}…`],
    ['😀'.repeat(60), `${'😀'.repeat(49)}…`],
  ])('is shown as plain text: %j', (text, shown) => {
    expect(plain(text, 50)).toBe(shown);
  });
});

test('progress is what was said last, however much was said', () => {
  const said: unknown[] = [];
  const progress = new Progress({
    progress: (fraction, step) => said.push([fraction, step]),
    notice: (message) => said.push(message),
  });
  for (let at = 0; at < 10_000; at += 1) progress.hear(`unpacking ${String(at)}`);
  for (const line of ['notice: \u001b[1mlook\u001b[0m', '42%', ' 250%  done']) progress.hear(line);
  progress.hear('7');
  progress.close();
  expect(said).toEqual(['look', [1, '7']]);
});
