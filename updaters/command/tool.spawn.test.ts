// What a tool may do to whoever started it: hang, talk without end, leave something running.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { until } from '../../runtime/until.testing.js';
import { runTool, type ToolCall } from './tool.spawn.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lull-tool-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

function script(text: string, mode = 0o755): string {
  const path = join(dir, 'tool');
  writeFileSync(path, `#!/bin/sh\n${text}\n`, { mode });
  return path;
}

async function run(program: string, more: Partial<ToolCall> = {}) {
  let stdout = '';
  const ended = await runTool({
    ...{ program, args: ['install'], cwd: dir, env: { PATH: process.env['PATH'] ?? '' } },
    ...{ signal: new AbortController().signal, outputBytesMax: 1_000_000 },
    onStdout: (chunk) => {
      stdout += chunk.toString();
    },
    ...more,
  });
  return { ...ended, stdout };
}

/** What was killed is gone as soon as the kernel comes to it. */
async function gone(file: string): Promise<void> {
  const pid = readFileSync(join(dir, file), 'utf8').trim();
  await until(`the end of ${file}`, () => !isRunning(pid), { withinMs: 5_000 });
}

/** A zombie that nobody has asked for does nothing any more. */
function isRunning(pid: string): boolean {
  const path = `/proc/${pid}/stat`;
  try {
    return !/^.*\) [ZX]/s.test(readFileSync(path, 'utf8'));
  } catch {
    return false;
  }
}

test('what it says and how it ends comes back', async () => {
  expect(await run(script('echo out; echo "$1" >&2; exit 3'))).toEqual({
    exit: { code: 3, signal: null },
    stdout: 'out\n',
    stderr: 'install\n',
    leftBehind: false,
  });
  expect((await run(script('kill -SEGV $$'))).exit).toEqual({ code: null, signal: 'SIGSEGV' });
});

test('its environment is what it is given, and its input is empty', async () => {
  const { stdout } = await run(script('cat; env | grep -c LULL; exit 0'));
  expect(stdout).toBe('0\n');
});

describe('a tool that does not start', () => {
  test('because it is not there', async () => {
    await expect(run('/opt/no/such')).rejects.toMatchObject({
      reason: 'TOOL_MISSING',
      retry: false,
      message: expect.stringContaining('there is no /opt/no/such in the sandbox, which shows /usr'),
    });
  });

  test('because it is not executable', async () => {
    const message = expect.stringContaining('it is not executable for everybody (chmod 755)');
    await expect(run(script('', 0o644))).rejects.toMatchObject({ reason: 'TOOL_UNFIT', message });
  });

  test('because it is a directory', async () => {
    mkdirSync(join(dir, 'directory'));
    const message = expect.stringContaining('it is no file');
    await expect(run(join(dir, 'directory'))).rejects.toMatchObject({ message });
  });

  test('because its interpreter is not there', async () => {
    const path = join(dir, 'tool');
    writeFileSync(path, '#!/no/such/interpreter\n', { mode: 0o755 });
    const message = expect.stringContaining('what its first line names to run it is not in');
    await expect(run(path)).rejects.toMatchObject({ reason: 'TOOL_UNFIT', message });
  });
});

describe('a tool that goes on', () => {
  test('for too long is ended', async () => {
    await expect(run(script('sleep 100'), { awakeMsMax: 200 })).rejects.toMatchObject({
      reason: 'TOOL_HANGS',
      message: 'install: the tool did not end within 0.2 s, and was ended',
    });
  });

  test('when its run is cut, and ignores SIGTERM, is killed with what it started', async () => {
    const cut = new AbortController();
    const path = script(
      `trap '' TERM; sleep 100 & echo $! >child; echo $$ >own; echo ready; while :; do sleep 0.1; done`,
    );
    const running = run(path, {
      signal: cut.signal,
      onStdout: () => {
        cut.abort(new Error('the person is back'));
      },
    });
    await expect(running).rejects.toThrow('the person is back');
    await Promise.all([gone('own'), gone('child')]);
  });

  test('may tidy up when its run is cut', async () => {
    const cut = new AbortController();
    const path = script(`trap 'echo >tidy; exit 0' TERM; echo ready; while :; do sleep 0.05; done`);
    const onStdout = (): void => {
      cut.abort(new Error('cut'));
    };
    await expect(run(path, { signal: cut.signal, onStdout })).rejects.toThrow('cut');
    expect(existsSync(join(dir, 'tidy'))).toBe(true);
  });

  test('is not begun at all where its run was cut before', async () => {
    const signal = AbortSignal.abort(new Error('cut'));
    await expect(run(script('echo >begun'), { signal })).rejects.toThrow('cut');
    expect(existsSync(join(dir, 'begun'))).toBe(false);
  });
});

describe('a tool that leaves something running', () => {
  test('has it ended, and it is told', async () => {
    const ended = await run(script('sleep 100 & echo $! >child; echo done'));
    expect(ended).toMatchObject({ exit: { code: 0 }, stdout: 'done\n', leftBehind: true });
    await gone('child');
  });

  test('in a session of its own, which holds its output, keeps nobody waiting', async () => {
    const ended = await run(script('setsid sleep 3 & echo done'));
    expect(ended).toMatchObject({ exit: { code: 0 }, stdout: 'done\n' });
  });

  test('does not, where what it left has ended by itself', async () => {
    const ended = await run(script('sleep 0.01 & sleep 0.2'));
    expect(ended.leftBehind).toBe(false);
  });
});

describe('a tool that talks', () => {
  test.each([
    ['on stdout', 'exec yes'],
    ['on stderr', 'exec yes >&2'],
    [
      'a gigabyte without a line, deaf to all signals',
      `trap '' TERM PIPE; exec head -c 1G /dev/zero`,
    ],
  ])('without end %s is ended', async (_where, text) => {
    await expect(run(script(text))).rejects.toMatchObject({
      reason: 'TOOL_GARBLED',
      message: 'install: the tool printed more than 1000000 bytes, and was ended',
    });
  });

  test('much on stderr is heard to its end', async () => {
    const { stderr } = await run(script('seq 1 50000 >&2; echo last >&2'));
    expect(stderr.length).toBeLessThanOrEqual(8 * 1024);
    expect(stderr).toMatch(/\n50000\nlast\n$/);
  });
});
