import { expect, test } from '@jest/globals';
import { exitOf } from './exit.proc.js';

test.each<[string, [number | null, NodeJS.Signals | null], ReturnType<typeof exitOf>]>([
  ['an updater that ended well', [0, null], { code: 0, signal: undefined }],
  ['with a code of its own', [3, null], { code: 3, signal: undefined }],
  ['by a signal, as a shell says it', [128 + 9, null], { code: undefined, signal: 'SIGKILL' }],
  ['with a code that is above every signal', [250, null], { code: 250, signal: undefined }],
  ['a runtime that was killed itself', [null, 'SIGTERM'], { code: undefined, signal: 'SIGTERM' }],
])('%s', (_what, ended, exit) => {
  expect(exitOf(ended)).toEqual(exit);
});
