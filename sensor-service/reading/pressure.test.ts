import { expect, test } from '@jest/globals';
import { parsePressureTotal } from './pressure.js';

const whole =
  'some avg10=1.45 avg60=0.77 avg300=0.83 total=16236937\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=5\n';

test('the total of "some" is read', () => {
  expect(parsePressureTotal(whole)).toBe(16_236_937);
});

test('a file cut inside the number gives nothing, rather than a smaller number', () => {
  expect(parsePressureTotal(whole.slice(0, whole.indexOf('937')))).toBeUndefined();
});

test.each([
  [''],
  ['full avg10=0.00 avg60=0.00 avg300=0.00 total=5\n'],
  ['some total=5\n'],
  ['some avg10=0 avg60=0 avg300=0 total=-5\n'],
  ['some avg10=0 avg60=0 avg300=0 total=NaN\n'],
])('%j gives nothing', (text) => {
  expect(parsePressureTotal(text)).toBeUndefined();
});
