import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createFakeMachine, filesOpenIn, type FakeMachine } from './fake-machine.testing.js';
import { keptFile, type KeptFile } from './kept-file.js';

let machine: FakeMachine;
let kept: KeptFile;

function textAt(atMs: number, file = kept): string | undefined {
  const read = file.read(atMs);
  return read.kind === 'bytes' ? read.bytes.toString('latin1', 0, read.length) : undefined;
}

beforeEach(() => {
  machine = createFakeMachine();
  kept = keptFile(join(machine.dir, 'kept'), 'make it');
});

afterEach(() => {
  kept.close();
  machine.close();
});

test('each look sees the file as it is then, shorter than before too', () => {
  machine.write('kept', 'first and long');
  expect(textAt(0)).toBe('first and long');
  machine.write('kept', 'second');
  expect(textAt(10)).toBe('second');
});

test('a file of many pages is read to its end, and no further than asked', () => {
  const text = 'line of a disk\n'.repeat(10_000);
  machine.write('kept', text);
  expect(textAt(0)).toBe(text);
  const head = keptFile(join(machine.dir, 'kept'), 'make it', 100);
  expect(textAt(0, head)).toBe(text.slice(0, 100));
  head.close();
});

test('a file that vanished, or was put in its place, is noticed within a second', () => {
  machine.write('kept', 'before');
  kept.read(0);
  machine.write('other', 'after');
  renameSync(join(machine.dir, 'other'), join(machine.dir, 'kept'));
  expect(textAt(1_000)).toBe('after');
  machine.remove('kept');
  expect(kept.read(2_000)).toEqual({
    kind: 'missing',
    why: `${join(machine.dir, 'kept')} does not exist; make it`,
  });
  machine.write('kept', 'again');
  expect(textAt(2_010)).toBe('again');
});

test('it stays open between looks, and however often it is opened anew once alone', () => {
  machine.write('kept', 'text');
  for (let atMs = 0; atMs < 60_000; atMs += 100) textAt(atMs);
  expect(filesOpenIn(machine)).toEqual([join(machine.dir, 'kept')]);
  kept.close();
  kept.close();
  expect(filesOpenIn(machine)).toEqual([]);
});

test('within a second it is the file that was opened', () => {
  machine.write('kept', 'before');
  textAt(0);
  machine.write('other', 'after');
  renameSync(join(machine.dir, 'other'), join(machine.dir, 'kept'));
  expect(textAt(899)).toBe('before');
  expect(textAt(900)).toBe('after');
});

test('a directory in its place is a reason, never an error', () => {
  machine.write('kept/inside', '');
  expect(kept.read(0).kind).toBe('missing');
});
