// The manifest: what an updater is and what it asks for. Signed by its publisher; the updater cannot
// widen it at run time.
//
// Strict on purpose: an unknown field is refused, because a field that this version does not
// understand may be one that restricts.

import * as z from 'zod';
import { inPlainWords } from './value-words.js';

export const CONTRACT = 'lull.updater.v1';
export const MANIFEST_BYTES_MAX = 128 * 1024;
/** More files than any updater needs, few enough to hash at every launch. */
const FILES_MAX = 4_096;
const BUNDLE_BYTES_MAX = 512 * 1024 * 1024;

// T7: ids and names by pattern, so that none of them can be a path, an option or an escape.
const idPattern = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+$/;
const namePattern = /^[a-z][a-z0-9_]{0,31}$/;
const sha256Pattern = /^[0-9a-f]{64}$/;
const settingPattern = /^\{[a-z][a-z0-9_]{0,31}\}$/;
const hostPattern =
  /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*(?::\d{1,5})?$/;
/** A relative path of plain segments: no empty, dot or dot-dot segment, no NUL, no backslash. */
const filePattern = /^(?!.*(?:^|\/)\.{1,2}(?:\/|$))[A-Za-z0-9._@+-]+(?:\/[A-Za-z0-9._@+-]+)*$/;

const name = z
  .string()
  .regex(namePattern, 'wants a-z, 0-9 and _, a letter first, at most 32 characters');
const sha256 = z.string().regex(sha256Pattern);
const reference = z.string().regex(settingPattern);
const rootPath = z.union([reference, z.string().max(4_096).startsWith('/')], {
  error: 'wants an absolute path, or a setting such as "{directory}"',
});
const line = z.string().min(1).max(256);

export const updaterIdSchema = z
  .string()
  .max(63)
  .regex(idPattern, 'wants reverse DNS in lower case, such as com.example.tool');
export const versionSchema = z
  .string()
  .max(64)
  .regex(
    /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/,
    'wants a semantic version, such as 1.0.0',
  );

const fileSchema = z.strictObject({
  path: z
    .string()
    .max(512)
    .regex(filePattern, {
      error: ({ input }) =>
        `${JSON.stringify(input)} wants letters, digits and . _ @ + - in its names`,
    }),
  size: z.number().int().min(0).max(BUNDLE_BYTES_MAX),
  sha256,
  /** Whether it may be executed. Everything else about its mode is the host's. */
  executable: z.boolean().default(false),
});

export const manifestSchema = z
  .strictObject({
    contract: z.literal(CONTRACT),
    id: updaterIdSchema,
    version: versionSchema,
    publisher: z
      .string()
      .min(1)
      .max(63)
      .regex(/^[a-z0-9][a-z0-9-]*$/, 'wants a-z, 0-9 and hyphens'),
    /** One line for people. */
    title: line,
    platforms: z
      .array(z.enum(['linux']))
      .min(1)
      .max(8),
    bundle: z.strictObject({
      /** Digest of the tar as it travels. */
      sha256,
      size: z.number().int().min(1).max(BUNDLE_BYTES_MAX),
      files: z.array(fileSchema).min(1).max(FILES_MAX),
    }),
    /** argv, no shell. The first element: a file of the bundle ("./main"), or a runtime's program. */
    entrypoint: z.array(line).min(1).max(32),
    /** `host`: the host's /usr, read-only. `node`: that, and the Node.js that Lull runs on. */
    runtime: z.enum(['host', 'node']),
    actions: z
      .array(
        z.enum(['download', 'install', 'verify', 'rollback', 'uninstall', 'restart_app', 'reboot']),
      )
      .min(1)
      .max(7),
    scope: z.enum(['user-mode', 'driver', 'firmware', 'kernel', 'bios']),
    /** Values that the operator binds when the updater is enabled. */
    settings: z
      .array(z.strictObject({ name, kind: z.enum(['path', 'url', 'text']), why: line }))
      .max(16)
      .default([]),
    /** Directories whose content `Commit` replaces: an absolute path, or "{setting}". */
    install_roots: z
      .array(
        z.strictObject({
          name,
          path: rootPath,
        }),
      )
      .max(16)
      .default([]),
    /** Directories that what changes the machine may write itself; the host records what it does. */
    roots: z
      .array(
        z.strictObject({
          name,
          path: rootPath,
        }),
      )
      .max(8)
      .default([]),
    /** Hosts that tools inside may reach by the proxy: "host", "host:port" or "{setting}". */
    egress: z
      .array(
        z.union([reference, z.string().max(255).regex(hostPattern)], {
          error: 'wants "host" or "host:port" in lower case, without a scheme, or a setting',
        }),
      )
      .max(32)
      .default([]),
    /** URL prefixes that `Fetch` may take from, or "{setting}". */
    fetch: z
      .array(
        z.union([reference, z.string().max(2_048).startsWith('https://')], {
          error: 'wants the beginning of an https:// URL, or a setting',
        }),
      )
      .max(32)
      .default([]),
    critical_max_s: z.number().int().min(0).max(600).default(0),
    limits: z.strictObject({
      memory_mb: z.number().int().min(16).max(16_384),
      processes: z.number().int().min(1).max(4_096),
      disk_mb: z.number().int().min(1).max(1_048_576),
      run_s: z.number().int().min(10).max(86_400).default(1_800),
    }),
    scan: z
      .strictObject({
        /** Hours within which a scan has to succeed, and hours between two attempts. */
        sla_h: z.number().min(1).max(720).default(22),
        floor_h: z.number().min(0).max(168).default(1),
      })
      .prefault({}),
    software: z.array(line).max(64).default([]),
    state_schema: z.number().int().min(1).default(1),
  })
  .superRefine((manifest, issues) => {
    const declared = new Set(manifest.settings.map((setting) => setting.name));
    const used = [
      ...[...manifest.install_roots, ...manifest.roots].map((root) => root.path),
      ...manifest.egress,
      ...manifest.fetch,
    ].filter((value) => settingPattern.test(value));
    for (const value of used) {
      if (!declared.has(value.slice(1, -1))) {
        issues.addIssue({ code: 'custom', message: `${value} names no declared setting` });
      }
    }
    reportTwice(
      manifest.settings.map((s) => s.name),
      'setting',
      issues,
    );
    reportTwice(
      [...manifest.install_roots, ...manifest.roots].map((r) => r.name),
      'root',
      issues,
    );
    // T8: two names that a case-folding file system takes for one.
    reportTwice(
      manifest.bundle.files.map((f) => f.path.toLowerCase()),
      'file',
      issues,
    );
  });

export type Manifest = z.infer<typeof manifestSchema>;
export type Action = Manifest['actions'][number];

export type ParsedManifest =
  | { readonly kind: 'ok'; readonly manifest: Manifest }
  | { readonly kind: 'invalid'; readonly problems: readonly string[] };

/** Reads a manifest and names every problem at once. */
export function parseManifest(bytes: Uint8Array): ParsedManifest {
  if (bytes.byteLength > MANIFEST_BYTES_MAX) {
    return { kind: 'invalid', problems: [`larger than ${String(MANIFEST_BYTES_MAX)} bytes`] };
  }
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    return { kind: 'invalid', problems: [`not JSON: ${(error as Error).message}`] };
  }
  const result = manifestSchema.safeParse(json, { error: inPlainWords });
  if (result.success) return { kind: 'ok', manifest: result.data };
  return {
    kind: 'invalid',
    problems: result.error.issues.flatMap((issue) => wordsOf(issue, json)),
  };
}

function wordsOf(issue: z.core.$ZodIssue, json: unknown): string[] {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${[...path, key].join('.')}: there is no such field`);
  }
  if (path.length === 0) return [issue.message];
  return [`${path.join('.')}: ${isAt(path, json) ? issue.message : 'is missing'}`];
}

function isAt(path: readonly PropertyKey[], json: unknown): boolean {
  const [first, ...more] = path;
  if (first === undefined) return json !== undefined;
  if (typeof json !== 'object' || json === null || !Object.hasOwn(json, first)) return false;
  return isAt(more, (json as Readonly<Record<PropertyKey, unknown>>)[first]);
}

function reportTwice(
  names: readonly string[],
  what: string,
  issues: { addIssue: (issue: { code: 'custom'; message: string }) => void },
): void {
  const seen = new Set<string>();
  for (const each of names) {
    if (seen.has(each)) issues.addIssue({ code: 'custom', message: `${what} "${each}" twice` });
    seen.add(each);
  }
}
