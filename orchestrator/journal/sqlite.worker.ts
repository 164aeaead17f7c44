// The thread that owns the journal's file. One append is one transaction and one fsync.

import { parentPort, workerData } from 'node:worker_threads';
import Database from 'libsql';
import { genesis, type Head, type StoredEntry } from './chain.js';
import { READ_BYTES_MAX, type JournalErrorCode } from './journal.js';
import type { JournalAnswer, JournalRequest } from './sqlite.js';

interface Message {
  readonly id: number;
  readonly body: JournalRequest;
}

const port = parentPort;
if (port === null) throw new Error('sqlite.worker is to be started as a worker thread');

/** Rows of one look into the file. */
const STEP = 32;

const { file } = workerData as { file: string };
const db = new Database(file);
db.pragma('journal_mode = WAL');
db.pragma('synchronous = FULL');
db.exec(`CREATE TABLE IF NOT EXISTS entries (
  sequence INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  body TEXT NOT NULL,
  hash TEXT NOT NULL
) STRICT`);

const insert = db.prepare('INSERT INTO entries (sequence, at_ms, body, hash) VALUES (?, ?, ?, ?)');
const select = db.prepare(
  'SELECT sequence, at_ms AS atMs, body, hash FROM entries WHERE sequence >= ? ORDER BY sequence LIMIT ?',
);
const last = db.prepare('SELECT sequence, hash FROM entries ORDER BY sequence DESC LIMIT 1');

port.on('message', ({ id, body }: Message) => {
  port.postMessage({ id, body: serve(body) });
});

function serve(request: JournalRequest): JournalAnswer {
  try {
    switch (request.kind) {
      case 'append':
        store(request.entries);
        return { kind: 'done' };
      case 'read':
        return { kind: 'entries', entries: entriesFrom(request.fromSequence, request.count) };
      case 'head':
        return { kind: 'head', head: headNow() };
      case 'close':
        db.close();
        return { kind: 'done' };
    }
  } catch (error) {
    const { message, code: cause } = error as Error & { code?: string };
    const code = classify(cause ?? '', message);
    return { kind: 'failed', code, message: code === 'SEQUENCE_TAKEN' ? taken() : message };
  }
}

function store(entries: readonly StoredEntry[]): void {
  db.exec('BEGIN IMMEDIATE');
  try {
    for (const { sequence, atMs, body, hash } of entries) insert.run(sequence, atMs, body, hash);
    db.exec('COMMIT');
  } catch (error) {
    // A full disk has ended the transaction already; libsql's own `transaction` would now fail at
    // the rollback and hide why.
    if (db.inTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

/** In small steps: what is read of large ones, and not wanted, is little. */
function entriesFrom(fromSequence: number, count: number): StoredEntry[] {
  const found: StoredEntry[] = [];
  let bytes = 0;
  while (found.length < count && bytes < READ_BYTES_MAX) {
    const from = (found.at(-1)?.sequence ?? fromSequence - 1) + 1;
    const rows = select.all(from, Math.min(STEP, count - found.length)) as StoredEntry[];
    if (rows.length === 0) break;
    for (const row of rows) {
      if (bytes >= READ_BYTES_MAX) break;
      bytes += row.body.length;
      found.push(row);
    }
  }
  return found;
}

function headNow(): Head {
  const found = last.get() as Head | undefined;
  return found === undefined ? genesis : { sequence: found.sequence, hash: found.hash };
}

function taken(): string {
  return `${file} has been written by somebody else, up to entry ${String(headNow().sequence)}`;
}

function classify(code: string, message: string): JournalErrorCode {
  if (code.startsWith('SQLITE_CONSTRAINT')) return 'SEQUENCE_TAKEN';
  if (code === 'SQLITE_FULL' || message.includes('disk is full')) return 'NO_SPACE';
  return 'JOURNAL_BROKEN';
}
