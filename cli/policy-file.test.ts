// The policy file while Lull runs: written by editors and scripts, in one step and in several.

import {
  appendFileSync,
  mkdtempSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import type { Clock } from '../runtime/clock.js';
import { VirtualClock } from '../runtime/virtual-clock.testing.js';
import { CommandError } from './failure.js';
import { openPolicyFile, type PolicyFile } from './policy-file.fs.js';

const HELD = 'holds: [{ updater: com.acme.*, why: storm }]\n';
/** Longer than any wait for a file to be still. */
const LONG_MS = 60_000;

let directory: string;
let file: string;
let lines: { msg: string; problems?: string[] }[];
let time: VirtualClock;
let opened: PolicyFile | undefined;
let heard: () => void;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lull-policy-'));
  file = join(directory, 'policy.yaml');
  lines = [];
  time = new VirtualClock();
  heard = () => undefined;
});

afterEach(() => {
  opened?.close();
  opened = undefined;
  rmSync(directory, { recursive: true });
});

const clock: Clock = {
  now: () => time.now(),
  after: (delayMs, fn) => {
    heard();
    return time.after(delayMs, fn);
  },
};

const log = pino(
  new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(JSON.parse(chunk.toString()) as (typeof lines)[number]);
      done();
    },
  }),
);

function open(text: string): PolicyFile {
  writeFileSync(file, text);
  opened = openPolicyFile(file, { clock, log });
  time.advance(LONG_MS);
  return opened;
}

/** Does it, and returns once the file system has told. */
async function noticed(change: () => void): Promise<void> {
  const told = new Promise<void>((resolve) => {
    heard = resolve;
  });
  change();
  await told;
  // What one change tells comes in one piece, or in the next.
  await new Promise((resolve) => setImmediate(resolve));
}

async function changed(change: () => void): Promise<void> {
  await noticed(change);
  time.advance(LONG_MS);
}

function holdsOf(policy: PolicyFile): string[] {
  return policy.current().holds.map(({ why }) => why);
}

describe('a new policy is in force', () => {
  test.each<[string, () => void]>([
    [
      'is written in place',
      () => {
        writeFileSync(file, HELD.replace('storm', 'calm'));
      },
    ],
    [
      'is renamed over the old one',
      () => {
        writeFileSync(`${file}.new`, HELD.replace('storm', 'calm'));
        renameSync(`${file}.new`, file);
      },
    ],
    [
      'is written after the old one was deleted',
      () => {
        unlinkSync(file);
        writeFileSync(file, HELD.replace('storm', 'calm'));
      },
    ],
  ])('when it %s', async (_how, write) => {
    const policy = open(HELD);
    let told = 0;
    policy.onChange(() => {
      told += 1;
      expect(holdsOf(policy)).toEqual(['calm']);
    });
    await changed(write);
    expect([holdsOf(policy), told]).toEqual([['calm'], 1]);
    expect(lines.map(({ msg }) => msg)).toEqual(['a new policy is in force']);
  });

  test('when the link that is the file is turned to another one', async () => {
    for (const why of ['storm', 'calm']) {
      mkdirSync(join(directory, why));
      writeFileSync(join(directory, why, 'policy.yaml'), HELD.replace('storm', why));
    }
    symlinkSync('storm', join(directory, 'now'));
    symlinkSync('now/policy.yaml', file);
    opened = openPolicyFile(file, { clock, log });
    time.advance(LONG_MS);
    await changed(() => {
      symlinkSync('calm', join(directory, 'next'));
      renameSync(join(directory, 'next'), join(directory, 'now'));
    });
    expect(holdsOf(opened)).toEqual(['calm']);
  });

  test('when it changed while it was read for the first time', () => {
    const stale = { ...clock, after: (_delayMs: number, fn: () => void) => clock.after(0, fn) };
    writeFileSync(file, HELD);
    opened = openPolicyFile(file, { clock: stale, log });
    writeFileSync(file, HELD.replace('storm', 'calm'));
    time.advance(LONG_MS);
    expect(holdsOf(opened)).toEqual(['calm']);
  });

  test('but not for a file that is the same, nor for its neighbours', async () => {
    const policy = open(HELD);
    await changed(() => {
      writeFileSync(file, HELD);
    });
    await changed(() => {
      writeFileSync(join(directory, 'other.yaml'), 'holds: []');
    });
    expect([holdsOf(policy), lines]).toEqual([['storm'], []]);
  });
});

describe('what is half done changes nothing', () => {
  test('truncated first and written then: the old one holds until the new one is whole', async () => {
    const policy = open(HELD);
    await noticed(() => {
      writeFileSync(file, '');
    });
    time.advance(650); // One look has found it empty.
    expect(holdsOf(policy)).toEqual(['storm']);
    await noticed(() => {
      appendFileSync(file, 'waiting: { away: 9m }\n');
    });
    time.advance(650);
    expect(policy.current().waiting.awayMs).toBe(240_000);
    await noticed(() => {
      appendFileSync(file, HELD);
    });
    time.advance(LONG_MS);
    expect([holdsOf(policy), policy.current().waiting.awayMs]).toEqual([['storm'], 540_000]);
    expect(lines.map(({ msg }) => msg)).toEqual(['a new policy is in force']);
  });

  test('it changed between two looks without a word from the file system', async () => {
    const policy = open(HELD);
    await noticed(() => {
      writeFileSync(file, 'waiting: { away: 9m }\n');
    });
    time.advance(250);
    appendFileSync(file, HELD); // In the same tick as the look that follows: nothing was told yet.
    time.advance(500);
    expect(policy.current().waiting.awayMs).toBe(240_000);
    time.advance(500);
    expect([holdsOf(policy), policy.current().waiting.awayMs]).toEqual([['storm'], 540_000]);
  });

  test('one that never stops changing is given up, and named', async () => {
    const policy = open(HELD);
    await noticed(() => {
      writeFileSync(file, 'waiting: { away: 9m }\n');
    });
    for (let n = 0; n < 30; n += 1) {
      writeFileSync(file, `waiting: { away: 9m }\n${'#'.repeat(n)}`);
      time.advance(500);
    }
    expect(policy.current().waiting.awayMs).toBe(240_000);
    expect(lines.map(({ msg }) => msg).join()).toContain('does not stop changing');
  });
});

describe('the old one stays, and the log says what to do', () => {
  test('where the new one is not valid: every error of it', async () => {
    const policy = open(HELD);
    await changed(() => {
      writeFileSync(file, 'holds: [{ updater: a.b }]\nwaiting: { away: soon }\ncolour: blue\n');
    });
    expect(holdsOf(policy)).toEqual(['storm']);
    expect(lines).toHaveLength(1);
    const problems = lines[0]?.problems?.join('\n') ?? '';
    for (const where of ['holds, the first, why', 'waiting.away', 'colour']) {
      expect(problems).toContain(where);
    }
    await changed(() => {
      writeFileSync(file, HELD.replace('storm', 'calm'));
    });
    expect(holdsOf(policy)).toEqual(['calm']);
  });

  test.each(['', '\n', '# nothing but words\n'])('where it came to be %j', async (text) => {
    const policy = open(HELD);
    await changed(() => {
      writeFileSync(file, text);
    });
    expect(holdsOf(policy)).toEqual(['storm']);
    expect(lines.map(({ msg }) => msg).join()).toContain('write {} into it');
    await changed(() => {
      writeFileSync(file, '{}\n');
    });
    expect(holdsOf(policy)).toEqual([]);
  });

  test('where it was deleted', async () => {
    const policy = open(HELD);
    await changed(() => {
      unlinkSync(file);
    });
    expect(holdsOf(policy)).toEqual(['storm']);
    expect(lines.map(({ msg }) => msg)).toEqual([
      'the policy file cannot be read; nothing changes',
    ]);
  });

  test('where a directory, or something far too large, took its place', async () => {
    const policy = open(HELD);
    await changed(() => {
      unlinkSync(file);
      mkdirSync(file);
    });
    await changed(() => {
      rmSync(file, { recursive: true });
      writeFileSync(file, `${HELD}#${'x'.repeat(5_000_000)}`);
    });
    expect(holdsOf(policy)).toEqual(['storm']);
    expect(lines).toHaveLength(2);
  });
});

describe('at the start', () => {
  test('a file that says nothing is the default: nothing was in force before', () => {
    expect(holdsOf(open(''))).toEqual([]);
  });

  test.each([
    ['is not there', () => undefined, 'cannot be read'],
    [
      'is not valid',
      () => {
        writeFileSync(file, 'colour: blue\nwaiting: { away: soon }');
      },
      'colour',
    ],
  ])('one that %s is refused in words', (_what, make, said) => {
    make();
    const opening = (): PolicyFile => openPolicyFile(file, { clock, log });
    expect(opening).toThrow(CommandError);
    expect(opening).toThrow(said);
  });
});
