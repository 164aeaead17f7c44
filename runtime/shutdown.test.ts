import { describe, expect, test } from '@jest/globals';
import { createLog } from './log.js';
import { CloseStack } from './shutdown.js';

function stackOf(...names: string[]) {
  const closed: string[] = [];
  const stack = new CloseStack(createLog('test', 'silent'));
  for (const name of names) {
    stack.add(name, {
      close: async () => {
        await Promise.resolve();
        closed.push(name);
        if (name.startsWith('broken')) throw new Error(name);
      },
    });
  }
  return { stack, closed };
}

describe('shutting down', () => {
  test('what was opened last is closed first, one after the other', async () => {
    const { stack, closed } = stackOf('journal', 'link', 'socket');
    await stack.close();
    expect(closed).toEqual(['socket', 'link', 'journal']);
  });

  test('one that cannot be closed does not keep the others open', async () => {
    const { stack, closed } = stackOf('journal', 'broken link', 'socket');
    await stack.close();
    expect(closed).toEqual(['socket', 'broken link', 'journal']);
  });

  test('asked twice, at once or later, it closes once', async () => {
    const { stack, closed } = stackOf('journal');
    await Promise.all([stack.close(), stack.close()]);
    await stack.close();
    expect(closed).toEqual(['journal']);
  });
});
