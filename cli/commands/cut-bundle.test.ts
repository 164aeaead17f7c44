import { expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packLullFile } from '../../bundle/tar.js';
import { submitUpdater } from './updaters.js';

test('a bundle that was cut is named, and said not to be whole', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'lull-cut-'));
  const file = join(dir, 'cut.lull');
  const whole = await packLullFile(Buffer.from('{}'), Buffer.alloc(2_048));
  try {
    await writeFile(file, whole.subarray(0, 100));
    await expect(submitUpdater({ runDir: dir }, file)).rejects.toMatchObject({
      name: 'CommandError',
      message: `${file}: it is not whole: it ends too early; get it again (BUNDLE_INVALID)`,
    });
  } finally {
    await rm(dir, { recursive: true });
  }
});
