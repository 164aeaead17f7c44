import { describe, expect, test } from '@jest/globals';
import { healthService, ServingStatus } from './health.js';

const { requestSerialize, requestDeserialize, responseSerialize, responseDeserialize } =
  healthService.check;

test.each(['', 'lull.updater.v1.UpdaterService'])(
  'the name %j arrives as it was sent',
  (service) => {
    expect(requestDeserialize(requestSerialize({ service }))).toEqual({ service });
  },
);

describe('an answer', () => {
  test.each(Object.entries(ServingStatus))(
    'that says %s arrives as it was sent',
    (_name, status) => {
      expect(responseDeserialize(responseSerialize({ status }))).toEqual({ status });
    },
  );

  test.each<[string, number[]]>([
    ['that says nothing', []],
    ['of another number of field', [0x10, 1]],
    ['with text where the status belongs', [0x0a, 1, 1]],
  ])('%s does not say SERVING', (_what, bytes) => {
    expect(responseDeserialize(Buffer.from(bytes))).toEqual({ status: ServingStatus.UNKNOWN });
  });

  test('may have fields that came later', () => {
    const bytes = Buffer.from([0x12, 2, 0x68, 0x69, 0x08, 1, 0x18, 7]);
    expect(responseDeserialize(bytes)).toEqual({ status: ServingStatus.SERVING });
  });

  test('that is cut short is no answer', () => {
    expect(() => responseDeserialize(Buffer.from([0x08]))).toThrow(RangeError);
  });
});
