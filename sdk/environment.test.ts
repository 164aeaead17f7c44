import { describe, expect, test } from '@jest/globals';
import { readEnvironment } from './environment.js';

const whole = {
  LULL_SOCKET: '/lull/channel/updater.sock',
  LULL_HOST_SOCKET: '/lull/host/host.sock',
  LULL_TOKEN: 'secret',
  LULL_WORK: '/lull/work',
};

describe('the environment of a launch', () => {
  test('is read, with the contract for what is not said', () => {
    expect(readEnvironment(whole)).toEqual({
      socketPath: '/lull/channel/updater.sock',
      hostSocketPath: '/lull/host/host.sock',
      egressSocket: undefined,
      token: 'secret',
      workDir: '/lull/work',
      rootsDir: '/lull/roots',
      traceparent: undefined,
    });
  });

  test('names everything that is missing', () => {
    expect(() => readEnvironment({ ...whole, LULL_TOKEN: '', LULL_WORK: undefined })).toThrow(
      'LULL_TOKEN, LULL_WORK not set',
    );
  });

  test('may offer several versions of the contract', () => {
    expect(readEnvironment({ ...whole, LULL_PROTOCOLS: '2, 1' }).workDir).toBe('/lull/work');
    expect(() => readEnvironment({ ...whole, LULL_PROTOCOLS: '2' })).toThrow('speaks versions 2');
  });
});
