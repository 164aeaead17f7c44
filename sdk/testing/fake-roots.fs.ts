// Install roots of a host for tests: each a directory, with the tree before beside it.

import { existsSync } from 'node:fs';
import { cp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import type { CommitRequest, Receipt } from '../../proto/gen/lull/host/v1/host.js';
import { hostError } from './host-error.js';

export class FakeRoots {
  private readonly receipts = new Map<string, Receipt>();
  private readonly staged = new Map<string, string>();
  /** One change after the other, as with the plugin-host: a call that was cut may still be at work. */
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly workDir: string,
    private readonly rootsDir: string,
  ) {}

  async commit(request: CommitRequest): Promise<Receipt> {
    const id = `commit ${request.runId} ${request.root}`;
    const before = this.receipts.has(id) ? this.staged.get(id) : undefined;
    if (before !== undefined && before !== request.stagedPath) {
      throw hostError(status.ALREADY_EXISTS, 'ALREADY_COMMITTED', 'another tree was committed');
    }
    this.staged.set(id, request.stagedPath);
    this.receipts.delete(`undo ${request.root}`);
    return this.once(id, request.root, async (path) => {
      await rm(`${path}.next`, { recursive: true, force: true });
      const staged = join(this.workDir, request.stagedPath);
      await requireAmong(staged, request.replacedPaths);
      await keepRest(path, request.replacedPaths);
      await copy(staged, `${path}.next`).catch((error: unknown) => {
        throw hostError(status.INVALID_ARGUMENT, 'FIELD_INVALID', (error as Error).message);
      });
      await rm(`${path}.before`, { recursive: true, force: true });
      if (existsSync(path)) await rename(path, `${path}.before`);
      await rename(`${path}.next`, path);
    });
  }

  async revert(request: { runId: string; root: string }): Promise<Receipt> {
    const undone = this.receipts.get(`undo ${request.root}`);
    if (undone !== undefined) return undone;
    return this.once(`revert ${request.runId} ${request.root}`, request.root, async (path) => {
      if (!existsSync(`${path}.before`)) {
        throw hostError(status.FAILED_PRECONDITION, 'NO_PREVIOUS', 'there is no tree before');
      }
      await rm(path, { recursive: true });
      await rename(`${path}.before`, path);
    });
  }

  /** Puts back whatever was committed, as the host does by itself; a Revert is answered with that. */
  async putBack(): Promise<void> {
    const roots = [...this.receipts.values()].map(({ root }) => root);
    for (const root of new Set(roots)) {
      await this.once(`undo ${root}`, root, async (path) => {
        await rm(path, { recursive: true, force: true });
        if (existsSync(`${path}.before`)) await rename(`${path}.before`, path);
      });
    }
  }

  private once(id: string, root: string, swap: (path: string) => Promise<void>): Promise<Receipt> {
    const mine = this.last.then(() => this.onceNow(id, root, swap));
    this.last = mine.catch(() => undefined);
    return mine;
  }

  private async onceNow(
    id: string,
    root: string,
    swap: (path: string) => Promise<void>,
  ): Promise<Receipt> {
    const first = this.receipts.get(id);
    if (first !== undefined) return first;
    await swap(join(this.rootsDir, root));
    const receipt: Receipt = {
      id,
      root,
      treeBeforeSha256: '',
      treeAfterSha256: '',
      fileCount: 0,
      sizeBytes: 0n,
    };
    this.receipts.set(id, receipt);
    return receipt;
  }
}

/** A tree that is a part holds what it replaces, and the way there. */
async function requireAmong(staged: string, replacedPaths: readonly string[]): Promise<void> {
  if (replacedPaths.length === 0) return;
  const isBelow = (path: string, above: string): boolean => `${path}/`.startsWith(`${above}/`);
  // Where nothing is staged, the copy says so.
  for (const path of existsSync(staged) ? await readdir(staged, { recursive: true }) : []) {
    if (replacedPaths.some((each) => isBelow(path, each) || isBelow(each, path))) continue;
    const words = `${path} is not among replaced_paths`;
    throw hostError(status.INVALID_ARGUMENT, 'FIELD_INVALID', words);
  }
}

/** Beside the root, what stays of it. */
async function keepRest(path: string, replacedPaths: readonly string[]): Promise<void> {
  if (replacedPaths.length === 0 || !existsSync(path)) return;
  await copy(path, `${path}.next`);
  for (const each of replacedPaths) {
    await rm(join(`${path}.next`, each), { recursive: true, force: true });
  }
}

function copy(from: string, to: string): Promise<void> {
  return cp(from, to, { recursive: true, verbatimSymlinks: true });
}
