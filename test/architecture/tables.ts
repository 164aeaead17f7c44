// The house in tables: which folder may import which, and which packages. A line that nothing uses
// any more is a violation too, so the tables stay true.

/** Folder → the folders it may import from, besides itself. Services never meet each other. */
export const folders: ReadonlyMap<string, readonly string[]> = new Map([
  ['conditions', []],
  ['bundle', []],
  ['runtime', []],
  ['proto', ['conditions', 'bundle', 'runtime']],
  ['sensor-service', ['proto', 'runtime', 'conditions']],
  ['orchestrator', ['proto', 'runtime', 'conditions', 'bundle']],
  ['plugin-host', ['proto', 'runtime', 'conditions', 'bundle']],
  ['sdk', ['proto']],
  ['updaters', ['sdk']],
  [
    'cli',
    [
      ...['proto', 'runtime', 'conditions', 'bundle', 'sdk'],
      ...['sensor-service', 'orchestrator', 'plugin-host'],
    ],
  ],
  // It starts `lull` as a program, as scripts/bundle.mjs made it, and imports nothing of it.
  ['harness', ['proto', 'runtime', 'cli', 'lull']],
  ['demo', ['runtime', 'conditions', 'harness']],
  // The deterministic simulation, whose speed it measures, lies with the tests.
  ['bench', ['proto', 'runtime', 'conditions', 'bundle', 'orchestrator', 'sdk', 'harness', 'test']],
  [
    'test',
    [
      ...['conditions', 'harness', 'orchestrator', 'plugin-host', 'sensor-service', 'sdk'],
      ...['updaters', 'demo', 'cli'],
    ],
  ],
]);

/** What tests may import besides: they speak the contracts to what they test, and start what ships. */
export const foldersForTests: readonly string[] = ['proto', 'runtime', 'bundle', 'lull'];

/** The orchestrator from the ground up: a folder imports from its own line and the lines before. */
export const orchestratorFloors: readonly (readonly string[])[] = [
  ['journal', 'trust', 'policy', 'runs', 'link', 'groups'],
  ['world'],
  ['registry', 'scheduler'],
  ['simulation', 'api', 'fleetlock'],
  ['fleet'],
  ['main.ts'],
];

/** Package → the files that may import it, as path prefixes. Tests may import any listed package. */
export const packages: ReadonlyMap<string, readonly string[]> = new Map([
  ['@bufbuild/protobuf', ['proto/wire/health.ts', 'proto/wire/status-details.ts']],
  [
    '@grpc/grpc-js',
    [
      ...['runtime/', 'sensor-service/', 'orchestrator/', 'plugin-host/', 'sdk/', 'cli/'],
      ...['bench/', 'harness/', 'test/fixtures/unruly.ts'],
    ],
  ],
  ['@jest/globals', ['test/support/', 'test/fleet/once.ts', 'test/fleet/on-stage.ts']],
  [
    '@nats-io/jetstream',
    [
      ...['orchestrator/', 'plugin-host/link/', 'bench/journal/', 'test/power-cut/subjects/'],
      'test/fleet/long-journal.nats.ts',
      'test/fleet/cluster-stage.ts',
    ],
  ],
  ['@nats-io/jwt', ['cli/keys/']],
  ['@nats-io/kv', ['orchestrator/']],
  ['@nats-io/nkeys', ['cli/keys/']],
  ['@nats-io/obj', ['orchestrator/registry/', 'orchestrator/fleet/', 'plugin-host/link/']],
  ['@nats-io/transport-node', ['runtime/nats', 'orchestrator/', 'plugin-host/link/']],
  [
    '@opentelemetry/api',
    ['runtime/telemetry', 'runtime/metrics.ts', 'runtime/figures.otlp.ts', 'runtime/spans.otlp.ts'],
  ],
  ['@opentelemetry/exporter-metrics-otlp-http', ['runtime/figures.otlp.ts']],
  ['@opentelemetry/exporter-trace-otlp-http', ['runtime/spans.otlp.ts']],
  ['@opentelemetry/resources', ['runtime/figures.otlp.ts', 'runtime/spans.otlp.ts']],
  ['@opentelemetry/sdk-metrics', ['runtime/figures.otlp.ts']],
  ['@opentelemetry/sdk-trace-node', ['runtime/spans.otlp.ts']],
  ['@peculiar/x509', ['cli/keys/']],
  ['commander', ['cli/']],
  ['dbus-native', ['sensor-service/probe/bus.dbus.ts']],
  ['esbuild', ['bench/', 'test/support/']],
  // The peer in tests: what ships has the two messages in proto/wire/health.ts.
  ['grpc-health-check', []],
  ['libsql', ['orchestrator/journal/']],
  ['pino', ['runtime/log.ts']],
  ['reflect-metadata', ['cli/keys/']],
  ['semver', ['updaters/npm/']],
  ['systeminformation', ['sensor-service/probe/']],
  ['tar-stream', ['bundle/pack.fs.ts', 'bundle/tar.ts', 'sdk/tar.stream.ts']],
  ['testcontainers', ['test/containers/']],
  ['typescript', ['test/architecture/']],
  ['x11', ['sensor-service/probe/']],
  ['yaml', ['orchestrator/policy/', 'test/containers/']],
  ['zod', ['bundle/', 'cli/keys/', 'orchestrator/']],
]);

/** Pure files that may use Node's modules: to hash, to verify, to cut paths. None of it touches anything. */
export const pureExceptions: ReadonlyMap<string, readonly string[]> = new Map([
  ['bundle/envelope.ts', ['node:crypto']],
  ['orchestrator/journal/chain.ts', ['node:crypto']],
  ['orchestrator/journal/checkpoint.ts', ['node:crypto']],
  ['orchestrator/journal/tree.ts', ['node:crypto']],
  ['orchestrator/policy/digest.ts', ['node:crypto']],
  ['orchestrator/trust/publisher.ts', ['node:crypto']],
  ['orchestrator/world/retry.ts', ['node:crypto']],
  ['plugin-host/artifacts/digests.ts', ['node:crypto']],
  ['plugin-host/catalog/admission.ts', ['node:crypto']],
  ['plugin-host/install/layout.ts', ['node:crypto', 'node:path']],
  ['plugin-host/trees/tree.ts', ['node:crypto']],
]);

/** Packages that only compute. Every other one is for the shell. */
export const purePackages: ReadonlySet<string> = new Set(['semver', 'yaml', 'zod']);

/** What generated code loads. */
export const GRPC = '@grpc/grpc-js';

/** Technologies and motions. A file with one of these between its dots is shell. */
export const shellWords: ReadonlySet<string> = new Set([
  ...['main', 'loop', 'worker', 'stream', 'wire'],
  ...['grpc', 'http', 'proxy', 'dns', 'nats', 'jetstream', 'kv', 'dbus', 'logind'],
  ...['fs', 'tar', 'sqlite', 'proc', 'spawn', 'runc', 'oci', 'cgroup'],
]);

/** Folders whose files are shell whatever they are called. */
export const shellFolders: readonly string[] = [
  ...['runtime', 'proto', 'sdk', 'updaters', 'cli', 'harness', 'demo', 'bench', 'test'],
];

/** Names that say nothing of the domain. */
export const emptyNames: ReadonlySet<string> = new Set([
  ...['index', 'utils', 'util', 'helpers', 'common', 'types', 'constants', 'shared', 'misc'],
  ...['manager', 'service', 'processor', 'engine', 'executor', 'job', 'task', 'data', 'info'],
]);

/** Words that say nothing, in the names of types, classes and functions. */
export const vagueWords: ReadonlySet<string> = new Set([
  ...['manager', 'processor', 'engine', 'worker', 'executor', 'job', 'task', 'data', 'info'],
  ...['context', 'utils', 'helper', 'helpers'],
]);

/** Files in which such a word is the term of somebody else. */
export const othersWords: ReadonlyMap<string, readonly string[]> = new Map([
  ['plugin-host/sandbox/limits.ts', ['processor']],
  ['test/containers/docker.spawn.ts', ['engine']],
]);

/** What only this program is about. */
export const domainWords: ReadonlySet<string> = new Set([
  ...['updater', 'bundle', 'manifest', 'publisher', 'scan', 'install', 'rollout'],
  ...['orchestrator', 'plugin', 'sensor', 'reading', 'probe', 'presence', 'attention', 'gate'],
  ...['journal', 'ledger', 'fact', 'world', 'policy', 'veto', 'grant', 'guard', 'slot', 'lease'],
  ...['intrusion', 'sandbox', 'freeze', 'thaw'],
]);

/** What commands load before their own work, and the packages that may be among it. */
export const lightStarts: readonly {
  readonly starts: readonly string[];
  readonly packages: ReadonlySet<string>;
}[] = [
  {
    starts: [
      'cli/program.ts',
      // They ask no Lull that runs.
      ...['up', 'bundle', 'conformance', 'fleetlock', 'journal', 'keys', 'policy', 'simulate'].map(
        verbFile,
      ),
    ],
    packages: new Set(['commander']),
  },
  {
    starts: ['ask', 'audit', 'fleet', 'health', 'orders', 'sensing', 'updaters'].map(verbFile),
    packages: new Set(['commander', GRPC, '@opentelemetry/api']),
  },
];

function verbFile(name: string): string {
  return `cli/verbs/${name}.ts`;
}

/** What `lull up` loads on a machine by itself, and the packages that stay with it: decision 150. */
export const stayingStarts: readonly string[] = [
  ...['cli/program.ts', 'cli/verbs/up.ts', 'cli/commands/up.ts', 'cli/policy-file.fs.ts'],
  ...['sensor-service/main.ts', 'orchestrator/main.ts', 'plugin-host/main.ts'],
  // A thread of its own.
  'orchestrator/journal/sqlite.worker.ts',
];
export const stayingPackages: ReadonlySet<string> = new Set([
  ...[
    'commander',
    GRPC,
    '@opentelemetry/api',
    '@bufbuild/protobuf/wire',
    'dbus-native',
    'libsql',
    'pino',
    'tar-stream',
    'yaml',
    'zod',
  ],
]);

/** Files that are run, and not only imported. */
export const programs: readonly RegExp[] = [
  ...[/(?:^|\/)main\.ts$/, /\.worker\.ts$/, /^test\/fixtures\//],
  /^test\/power-cut\/recorder\.fs\.ts$/,
  /^cli\/program\.ts$/,
  // A library that has to be told what it signs with, before anything else.
  /^cli\/keys\/certificate\.ts$/,
];

/** Where programs and published interfaces begin: nothing in the repository need import these. */
// The compiler reads by itself what a package without types is taken for.
export const entryPoints: readonly RegExp[] = [
  /(?:^|\/)main\.ts$/,
  /\.d\.ts$/,
  /^sdk\//,
  /^test\//,
];

export const LINES_MAX = 250;
export const TEST_LINES_MAX = 400;
