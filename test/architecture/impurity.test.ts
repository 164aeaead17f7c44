// Every way to the world outside that a pure file might try, and what only looks like one.

import { expect, test } from '@jest/globals';
import * as rules from './rules.js';
import { parseSource } from './source.js';

function touched(text: string): readonly string[] {
  return parseSource('conditions/gate.ts', text).impurities;
}

test.each([
  ["Date['now']();", "Date['now']"],
  ['const { now } = Date;', '{ now } = Date'],
  ['const clock = Date; clock.now();', 'clock = Date'],
  ['take(Date);', 'take(Date)'],
  ["const x = Math['random']();", "Math['random']"],
  ['const { random } = Math;', '{ random } = Math'],
  ['const x = { Math };', 'Math'],
  ['const x = new Date(2030, 0, 7);', 'new Date(2030, 0, 7)'],
  ['const x = new Date(...[]);', 'new Date(...[])'],
  ['const x = at.toLocaleTimeString();', 'at.toLocaleTimeString'],
  ["const x = at.toLocaleDateString('en-GB', { weekday: 'short' });", 'at.toLocaleDateString'],
  ['const x = performance.now();', 'performance.now'],
  ['const x = globalThis.process;', 'globalThis.process'],
  ["const x = process['env'];", 'process'],
  ["const x = eval('1');", 'eval'],
  ["const x = Function('return process')();", 'Function'],
  ['const wait = setTimeout;', 'setTimeout'],
  // A name that holds in one function says nothing of the others.
  ['function f(process: number) { return process; } const x = process.env;', 'process.env'],
  ['function f() { const fetch = 1; return fetch; } fetch("http://a");', 'fetch'],
])('%s', (text, what) => {
  expect(touched(text)).toContain(what);
});

test.each([
  'const day = (at: Date): Date => new Date(at);',
  'const x = Math.max(Date.UTC(2030, 0, 7), 5);',
  'const is = (x: unknown): boolean => x instanceof Date;',
  "const x = at.toLocaleDateString('en-GB', { weekday: 'short', timeZone: 'UTC' });",
  'type Clock = typeof Date.now;',
  'function f(process: { env: number }) { return process.env; }',
  'const f = ({ fetch }: Host) => fetch(1);',
  "import { fetch } from './fetch.js'; fetch();",
  'const of = (console: string) => { const inner = () => console; return inner; };',
  'const x = { process: 5, crypto: 6 }; x.process;',
  'interface Plan { readonly fetch: number; readonly process: string }',
])('%s touches nothing', (text) => {
  expect(touched(text)).toEqual([]);
});

test.each([
  ['class UpdateManager {}', '"manager" in UpdateManager'],
  ['class PresenceService {}', '"service" in PresenceService'],
  ['function runTask() {}', '"task" in runTask'],
  ['interface UpdateInfo { x: 1 }', '"info" in UpdateInfo'],
  ['type RunContext = string;', '"context" in RunContext'],
])('%s has a name that says nothing', (text, said) => {
  const problems = rules.names([parseSource('cli/main.ts', text)]).map(({ problem }) => problem);
  expect(problems).toEqual([expect.stringContaining(said)]);
});

test('a folder of empty names is one as well, and words that only hold another are none', () => {
  expect(rules.names([parseSource('cli/utils/paths.ts', '')])).toHaveLength(1);
  expect(rules.names([parseSource('cli/paths.ts', 'function updated() {}')])).toEqual([]);
  expect(rules.names([parseSource('cli/paths.ts', 'function startService() {}')])).toEqual([]);
});

test.each([
  "process.on('exit', stop);",
  'await start();',
  'const lull = await start();',
  'if (a) b();',
  'for (const each of all) use(each);',
])('a file that does something on import is noticed: %s', (text) => {
  expect(rules.quietImports([parseSource('cli/paths.ts', text)])).toHaveLength(1);
  expect(rules.quietImports([parseSource('cli/main.ts', text)])).toEqual([]);
});

test('a file that only names something is quiet', () => {
  const text = 'const limit = 5 * 60; export const of = new Map([[1, 2]]); empty.set = () => of;';
  expect(rules.quietImports([parseSource('cli/paths.ts', text)])).toEqual([]);
});
