import { expect, test } from '@jest/globals';
import { lowestPriority, ordinaryPriority, systemTools, ToolError } from './tool.spawn.js';

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
