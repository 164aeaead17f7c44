// Tests run on what `tsc -b` built: the files that ship, with real worker threads, child processes
// and module resolution. See docs/decisions/0002-tests-run-on-the-build.md.
export default {
  roots: ['<rootDir>/dist'],
  testMatch: ['**/*.test.js'],
  testEnvironment: 'node',
  transform: {},
  testTimeout: 30_000,
  // A machine with two cores also runs the sandboxes under test.
  maxWorkers: 2,
};
