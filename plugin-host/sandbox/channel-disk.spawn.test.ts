import { expect, test } from '@jest/globals';
import { createLog } from '../../runtime/log.js';
import { channelBinder } from './channel-disk.spawn.js';
import { ToolError } from './tool.spawn.js';

test('a bound of the socket’s directory that was to be had is had, or the launch fails', async () => {
  let works = false;
  const light = (): Promise<string> =>
    works ? Promise.resolve('') : Promise.reject(new ToolError('mount ended with 32', 32));
  const bind = channelBinder(createLog('test', 'silent'), { light, heavy: light });
  // Never so far: the self-test finds that nothing bounds it.
  await bind('/nowhere', 61_000);
  works = true;
  await bind('/nowhere', 61_000);
  works = false;
  await expect(bind('/nowhere', 61_000)).rejects.toMatchObject({
    code: 'LAUNCH_FAILED',
    message: expect.stringContaining('mount ended with 32'),
  });
});
