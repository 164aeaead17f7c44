// lull updaters: what is registered, and bringing new ones.

import { createReadStream } from 'node:fs';
import { status as grpcStatus, type ServiceError } from '@grpc/grpc-js';
import { readLullFile } from '../../bundle/tar.js';
import type { SubmitResponse } from '../../proto/gen/lull/registry/v1/registry.js';
import type { Updater } from '../../proto/gen/lull/registry/v1/registry.js';
import { unary } from '../../runtime/grpc.js';
import { CALL_MS_MAX, withOperator, withRegistry } from '../clients.grpc.js';
import { CommandError } from '../failure.js';

/** A bundle is at most 512 MB; this is for a slow disk. */
const SUBMIT_MS_MAX = 300_000;
const CHUNK_BYTES_MAX = 512 * 1024;

export async function listUpdaters(runDir: string): Promise<Updater[]> {
  return withRegistry(runDir, async (registry) => {
    const { updaters } = await unary(
      registry.listUpdaters.bind(registry),
      {},
      { deadlineMs: CALL_MS_MAX },
    );
    return updaters;
  });
}

/** Submits a `.lull` file. @throws what the registry refused it for. */
export async function submitUpdater(runDir: string, file: string): Promise<Updater> {
  const { envelope, tar } = await readLullFile(createReadStream(file));
  const response = await withRegistry(
    runDir,
    (registry) =>
      new Promise<SubmitResponse>((resolve, reject) => {
        let answered = false;
        const call = registry.submit(
          { deadline: Date.now() + SUBMIT_MS_MAX } as never,
          (error: ServiceError | null, answer: SubmitResponse) => {
            answered = true;
            if (error === null) resolve(answer);
            else reject(error);
          },
        );
        call.on('error', (error: Error) => {
          if (!answered) reject(error);
        });
        const send = async (): Promise<void> => {
          call.write({ part: { $case: 'header', value: { envelope } } });
          for await (const bytes of tar) {
            for (let at = 0; at < bytes.byteLength && !answered; at += CHUNK_BYTES_MAX) {
              const chunk = Buffer.from(bytes.subarray(at, at + CHUNK_BYTES_MAX));
              if (!call.write({ part: { $case: 'chunk', value: chunk } }) && !answered) {
                await new Promise<void>((drained) => {
                  call.once('drain', drained);
                  call.once('close', drained);
                  call.once('error', () => {
                    drained();
                  });
                });
              }
            }
            if (answered) return;
          }
          call.end();
        };
        send().catch((error: unknown) => {
          call.cancel();
          if (!answered) reject(error as Error);
        });
      }),
  );
  if (response.updater === undefined) throw new CommandError('the registry answered nothing');
  return response.updater;
}

export async function enableUpdater(
  runDir: string,
  request: { id: string; settings: ReadonlyMap<string, string>; attestation: string },
): Promise<Updater> {
  const { id, attestation } = request;
  const settings = [...request.settings].map(([name, value]) => ({ name, value }));
  return withOperator(runDir, async (operator) => {
    const message = { id, version: '', settings, attestation };
    const { updater } = await unary(operator.enableUpdater.bind(operator), message, {
      deadlineMs: CALL_MS_MAX,
    });
    return known(updater);
  });
}

export async function suspendUpdater(runDir: string, id: string, why: string): Promise<Updater> {
  return withOperator(runDir, async (operator) => {
    const { updater } = await unary(
      operator.suspendUpdater.bind(operator),
      { id, why },
      { deadlineMs: CALL_MS_MAX },
    );
    return known(updater);
  });
}

export async function withdrawUpdater(runDir: string, id: string): Promise<void> {
  await withRegistry(runDir, (registry) =>
    unary(registry.withdraw.bind(registry), { id }, { deadlineMs: CALL_MS_MAX }),
  );
}

/** "name=value" pairs. */
export function parseSettings(pairs: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    pairs.map((pair): [string, string] => {
      const cut = pair.indexOf('=');
      if (cut < 1) throw new CommandError(`--set wants NAME=VALUE, not "${pair}"`, 2);
      return [pair.slice(0, cut), pair.slice(cut + 1)];
    }),
  );
}

function known(updater: Updater | undefined): Updater {
  if (updater === undefined) throw new CommandError(`no answer (${String(grpcStatus.INTERNAL)})`);
  return updater;
}
