import { expect, test } from '@jest/globals';
import { identityFrom } from './identity.js';

test('the manifest says who it is', () => {
  const given = ['dev.lull.command.words', '1.2.3'];
  expect(identityFrom(given)).toEqual({ name: 'dev.lull.command.words', version: '1.2.3' });
  expect(() => identityFrom(['dev.lull.command'])).toThrow("the manifest's entrypoint has to end");
});
