// One interruption that comes twice, and one that is meant.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const module = fileURLToPath(new URL('stop-signal.js', import.meta.url));
/** Takes 2 s to stop in order, and says so. */
const program = `
  import { stopSignal } from ${JSON.stringify(module)};
  stopSignal().addEventListener('abort', () => {
    console.log('stopping');
    setTimeout(() => process.exit(0), 2_000);
  });
  setInterval(() => undefined, 1_000);
  console.log('up');
`;

async function interrupted(again: (interrupt: () => void) => void): Promise<number | null> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program]);
  const interrupt = (): void => {
    child.kill('SIGINT');
  };
  child.stdout.on('data', (bytes: Buffer) => {
    if (bytes.toString().includes('up')) interrupt();
    if (bytes.toString().includes('stopping')) again(interrupt);
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}

test('the same Ctrl-C told twice, by a terminal and by whoever started us, stops it in order', async () => {
  const code = await interrupted((interrupt) => {
    interrupt();
  });
  expect(code).toBe(0);
});

test('one a while later ends it at once', async () => {
  const code = await interrupted((interrupt) => {
    setTimeout(interrupt, 700);
  });
  expect(code).toBe(130);
});
