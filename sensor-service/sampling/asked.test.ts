import { expect, test } from '@jest/globals';
import { APPS_MAX, createAsked } from './asked.js';

test('what watchers ask for is looked for as long as one of them watches', () => {
  let more = 0;
  const gone: string[] = [];
  const apps = createAsked(['/bin/own'], APPS_MAX, {
    onMore: () => (more += 1),
    onGone: (each) => gone.push(...each),
  });
  const first = apps.ask(['/bin/a', '/bin/b']);
  const second = apps.ask(['/bin/b']);
  expect(apps.current()).toEqual(['/bin/own', '/bin/a', '/bin/b']);
  first();
  expect(apps.current()).toEqual(['/bin/own', '/bin/b']);
  second();
  second();
  expect(apps.current()).toEqual(['/bin/own']);
  expect(more).toBe(1);
  expect(gone).toEqual(['/bin/a', '/bin/b']);
});

test('one watcher that asks for everything leaves room to nobody, and no more than that', () => {
  const apps = createAsked([], APPS_MAX, { onMore: () => undefined, onGone: () => undefined });
  apps.ask(Array.from({ length: 10_000 }, (_, n) => `/bin/${String(n)}`));
  expect(apps.current()).toHaveLength(APPS_MAX);
});
