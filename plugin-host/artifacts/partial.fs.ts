// A download that is not whole yet: its bytes, the digests of them, and beside them a note of where
// they came from, so that another attempt, another run or another process goes on from there.
//
// Invariants:
//   P1. The running digests are of exactly the bytes that are in the file or on their way to it, in
//       order: what an earlier process left is hashed again before anything is added.
//   P2. What is here is not visible to anybody: only the store, after the digests matched, makes it so.
//   P3. Bytes are written while the next ones come, PIECE_BYTES at a time and one piece after the
//       other, out of two buffers in turn; a write that fails is told by the next call. The disk takes
//       its share in between, so that the end has little left to wait for.

import { mkdir, open, readFile, rm, statfs, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Closeable } from '../../runtime/shutdown.js';
import { startDigests, type Digests, type RunningDigests } from './digests.js';
import type { ExpectedDigest } from './order.js';
import { spareBytes } from './room.js';

const NOTE_BYTES_MAX = 8_192;
/**
 * So much is in memory, and as much again on its way to the disk. For a larger write the kernel wants memory
 * in larger pieces: where a virtual machine has given its own back, that is ten times as slow.
 */
const PIECE_BYTES = 256 * 1024;
/** Dirty pages beyond this are asked to be written already; what others read waits for less then. */
const SYNC_EVERY_BYTES = 64 * PIECE_BYTES;

/** What makes the next range request safe. */
export interface Origin {
  readonly url: string;
  /** For If-Range. */
  readonly validator: string | undefined;
  /** Whether what is here was sent as a page for people. */
  readonly isPage: boolean;
}

export class PartialFile implements Closeable {
  private running: RunningDigests;
  private haveBytes = 0;
  private readonly notePath: string;
  /** Made when there is something to write. The first one is filled, the other one written. */
  private pieces: [Buffer, Buffer] | undefined;
  private pendingBytes = 0;
  private unsyncedBytes = 0;
  private writing: Promise<void> = Promise.resolve();
  private syncing: Promise<void> | undefined;
  private lost: Error | undefined;
  private closed: Promise<void> | undefined;

  private constructor(
    readonly path: string,
    private readonly file: FileHandle,
    private readonly wanted: readonly ExpectedDigest[],
  ) {
    this.running = startDigests(wanted);
    this.notePath = `${path}.json`;
  }

  /** @param between awaited after each piece of old content, so that a frozen run costs nothing. */
  static async open(
    dir: string,
    name: string,
    wanted: readonly ExpectedDigest[],
    between: () => Promise<unknown>,
  ): Promise<PartialFile> {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const path = join(dir, name);
    const file = await open(path, 'a+', 0o600);
    const partial = new PartialFile(path, file, wanted);
    try {
      await partial.hashAgain(between);
    } catch (error) {
      await file.close();
      throw error;
    }
    return partial;
  }

  get sizeBytes(): number {
    return this.haveBytes;
  }

  /** What downloads may take of the disk that it lies on. */
  async spareBytes(): Promise<number> {
    return spareBytes(await statfs(this.path));
  }

  /** @param bytes are copied: whose they are may use them again. */
  async append(bytes: Uint8Array): Promise<void> {
    this.running.update(bytes);
    this.haveBytes += bytes.byteLength;
    for (let from = 0; from < bytes.byteLength;) {
      const part = bytes.subarray(from, from + PIECE_BYTES - this.pendingBytes);
      this.filling().set(part, this.pendingBytes);
      this.pendingBytes += part.byteLength;
      from += part.byteLength;
      if (this.pendingBytes < PIECE_BYTES) return;
      await this.writing;
      this.writing = this.writePending();
      // Told by whoever waits for it next (P3).
      this.writing.catch(() => undefined);
    }
  }

  /** Throws the content away and begins anew. */
  async restart(): Promise<void> {
    this.pendingBytes = 0;
    await this.writing.catch(() => undefined);
    this.writing = Promise.resolve();
    await rm(this.notePath, { force: true });
    await this.file.truncate(0);
    this.running = startDigests(this.wanted);
    this.haveBytes = 0;
  }

  async origin(): Promise<Origin | undefined> {
    try {
      const text = await readFile(this.notePath, 'utf8');
      return text.length > NOTE_BYTES_MAX ? undefined : readNote(JSON.parse(text));
    } catch {
      // No note, or half a note: the download goes on without a validator, and the digest decides.
      return undefined;
    }
  }

  /** Not synced: without its note a partial file is still of use, see `origin`. */
  async remember(origin: Origin): Promise<void> {
    await writeFile(this.notePath, JSON.stringify(origin), { mode: 0o600 });
  }

  /** The digests of the whole, which is on the disk when this returns. */
  async finish(): Promise<Digests> {
    await this.flush();
    await this.syncing;
    if (this.lost !== undefined) throw this.lost;
    await this.file.sync();
    return this.digestsSoFar();
  }

  digestsSoFar(): Digests {
    return this.running.soFar();
  }

  async discard(): Promise<void> {
    this.pendingBytes = 0;
    await this.close();
    await rm(this.path, { force: true });
    await rm(this.notePath, { force: true });
  }

  /** What came is kept for the next one who wants it. Idempotent. */
  close(): Promise<void> {
    this.closed ??= this.closeNow();
    return this.closed;
  }

  private async closeNow(): Promise<void> {
    try {
      await this.flush();
    } catch {
      // Whoever wrote has heard of it, or does not care: what is here is hashed before it is used.
    } finally {
      await this.syncing;
      await this.file.close();
    }
  }

  private async flush(): Promise<void> {
    await this.writing;
    await this.writePending();
  }

  private filling(): Buffer {
    this.pieces ??= [Buffer.allocUnsafeSlow(PIECE_BYTES), Buffer.allocUnsafeSlow(PIECE_BYTES)];
    return this.pieces[0];
  }

  private async writePending(): Promise<void> {
    const bytes = this.pendingBytes;
    if (bytes === 0) return;
    const piece = this.filling();
    this.pieces?.reverse();
    this.pendingBytes = 0;
    const { bytesWritten } = await this.file.write(piece, 0, bytes);
    // Rare, and then mostly for want of space, which the rest is told of.
    if (bytesWritten < bytes) await this.file.appendFile(piece.subarray(bytesWritten, bytes));
    this.unsyncedBytes += bytes;
    if (this.unsyncedBytes < SYNC_EVERY_BYTES || this.syncing !== undefined) return;
    this.unsyncedBytes = 0;
    this.syncing = this.file.datasync().then(
      () => {
        this.syncing = undefined;
      },
      (error: unknown) => {
        // The kernel tells of a write that failed once: the sync at the end would not hear of it.
        this.lost ??= error as Error;
        this.syncing = undefined;
      },
    );
  }

  /** P1. */
  private async hashAgain(between: () => Promise<unknown>): Promise<void> {
    const buffer = Buffer.allocUnsafe(256 * 1024);
    for (;;) {
      const { bytesRead } = await this.file.read(buffer, 0, buffer.byteLength, this.haveBytes);
      if (bytesRead === 0) return;
      this.running.update(buffer.subarray(0, bytesRead));
      this.haveBytes += bytesRead;
      await between();
    }
  }
}

function readNote(value: unknown): Origin | undefined {
  const { url, validator, isPage } = value as Partial<Record<string, unknown>>;
  if (typeof url !== 'string') return undefined;
  return {
    url,
    validator: typeof validator === 'string' ? validator : undefined,
    isPage: isPage === true,
  };
}
