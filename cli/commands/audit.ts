// lull audit: what an auditor takes away, and holds a journal against.

import { mkdir, open, readFile, readdir, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { escapedText } from '../../conditions/words.js';
import { emptyTree, grown } from '../../orchestrator/journal/tree.js';
import type {
  OperatorServiceClient,
  VerifyAuditResponse,
} from '../../proto/gen/lull/operator/v1/operator.js';
import { unary } from '../../runtime/grpc.js';
import { CALL_MS_MAX, withOperator, type OrchestratorAt } from '../clients.grpc.js';
import {
  contradiction,
  keyIn,
  nothingBefore,
  readNote,
  signersOf,
  walk,
  type Before,
  type ExportedEntry,
  type Note,
} from './export/verify.js';
import { CommandError } from '../failure.js';
import { reportFrom } from '../show/audit-report.js';
import { askAuditVerified } from './ask.js';

const PAGE = 1_000;

export interface Against {
  readonly file: string;
  /** Entries that it is of. */
  readonly entryCount: number;
  /** Keys by which it is signed, of those that were named. */
  readonly signedBy: readonly string[];
  /** Why the journal is not what it was made of. Absent: it is. */
  readonly problem?: string;
}

/** Holds a journal, recomputed here, against checkpoints that somebody kept. */
export async function holdAgainst(
  at: OrchestratorAt,
  entryCount: number,
  files: readonly string[],
  named: readonly string[],
): Promise<readonly Against[]> {
  if (files.length === 0) return [];
  const notes = await Promise.all(
    files.map(async (file) => ({ file, note: noteIn(file, await readText(file)) })),
  );
  const keys = named.map(keyIn);
  const sizes = notes.map(({ note }) => note.size);
  const walked = await withOperator(at, (operator) =>
    walk(nothingBefore, entriesUpTo(operator, entryCount), sizes),
  );
  return notes.map(({ file, note }) => {
    const signedBy = signersOf(note, keys);
    const unsigned =
      keys.length > 0 && signedBy.length === 0 ? 'none of the keys has signed it' : undefined;
    const problem = walked.problem ?? contradiction(note, walked) ?? unsigned;
    const told = { file, entryCount: note.size, signedBy };
    return problem === undefined ? told : { ...told, problem };
  });
}

/** A checkpoint that is signed now. @throws CommandError where the journal does not verify. */
export async function askCheckpoint(at: OrchestratorAt): Promise<VerifyAuditResponse> {
  const answer = await askAuditVerified(at, { sign: true });
  if (!answer.verified) throw new CommandError(`the chain is broken: ${answer.why}`);
  if (answer.checkpoint !== '') return answer;
  throw new CommandError('the orchestrator signs no checkpoints: it is of an older version');
}

export interface Exported {
  readonly directory: string;
  readonly fromSequence: number;
  readonly entryCount: number;
  readonly checkpointKey: string;
}

/** Writes the entries from `from` on with all that it takes to verify them without Lull. */
export async function exportAudit(
  at: OrchestratorAt,
  directory: string,
  from: number,
): Promise<Exported> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const there = await readdir(directory);
  if (there.length > 0) throw new CommandError(`${directory} has something in it: name a new one`);
  const { checkpoint, checkpointKey, entryCount } = await askCheckpoint(at);
  const count = Number(entryCount);
  if (from > count) throw new CommandError(`there is no entry ${String(from)} yet`);
  const put = (name: string, text: string | Uint8Array): Promise<void> =>
    writeFile(join(directory, name), text, { mode: 0o600, flag: 'wx' });
  await mkdir(join(directory, 'evidence'), { mode: 0o700 });
  const file = await open(join(directory, 'entries.jsonl'), 'wx', 0o600);
  try {
    const before = await withOperator(at, (operator) =>
      writeEntries(entriesUpTo(operator, count), from, file, put),
    );
    await put('before.json', `${JSON.stringify(before)}\n`);
  } finally {
    await file.close();
  }
  await put('checkpoint.txt', checkpoint);
  await put('key.txt', `${checkpointKey}\n`);
  await put('verify.mjs', await verifier());
  await put('README.txt', README);
  return { directory, fromSequence: from, entryCount: count - from + 1, checkpointKey };
}

/** The journal in plain words, from entry `from` on. @throws CommandError where it does not verify. */
export async function reportAudit(
  at: OrchestratorAt,
  from: number,
  allFiles: boolean,
): Promise<string> {
  const answer = await askAuditVerified(at);
  if (!answer.verified) throw new CommandError(`the chain is broken: ${answer.why}`);
  const count = Number(answer.entryCount);
  const report = reportFrom(from, allFiles);
  await withOperator(at, async (operator) => {
    for await (const entry of entriesUpTo(operator, count)) report.take(entry);
  });
  return `${report.text()}\n\nEntries ${String(from)} to ${String(count)}; the chain is whole, head ${answer.headSha256}`;
}

/** @returns what comes before them. */
async function writeEntries(
  entries: AsyncIterable<ExportedEntry>,
  from: number,
  file: FileHandle,
  put: (name: string, content: Uint8Array) => Promise<void>,
): Promise<Before> {
  let tree = emptyTree;
  let hash = nothingBefore.hash;
  for await (const entry of entries) {
    if (entry.sequence < from) {
      tree = grown(tree, [entry.hash]);
      ({ hash } = entry);
      continue;
    }
    await file.writeFile(`${escapedText(JSON.stringify(entry))}\n`);
    const { envelope } = JSON.parse(entry.body) as { readonly envelope?: string };
    if (envelope === undefined) continue;
    const name = `evidence/${String(entry.sequence)}.dsse.json`;
    await put(name, Buffer.from(envelope, 'base64'));
  }
  return { sequence: from - 1, hash, subtrees: tree.subtrees.map((root) => root.toString('hex')) };
}

async function* entriesUpTo(
  operator: OperatorServiceClient,
  last: number,
): AsyncGenerator<ExportedEntry> {
  let next = 1n;
  do {
    const request = { fromSequence: next, pageSize: PAGE, runId: '' };
    const call = { deadlineMs: CALL_MS_MAX };
    const page = await unary(operator.listEntries.bind(operator), request, call);
    for (const { sequence, atUnixMs, bodyJson: body, hashSha256: hash } of page.entries) {
      if (Number(sequence) > last) return;
      yield { sequence: Number(sequence), atMs: Number(atUnixMs), body, hash };
    }
    if (page.entries.length === 0) return;
    next = page.nextSequence;
  } while (next !== 0n);
}

function noteIn(file: string, text: string): Note {
  const note = readNote(text);
  if (note !== undefined) return note;
  throw new CommandError(`${file} is no checkpoint: "lull audit checkpoint" writes one`, 2);
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new CommandError(`${file} cannot be read: ${(error as Error).message}`, 2);
  }
}

async function verifier(): Promise<string> {
  const source = await readFile(new URL('./export/verify.js', import.meta.url), 'utf8');
  const plain = source.replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n');
  return `${plain}\nprocess.exitCode = await main(import.meta.dirname, process.argv.slice(2));\n`;
}

const README = `What a journal of Lull says, with what it takes to verify it without Lull: Node.js 20.11 or newer.

  node verify.mjs [--key KEY-OR-FILE] [EARLIER-CHECKPOINT...]

entries.jsonl    one entry a line: "body" is the fact, as it was hashed
before.json      what stands for the entries before the first one here
checkpoint.txt   signed: how many entries the journal had, and the root of their tree (C2SP tlog-checkpoint)
key.txt          what the signature is held against; compare it with the one that you were given before
evidence/        the signed manifests (DSSE) of what was submitted, by number of their entry
`;
