// What a vendor's installer does, for tests: packs files, signs them, submits them by the real API.

import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ServiceError } from '@grpc/grpc-js';
import { packDirectory } from '../../bundle/pack.fs.js';
import type {
  RegistryServiceClient,
  SubmitResponse,
  Updater,
} from '../../proto/gen/lull/registry/v1/registry.js';
import { reasonOf } from '../../runtime/reason.js';
import { envelopeOf, type Vendor } from '../trust/signed-manifest.testing.js';

export interface Submission {
  readonly envelope: Buffer;
  readonly tar: Buffer;
  readonly sha256: string;
}

export async function packed(
  files: Readonly<Record<string, string>>,
  changes: Readonly<Record<string, unknown>>,
  ...vendors: readonly Vendor[]
): Promise<Submission> {
  const directory = await mkdtemp(join(tmpdir(), 'lull-p-'));
  try {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      writeFileSync(join(directory, path), content);
    }
    const { tar, sha256, files: listed } = await packDirectory(directory);
    const bundle = { sha256, size: tar.byteLength, files: listed };
    return { tar, sha256, envelope: envelopeOf({ bundle, ...changes }, ...vendors) };
  } finally {
    await rm(directory, { recursive: true });
  }
}

export type Answer =
  | { readonly kind: 'accepted'; readonly updater: Updater | undefined }
  | {
      readonly kind: 'refused';
      readonly reason: string;
      readonly code: number;
      readonly words: string;
    };

/** Submits the envelope, when there is one, and then the tar in chunks of `chunkBytes`. */
export function submit(
  client: RegistryServiceClient,
  { envelope, tar }: { envelope?: Buffer; tar: Buffer },
  chunkBytes = 1_000,
): Promise<Answer> {
  return new Promise((resolve) => {
    const call = client.submit((error: ServiceError | null, response: SubmitResponse) => {
      if (error === null) resolve({ kind: 'accepted', updater: response.updater });
      else {
        const { code, details: words } = error;
        resolve({ kind: 'refused', reason: reasonOf(error) ?? '', code, words });
      }
    });
    call.on('error', () => undefined); // The callback has it.
    if (envelope !== undefined) call.write({ part: { $case: 'header', value: { envelope } } });
    for (let at = 0; at < tar.byteLength; at += chunkBytes) {
      call.write({ part: { $case: 'chunk', value: tar.subarray(at, at + chunkBytes) } });
    }
    call.end();
  });
}
