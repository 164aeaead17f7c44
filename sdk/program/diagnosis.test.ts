import { describe, expect, test } from '@jest/globals';
import { headProblem, problemOf, type Ending } from './diagnosis.js';

const ended = (more: Partial<Ending>): Ending => ({
  exitCode: 1,
  signal: null,
  timedOut: false,
  stderr: '',
  ...more,
});
const notFound = `node:internal/modules/cjs/loader:1148
  throw err;
  ^

Error: Cannot find module 'x'
    at Module._resolveFilename {
  code: 'MODULE_NOT_FOUND',`;

describe('a program asked for its version', () => {
  const cases: [string, Ending, string | undefined][] = [
    ['says it', ended({ exitCode: 0 }), undefined],
    ['says it and complains', ended({ exitCode: 0, stderr: notFound }), undefined],
    ['does not know the option', ended({ stderr: 'unknown option --version' }), undefined],
    ['goes on and on', ended({ exitCode: null, signal: 'SIGKILL', timedOut: true }), undefined],
    ['was ended by a fault', ended({ exitCode: null, signal: 'SIGSEGV' }), 'ended by SIGSEGV'],
    ['has no interpreter', ended({ exitCode: 127 }), 'it, or its interpreter, was not found'],
    ['lacks a module', ended({ stderr: notFound }), "Error: Cannot find module 'x'"],
    [
      'lacks a module as an ES module',
      ended({ stderr: "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'x'" }),
      "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'x'",
    ],
    [
      'is not JavaScript that this Node.js reads',
      ended({ stderr: '/x.js:1\nlet let\n\nSyntaxError: let is disallowed' }),
      'SyntaxError: let is disallowed',
    ],
    [
      'is a page that a shell was asked to read',
      ended({ exitCode: 2, stderr: '/opt/x: 1: Syntax error: newline unexpected' }),
      'it is no program (/opt/x: 1: Syntax error: newline unexpected)',
    ],
    [
      'is a page that another shell was asked to read',
      ended({
        exitCode: 2,
        stderr: "/opt/x: line 1: syntax error near unexpected token `newline'",
      }),
      "it is no program (/opt/x: line 1: syntax error near unexpected token `newline')",
    ],
  ];
  test.each(cases)('%s', (_name, ending, expected) => {
    expect(problemOf(ending)).toBe(expected);
  });
});

describe('by how it begins, a program', () => {
  const elf = (machine: number): Buffer =>
    Buffer.from([...[0x7f, 0x45, 0x4c, 0x46, 2, 1, 1], ...Array<number>(11).fill(0), machine, 0]);
  const cases: [string, Buffer, Buffer, string | undefined][] = [
    ['is one of this machine', elf(62), elf(62), undefined],
    ['is for another processor', elf(183), elf(62), 'it is made for another processor'],
    ['is of 32 bits, which a machine of 64 runs', elf(3), elf(62), undefined],
    [
      'is of 64 bits, which a machine of 32 does not',
      elf(62),
      elf(3),
      'it is made for another processor',
    ],
    ['is a script', Buffer.from('#!/bin/sh\n'), elf(62), undefined],
    ['is cut off', elf(62).subarray(0, 10), elf(62), undefined],
    ['is empty', Buffer.alloc(0), elf(62), 'it is empty'],
  ];
  test.each(cases)('%s', (_name, head, own, expected) => {
    expect(headProblem(head, own)).toBe(expected);
  });
});
