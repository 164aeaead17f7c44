import { expect, test } from '@jest/globals';
import { updateName } from './update-name.js';

test.each([
  ['Word list 2', '2', 'Word list 2'],
  ['js-yaml 5.5.0', '5.5.0', 'js-yaml 5.5.0'],
  ['Word list', '2', 'Word list 2'],
  ['Windows 11', '1', 'Windows 11 1'],
])('"%s" to %s is called "%s"', (title, toVersion, name) => {
  expect(updateName({ title, toVersion })).toBe(name);
});
