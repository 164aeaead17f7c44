// Tests run on what `tsc -b` built, with real worker threads, child processes and module resolution, and start
// `lull` as it ships, bundled of that. See docs/decisions/0002-tests-run-on-the-build.md and decision 190.
export default {
  roots: ['<rootDir>/dist'],
  testMatch: ['**/*.test.js'],
  testEnvironment: 'node',
  transform: {},
  testTimeout: 30_000,
  globalSetup: '<rootDir>/jest.setup.mjs',
  setupFilesAfterEnv: ['<rootDir>/jest.equal.mjs'],
  testSequencer: './jest.sequencer.mjs',
  // On two cores: half of the time a situation waits, for a sandbox, a person, or a limit to be over.
  maxWorkers: 3,
};
