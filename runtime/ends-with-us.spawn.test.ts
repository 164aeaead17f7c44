import { expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const helper = JSON.stringify(new URL('ends-with-us.spawn.js', import.meta.url).href);

/** Starts a child that says how often it was told to stop, and stays for a while after that. */
const starts = `
  const { spawn } = await import('node:child_process');
  const { endWithUs } = await import(${helper});
  const script = \`
    let told = 0;
    process.on('SIGTERM', () => { told += 1; if (told === 1) setTimeout(() => { console.log('told', told); process.exit(); }, 200); });
    console.log('up');
    setInterval(() => undefined, 1000);\`;
  endWithUs(spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'inherit', 'inherit'] }));
  setInterval(() => undefined, 1000);`;

test.each(['SIGKILL', 'SIGTERM'] as const)(
  'what was started by one that ends by %s is told to stop, once',
  async (signal) => {
    const parent = spawn(process.execPath, ['--input-type=module', '-e', starts], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const said: string[] = [];
    const over = once(parent.stdout, 'close');
    for await (const line of createInterface(parent.stdout)) {
      said.push(line);
      if (line === 'up') parent.kill(signal);
    }
    await over;
    expect(said).toEqual(['up', 'told 1']);
  },
);
