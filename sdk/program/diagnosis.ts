// Whether a program that was asked for its version works: pure judgement of how it ended.
//
// The rule. A program that ends well works. One that ends badly, or not at all, may simply not know
// `--version`, so it is broken only when it could not even start: it was ended by a fault, it or its
// interpreter was not found, it is none for this machine, or Node.js or the shell could not read its code.

export interface Ending {
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** We ended it, because it went on for too long. */
  readonly timedOut: boolean;
  readonly stderr: string;
}

const faults = ['SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGABRT', 'SIGFPE', 'SIGSYS'];
const loadError =
  /(?:ERR_)?MODULE_NOT_FOUND|ERR_(?:PACKAGE_PATH_NOT_EXPORTED|UNSUPPORTED_DIR_IMPORT|REQUIRE_ESM|UNKNOWN_BUILTIN_MODULE|UNKNOWN_FILE_EXTENSION|DLOPEN_FAILED|INVALID_PACKAGE_CONFIG)|^SyntaxError: /m;
/**
 * What the kernel does not know it gives back, and a shell is asked to read it: "x: 1: Syntax error: …" in
 * one of them, "x: line 1: syntax error …" in another.
 */
const shellError = /^.*: (?:line )?\d+: [Ss]yntax error\b.*$/m;
/** The line in which Node.js says what it is. */
const errorLine = /^\w*Error\b.*$/m;

/** What is wrong, or undefined. */
export function problemOf(ending: Ending): string | undefined {
  if (ending.timedOut || ending.exitCode === 0) return undefined;
  if (ending.signal !== null && faults.includes(ending.signal)) return `ended by ${ending.signal}`;
  if (ending.exitCode === 126 || ending.exitCode === 127)
    return 'it, or its interpreter, was not found';
  const misread = shellError.exec(ending.stderr);
  if (misread !== null) return `it is no program (${misread[0]})`;
  const loaded = loadError.exec(ending.stderr);
  return loaded === null ? undefined : (errorLine.exec(ending.stderr)?.[0] ?? loaded[0]);
}

const ELF = Buffer.from([0x7f, 0x45, 0x4c, 0x46]);
const ELF_MACHINE_AT = 18;
/** From a machine to the one whose programs it runs as well: x86-64 those of i386, AArch64 those of ARM. */
const alsoRuns = new Map([
  [62, 3],
  [183, 40],
]);

/**
 * What is wrong with a program by how it begins, or undefined: what a shell would be asked to read, and
 * might make something of.
 * @param own how a program of this machine begins.
 */
export function headProblem(head: Buffer, own: Buffer): string | undefined {
  if (head.byteLength === 0) return 'it is empty';
  const [machine, ours] = [machineOf(head), machineOf(own)];
  if (machine === undefined || ours === undefined || machine === ours) return undefined;
  return alsoRuns.get(ours) === machine ? undefined : 'it is made for another processor';
}

function machineOf(head: Buffer): number | undefined {
  if (head.byteLength < ELF_MACHINE_AT + 2 || !head.subarray(0, 4).equals(ELF)) return undefined;
  // Byte 5 says in which order a number's bytes are.
  return head[5] === 2 ? head.readUInt16BE(ELF_MACHINE_AT) : head.readUInt16LE(ELF_MACHINE_AT);
}
