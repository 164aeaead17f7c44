import { expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { until } from '../../runtime/until.testing.js';
import {
  findProgram,
  lowestPriority,
  ordinaryPriority,
  systemTools,
  ToolError,
} from './tool.spawn.js';

const { light } = systemTools();

test('what a program ended with is told with its own words', async () => {
  const said = light('sh', ['-c', 'echo "no such device" >&2; exit 32'], 10_000);
  await expect(said).rejects.toEqual(new ToolError('sh ended with 32: no such device', 32));
});

test('one that is late is ended, and has no exit code that could mean anything', async () => {
  await expect(light('sleep', ['60'], 50)).rejects.toMatchObject({
    exitCode: undefined,
    message: 'sleep did not end within 0.05 s',
  });
});

test('one that is not there is told as such, and has no exit code either', async () => {
  await expect(light('lull-no-such-program', [], 1_000)).rejects.toMatchObject({
    exitCode: undefined,
    message: expect.stringContaining('lull-no-such-program is not installed'),
  });
});

test.each(['', '/usr', 'lib', './'])('a directory is no program: %j', (name) => {
  const before = process.env['PATH'];
  process.env['PATH'] = '/usr';
  try {
    expect(findProgram(name)).toBeUndefined();
  } finally {
    process.env['PATH'] = before;
  }
});

test('what it gets of the environment is where programs are, and a plain language', async () => {
  expect((await light('env', [], 10_000)).split('\n').map((line) => line.split('=')[0])).toEqual([
    'PATH',
    'LC_ALL',
    '',
  ]);
});

test('an ordinary process is not in need of an ordinary priority', () => {
  expect(ordinaryPriority()).toEqual([]);
});

test('what is missing for the lowest priority is known by name, and the rest is used', () => {
  const without = (name: string): string | undefined =>
    name === 'ionice' ? undefined : `/bin/${name}`;
  expect(lowestPriority(without)).toEqual({
    prefix: ['/bin/nice', '-n', '39'],
    missing: ['ionice'],
  });
});

const testWithSetpriv = findProgram('setpriv') === undefined ? test.skip : test;
testWithSetpriv('one whose host is killed does not go on behind the next one', async () => {
  const tools = JSON.stringify(new URL('tool.spawn.js', import.meta.url).href);
  const seconds = `60.${String(process.pid)}`;
  // A child that would be there for a minute, at any priority.
  const script = `const { systemTools } = await import(${tools});
    const { light, heavy } = systemTools();
    const args = ['${seconds}'];
    await Promise.all([light('sleep', args, 60_000), heavy('sleep', args, 60_000)]);`;
  const host = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' });
  const sleeping = (): number => commandsWith(`sleep\0${seconds}\0`).length;
  await until('both of them', () => sleeping() === 2);
  host.kill('SIGKILL');
  await once(host, 'exit');
  await until('their end', () => sleeping() === 0);
});

/** Of those whose command line ends so; one that has ended has none. */
function commandsWith(end: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        return ''; // It ended between the list and the look.
      }
    })
    .filter((line) => line.endsWith(end));
}
